import { setImmediate } from 'node:timers/promises';
import path from 'node:path';
import { openBackend } from '../backends/open.ts';
import { parseConfig } from '../config/config.ts';
import type { ConfigInput } from '../config/config.ts';
import { identityOf } from '../config/identity.ts';
import { ApicalError } from '../errors.ts';
import { describeEnvironment } from '../runs/folder/environment.ts';
import type { BackendDescription } from '../tensor/compute.ts';
import { renew } from './check.ts';
import type { Claim, Curve, Measurement, Tier } from './claim.ts';
import { codeHash, evaluationHash, runsSources, sourceFolder } from './code-hash.ts';
import { fingerprintTrainings } from './fingerprint.ts';
import type { TrainingFingerprint } from './fingerprint.ts';
import type { ClaimsPlace, ClaimStanding } from './list.ts';
import { claimStandings } from './list.ts';
import type { RegisteredClaim } from './registry.ts';
import { claimById, CLAIMS } from './registry.ts';
import type { ClaimResult } from './result.ts';
import { packageResults, writeResult } from './result.ts';
import { trainForClaim } from './training.ts';
import { evaluateConditions, statusOf } from './verdict.ts';

/** A selection of claims to run: those that meet every given criterion; all claims without a criterion. */
export interface ClaimSelection {
  readonly ids?: readonly string[];
  readonly tier?: Tier;
  /** Only claims never run or with changed code. If the fingerprint is unchanged, the verdict is renewed instead. */
  readonly stale?: boolean;
}

/** An event of one of the chosen claims; `index` counts from 0. */
export type ClaimProgress = {
  readonly claim: Claim;
  readonly index: number;
  readonly total: number;
} & (
  | { readonly kind: 'start' }
  /** The verdict cannot be renewed, since these trainings behave differently than at its time. The claim is run. */
  | { readonly kind: 'changed'; readonly trainings: readonly string[] }
  | { readonly kind: 'progress'; readonly share: number }
  /** The claim was run, or the verdict was renewed for the current code. */
  | { readonly kind: 'done' | 'renewed'; readonly result: ClaimResult }
  | { readonly kind: 'failed'; readonly error: unknown }
);

