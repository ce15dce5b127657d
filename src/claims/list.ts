import type { Expected, Tier } from './claim.ts';
import { codeHash, evaluationHash, sourceFolder } from './code-hash.ts';
import type { RegisteredClaim } from './registry.ts';
import { CLAIMS } from './registry.ts';
import type { ClaimResult } from './result.ts';
import { packageResults, readResult } from './result.ts';
import type { ClaimStatus } from './verdict.ts';

/** Locations of claims, their outcomes and their sources. The defaults are those of this package. */
export interface ClaimsPlace {
  readonly claims?: readonly RegisteredClaim[];
  readonly resultsFolder?: string;
  /** The folder of the sources; null if there is none. */
  readonly source?: string | null;
}

/** A claim and its verdict, in the `--json` document of `apical claims`. */
export interface ClaimEntry {
  readonly id: string;
  readonly title: string;
  /** docs/systems.md explains the numbers of systems and checks. */
  readonly systems: readonly string[];
  readonly checks: readonly number[];
  readonly source: string;
  readonly statement: string;
  readonly tier: Tier;
  readonly status: ClaimStatus;
  /** The deciding figure; null if the claim was not run or the figure was not finite. */
  readonly measured: number | null;
  readonly expected: Expected;
  readonly unit: string;
  readonly seeds: readonly number[];
  /** The backend of the stored outcome; null if not run. */
  readonly backend: string | null;
  /** Whether the code has changed since; null if unknown (not run, no sources available, or unchecked). */
  readonly stale: boolean | null;
  /**
   * Whether shared code has changed since, so that the verdict holds only if the fingerprint is unchanged.
   * `apical claims check` compares fingerprints; a list does not, since that takes seconds per claim.
   */
  readonly unchecked: boolean;
  /** The latest commit to which the verdict was carried over because its fingerprint was unchanged. */
  readonly renewed: ClaimResult['renewed'];
}

export interface ClaimsDocument {
  readonly version: 1;
  readonly kind: 'claims';
  readonly claims: readonly ClaimEntry[];
}

/** A claim with the stored outcome, as the report needs it. */
export interface ClaimStanding extends RegisteredClaim {
  readonly result: ClaimResult | undefined;
  readonly status: ClaimStatus;
  readonly stale: boolean | null;
  readonly unchecked: boolean;
}

/** Returns every claim with its verdict. Throws `claim.result` if a stored outcome cannot be read. */
export function listClaims(place: ClaimsPlace = {}): ClaimsDocument {
  return { version: 1, kind: 'claims', claims: claimStandings(place).map(entryOf) };
}

/** Returns every claim with the stored outcome, and whether it is stale. Throws `claim.result` as well. */
export function claimStandings(place: ClaimsPlace = {}): ClaimStanding[] {
  const { claims = CLAIMS, resultsFolder = packageResults() } = place;
  const source = place.source === undefined ? sourceFolder() : place.source;
  return claims.map(({ claim, file }) => {
    const result = readResult(resultsFolder, claim.id);
    return {
      ...{ claim, file, result },
      status: result?.status ?? 'not-run',
      ...freshness({ claim, file }, result, source),
    };
  });
}

function freshness(
  { claim, file }: RegisteredClaim,
  result: ClaimResult | undefined,
  source: string | null | undefined,
): Pick<ClaimStanding, 'stale' | 'unchecked'> {
  if (!result || !source) return { stale: null, unchecked: false };
  if (result.codeHash === codeHash(source, { claim, file })) return { stale: false, unchecked: false };
  const { fingerprint } = result;
  if (fingerprint && fingerprint.evaluation === evaluationHash(source, file)) {
    return { stale: null, unchecked: true };
  }
  return { stale: true, unchecked: false };
}

function entryOf({ claim, result, status, stale, unchecked }: ClaimStanding): ClaimEntry {
  const { id, title, systems, checks, source, statement, tier, conditions } = claim;
  const [deciding] = conditions;
  return {
    ...{ id, title, systems, checks, source, statement, tier, status },
    measured: result?.measured ?? null,
    expected: result?.expected ?? deciding.expected,
    unit: result?.unit ?? deciding.unit,
    seeds: result ? result.perSeed.map(({ seed }) => seed) : claim.seeds,
    backend: result?.backend ?? null,
    ...{ stale, unchecked },
    renewed: result?.renewed ?? null,
  };
}
