export { feedforward } from './feedforward.ts';
export type { Dynamics, Phase, PhaseOptions, Setting } from './phase.ts';
export { descend, emitIncoming } from './step.ts';
export type { LearningStep, Sample, SendDown } from './step.ts';
export { isStochastic, stochastic } from './stochastic.ts';