export interface RunClaimsOptions extends ClaimsPlace {
  /** Folder of the trainings. Default: runs/claims in the working folder. */
  readonly runsFolder?: string;
  readonly onProgress?: (event: ClaimProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ClaimsRun {
  /** Results of the claims run or renewed, in order. Each was stored as soon as it was known. */
  readonly results: readonly ClaimResult[];
  /** Claims that failed to run, for example because a data set is missing. Their stored outcomes are unchanged. */
  readonly failures: readonly { readonly id: string; readonly error: unknown }[];
  /** Whether the signal ended the run before the last claim. */
  readonly interrupted: boolean;
}

/** Returns the claims of a selection. Throws `claim.unknown`, with the nearest id. */
export function selectClaims(selection: ClaimSelection, place: ClaimsPlace = {}): ClaimStanding[] {
  const { claims = CLAIMS } = place;
  const { ids, tier, stale } = selection;
  const named = ids ? [...new Set(ids)].map((id) => claimById(id, claims)) : [...claims];
  return claimStandings({ ...place, claims: named })
    .filter(({ claim }) => tier === undefined || claim.tier === tier)
    .filter(({ status, ...standing }) => {
      return !stale || status === 'not-run' || standing.stale === true || standing.unchecked;
    });
}

/**
 * Runs claims one after the other and stores each outcome in `claims/results/<id>.json` as soon as it is known. With
 * `stale`, a claim whose fingerprint is unchanged is not run; its verdict is renewed. A claim that fails does not stop
 * the others. Throws `claim.unknown` and `claim.results-folder`.
 */
export async function runClaims(
  selection: ClaimSelection,
  options: RunClaimsOptions = {},
): Promise<ClaimsRun> {
  const { onProgress, signal, resultsFolder = packageResults() } = options;
  const chosen = selectClaims(selection, options);
  const results: ClaimResult[] = [];
  const failures: { id: string; error: unknown }[] = [];
  for (const [index, standing] of chosen.entries()) {
    if (signal?.aborted) break;
    const { claim } = standing;
    const at = { claim, index, total: chosen.length };
    onProgress?.({ kind: 'start', ...at });
    let result: ClaimResult | undefined;
    let kind: 'renewed' | 'done' = 'renewed';
    try {
      if (selection.stale && standing.unchecked && standing.result) {
        const renewal = await renew(standing, standing.result, options);
        if ('result' in renewal) result = renewal.result;
        else onProgress?.({ kind: 'changed', ...at, trainings: renewal.changed });
      }
      if (!result) {
        kind = 'done';
        result = await runClaim(standing, {
          ...options,
          onShare: (share) => onProgress?.({ kind: 'progress', ...at, share }),
        });
      }
    } catch (error) {
      if (signal?.aborted) break;
      failures.push({ id: claim.id, error });
      onProgress?.({ kind: 'failed', ...at, error });
      continue;
    }
    writeResult(resultsFolder, result);
    results.push(result);
    onProgress?.({ kind, ...at, result });
  }
  return { results, failures, interrupted: results.length + failures.length < chosen.length };
}

export interface RunClaimOptions extends Pick<RunClaimsOptions, 'signal' | 'source' | 'runsFolder'> {
  readonly onShare?: (share: number) => void;
}

/** Runs one claim and evaluates its conditions; writes nothing. Rejects with the signal's reason if it is aborted. */
export async function runClaim(
  { claim, file }: RegisteredClaim,
  options: RunClaimOptions = {},
): Promise<ClaimResult> {
  const { signal, onShare } = options;
  const source = options.source === undefined ? sourceFolder() : options.source;
  // Hash the sources before the run, since they may be edited meanwhile.
  const sources = { claim, file };
  const isSource = source && runsSources(source, sources);
  const hash = isSource && codeHash(source, sources);
  const evaluation = isSource && evaluationHash(source, file);
  const trainings = claim.trainings ? await fingerprintTrainings(claim, signal) : [];
  const { apical, node, hardware, commit, dirty } = describeEnvironment();
  const start = Date.now();
  const compute = await openBackend({ backend: claim.backend });
  let measurement: Measurement;
  try {
    measurement = await claim.run({
      compute,
      seeds: claim.seeds,
      progress: async (share) => {
        onShare?.(share);
        await setImmediate();
        signal?.throwIfAborted();
      },
      train: async (config, share) => {
        const { runsFolder = path.join('runs', 'claims') } = options;
        return await trainForClaim(config, {
          ...{ compute, folder: path.join(runsFolder, claim.id), claim: claim.id },
          fingerprint: declaredTraining(claim, config, trainings).sha256,
          ...{ signal, share },
        });
      },
    });
  } finally {
    compute.dispose();
  }
  return {
    ...outcome(claim, measurement, compute.backend),
    ...{ apical, node, hardware, commit, dirty },
    date: new Date(start).toISOString(),
    wallSeconds: (Date.now() - start) / 1000,
    codeHash: hash || null,
    fingerprint: evaluation && trainings.length > 0 ? { evaluation, trainings } : null,
    renewed: null,
  };
}

/** Returns the fingerprint of a config that the claim declares. Throws `claim.training` if it does not declare it. */
function declaredTraining(
  claim: Claim,
  config: ConfigInput,
  trainings: readonly TrainingFingerprint[],
): TrainingFingerprint {
  const identity = (input: ConfigInput) =>
    identityOf(parseConfig(input, `a training of claim "${claim.id}"`));
  const wanted = identity(config);
  const declared = claim.trainings?.(claim.seeds) ?? [];
  const found = trainings[declared.findIndex((input) => identity(input) === wanted)];
  if (found) return found;
  throw new ApicalError(
    'claim.training',
    `Claim "${claim.id}" trains ${config.rule ?? 'a rule'} with seed ${config.seed ?? 0} on a config that is not among its trainings. ` +
      `List that config in the claim's "trainings".`,
    { id: claim.id },
  );
}

/** A result without the machine, the time and the code of the run. */
type Outcome = Omit<
  ClaimResult,
  | 'apical'
  | 'node'
  | 'hardware'
  | 'commit'
  | 'dirty'
  | 'date'
  | 'wallSeconds'
  | 'codeHash'
  | 'fingerprint'
  | 'renewed'
>;

function outcome(claim: Claim, measurement: Measurement, backend: BackendDescription): Outcome {
  const conditions = evaluateConditions(claim, measurement);
  const [deciding] = claim.conditions;
  return {
    version: 2,
    kind: 'claim-result',
    id: claim.id,
    status: statusOf(conditions),
    measured: conditions[0]?.measured ?? null,
    expected: deciding.expected,
    unit: deciding.unit,
    conditions,
    perSeed: measurement.perSeed.map(({ seed, values }) => ({ seed, values: finite(values) })),
    details: finite(measurement.details ?? {}),
    ...(measurement.curves ? { curves: measurement.curves.map(asKept) } : {}),
    note: measurement.note ?? null,
    backend: backend.name,
    threads: backend.threads,
  };
}

const asKept = (curve: Curve) => ({
  ...curve,
  points: curve.points.map(([x, y]): [number, number | null] => [x, Number.isFinite(y) ? y : null]),
});

/** Replaces infinity and NaN, which JSON lacks, by null. */
const finite = (values: Readonly<Record<string, number>>): Record<string, number | null> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? value : null]),
  );
