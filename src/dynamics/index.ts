export { feedforward } from './feedforward.ts';
export type { Dynamics, Phase, PhaseOptions, Setting } from './phase.ts';
export { descend } from './step.ts';
export type { LearningStep, SendDown } from './step.ts';
