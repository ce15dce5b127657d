import { feedforward } from './feedforward.ts';
import type { Dynamics } from './phase.ts';

export { feedforward } from './feedforward.ts';
export type { Dynamics, Phase, Setting } from './phase.ts';
export { descend } from './step.ts';
export type { LearningStep, SendDown } from './step.ts';

/** Every kind of dynamics, by id. */
export const DYNAMICS: ReadonlyMap<string, Dynamics> = new Map([[feedforward.id, feedforward]]);
