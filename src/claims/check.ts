import { ApicalError } from '../errors.ts';
import { describeEnvironment } from '../runs/folder/environment.ts';
import type { Claim } from './claim.ts';
import { codeHash, evaluationHash, runsSources, sourceFolder } from './code-hash.ts';
import { fingerprintTrainings } from './fingerprint.ts';
import type { TrainingFingerprint } from './fingerprint.ts';
import type { ClaimsPlace, ClaimStanding } from './list.ts';
import { claimStandings } from './list.ts';
import type { RegisteredClaim } from './registry.ts';
import { claimById, CLAIMS } from './registry.ts';
import type { ClaimResult } from './result.ts';
import { packageResults, writeResult } from './result.ts';

/**
 * `unchanged`: every training takes the same steps as at the time of the verdict. `changed`: some training does not.
 * `evaluation-changed`: all do, but the claim's own code has changed. `unknown`: no fingerprint is stored.
 */
export type CheckOutcome = 'unchanged' | 'changed' | 'evaluation-changed' | 'unknown';

/** One claim, in the `--json` document of `apical claims check`. */
export interface ClaimCheck {
  readonly id: string;
  readonly outcome: CheckOutcome;
  /** Number of trainings compared. */
  readonly trainings: number;
  /** Number, rule and seed of every training whose steps differ, such as "3 (backprop, seed 0)". */
  readonly changed: readonly string[];
  readonly seconds: number;
}

export interface ClaimChecks {
  readonly checks: readonly ClaimCheck[];
  /** Claims whose fingerprint could not be computed, for example because a data set is missing. */
  readonly failures: readonly { readonly id: string; readonly error: unknown }[];
  /** Whether the signal ended the check before the last claim. */
  readonly interrupted: boolean;
}

export interface CheckClaimsOptions extends ClaimsPlace {
  /** Drops code hash and fingerprint if the latter has changed: the verdict is stale until the claim is run again. */
  readonly markStale?: boolean;
  readonly onStart?: (claim: Claim, index: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Compares the fingerprint of every claim that trains, or of those named, with the one stored beside its verdict. Takes
 * seconds per claim and trains nothing to its end. Throws `claim.unknown`, and `claim.no-trainings` if a named claim
 * does not train.
 */
export async function checkClaims(
  ids: readonly string[] = [],
  options: CheckClaimsOptions = {},
): Promise<ClaimChecks> {
  const { signal, onStart, markStale, resultsFolder = packageResults() } = options;
  const chosen = claimStandings({ ...options, claims: trainingClaims(ids, options.claims) });
  const checks: ClaimCheck[] = [];
  const failures: { id: string; error: unknown }[] = [];
  for (const [index, standing] of chosen.entries()) {
    const { claim, result } = standing;
    if (signal?.aborted) break;
    onStart?.(claim, index, chosen.length);
    try {
      const check = await checkClaim(standing, options);
      if (markStale && result && check.outcome === 'changed') {
        writeResult(resultsFolder, { ...result, codeHash: null, fingerprint: null });
      }
      checks.push(check);
    } catch (error) {
      if (signal?.aborted) break;
      failures.push({ id: claim.id, error });
    }
  }
  return { checks, failures, interrupted: checks.length + failures.length < chosen.length };
}

function trainingClaims(
  ids: readonly string[],
  claims: readonly RegisteredClaim[] = CLAIMS,
): readonly RegisteredClaim[] {
  if (ids.length === 0) return claims.filter(({ claim }) => claim.trainings);
  return [...new Set(ids)].map((id) => {
    const registered = claimById(id, claims);
    if (registered.claim.trainings) return registered;
    throw new ApicalError(
      'claim.no-trainings',
      `The claim "${id}" trains nothing, so it has no fingerprint. Run it: apical claims run ${id}.`,
      { id },
    );
  });
}

async function checkClaim(
  { claim, file, result }: ClaimStanding,
  { source = sourceFolder(), signal }: CheckClaimsOptions,
): Promise<ClaimCheck> {
  const start = Date.now();
  const kept = result?.fingerprint;
  const found = (outcome: CheckOutcome, trainings = 0, changed: readonly string[] = []): ClaimCheck => ({
    ...{ id: claim.id, outcome, trainings, changed },
    seconds: (Date.now() - start) / 1000,
  });
  if (!kept) return found('unknown');
  const now = await fingerprintTrainings(claim, signal);
  const changed = changedTrainings(kept.trainings, now);
  if (changed.length > 0) return found('changed', now.length, changed);
  const isEvaluated = !source || kept.evaluation === evaluationHash(source, file);
  return found(isEvaluated ? 'unchanged' : 'evaluation-changed', now.length);
}

/** The verdict of an unchecked claim, carried over to the current code, or the trainings that prevent this. */
export type Renewal = { readonly result: ClaimResult } | { readonly changed: readonly string[] };

/**
 * Carries a verdict over to the current code if its fingerprint is unchanged. Writes nothing. Rejects with
 * `claim.build` if the running program is not built from the current sources.
 */
export async function renew(
  { claim, file }: RegisteredClaim,
  result: ClaimResult,
  { source = sourceFolder(), signal }: Pick<CheckClaimsOptions, 'source' | 'signal'> = {},
): Promise<Renewal> {
  const sources = { claim, file };
  const hash = source && runsSources(source, sources) ? codeHash(source, sources) : undefined;
  if (hash === undefined) {
    throw new ApicalError(
      'claim.build',
      `The build is older than the sources of claim "${claim.id}", so its fingerprint would be that of other code. Run npm run build first.`,
      { id: claim.id },
    );
  }
  const changed = changedTrainings(
    result.fingerprint?.trainings ?? [],
    await fingerprintTrainings(claim, signal),
  );
  if (changed.length > 0) return { changed };
  const renewed = { date: new Date().toISOString(), commit: describeEnvironment().commit };
  return { result: { ...result, codeHash: hash, renewed: { ...renewed, because: 'fingerprint' } } };
}

/** Returns number, rule and seed of the trainings whose fingerprints differ or that only one of the two lists has. */
function changedTrainings(
  kept: readonly TrainingFingerprint[],
  now: readonly TrainingFingerprint[],
): string[] {
  const count = Math.max(kept.length, now.length);
  return Array.from({ length: count }, (_, index) => [kept[index], now[index]] as const).flatMap(
    ([before, after], index) =>
      before?.sha256 === after?.sha256 ? [] : [`${index + 1} (${(after ?? before)?.training ?? ''})`],
  );
}
