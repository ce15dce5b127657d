export { TIERS } from './claim.ts';
export type {
  Claim,
  ClaimContext,
  Condition,
  Expected,
  Measurement,
  Provenance,
  SeedValues,
  Tier,
} from './claim.ts';
export { evaluateConditions, liesWithin, statusOf, STATUSES } from './verdict.ts';
export type { ClaimStatus, EvaluatedCondition } from './verdict.ts';
export { claimById, CLAIMS } from './registry.ts';
export type { RegisteredClaim } from './registry.ts';
export { checkClaims } from './check.ts';
export type { CheckClaimsOptions, CheckOutcome, ClaimCheck, ClaimChecks } from './check.ts';
export { claimStandings, listClaims } from './list.ts';
export type { ClaimEntry, ClaimsDocument, ClaimsPlace, ClaimStanding } from './list.ts';
export { runClaim, runClaims, selectClaims } from './runner.ts';
export type { ClaimProgress, ClaimSelection, ClaimsRun, RunClaimsOptions } from './runner.ts';
export { packageResults, readResult, writeResult } from './result.ts';
export type { ClaimResult } from './result.ts';
export { renderClaimsReport, writeClaimsReport } from './report.ts';
export type { ClaimsReport } from './report.ts';
export { checkBibliography } from './bibliography.ts';
