import { feedforward } from '../dynamics/index.ts';
import type { Dynamics } from '../dynamics/index.ts';
import type { LearningStep } from '../dynamics/step.ts';
import { backpropagate } from './backpropagation.ts';

/** Emits, as terms, the exact gradient of the objective under the dynamics. */
export type Reference = (step: LearningStep) => void;

/** By the id of the dynamics: a rule's file may hold another copy of the same dynamics. */
const REFERENCES: ReadonlyMap<string, Reference> = new Map([[feedforward.id, backpropagate]]);

/**
 * The exact gradient under these dynamics, or undefined where there is none to be had. It serves every
 * objective, since a step gives an objective's own derivative by `error`.
 */
export function referenceFor(dynamics: Dynamics): Reference | undefined {
  return REFERENCES.get(dynamics.id);
}
