export { measureAlignment, pseudoInverseOf } from './alignment.ts';
export type { Alignment, AlignmentOptions, NoAngle } from './alignment.ts';
export { angleFrom, compareDirections } from './angle.ts';
export { audit } from './audit/audit.ts';
export type { Audit, AuditOptions, Cost, LocalityRow } from './audit/audit.ts';
export { describeStored } from './audit/stored.ts';
export type { Stored } from './audit/stored.ts';
export { estimatorStatistics, varianceOverData } from './estimator.ts';
export type { EstimatorStatistics } from './estimator.ts';
export { JACKKNIFE_GROUPS } from './estimator-moments.ts';
export type { Figure } from './estimator-moments.ts';
export { annealedLogNormaliser, logNormaliserOf, meanLogLikelihood } from './likelihood.ts';
export type { AnnealingOptions, LogNormaliser } from './likelihood.ts';
export { costLine } from './nudging-theorem.ts';
export type { CostLine } from './nudging-theorem.ts';
export { ramp, sumOverPairs, spikesOf, TimingWindow } from './spike-timing.ts';
export type { Ramp } from './spike-timing.ts';
export {
  earlyInference,
  energyTraces,
  settlingDynamicsOf,
  startDistances,
  updateCurves,
} from './settling.ts';
export type { EarlyInference, SettlingSubject, StartDistance, Trace, UpdateCurve } from './settling.ts';
export { teachingSignals } from './signals.ts';
export type { Agreement, AreaSignal, Reconstruction, SignalOptions, Signals } from './signals.ts';
