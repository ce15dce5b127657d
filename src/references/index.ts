import { feedforward, hopfield, predictiveCoding, stochastic } from '../dynamics/index.ts';
import type { Dynamics } from '../dynamics/index.ts';
import type { LearningStep } from '../dynamics/step.ts';
import { hasDerivative } from '../network/objective.ts';
import type { Network } from '../network/network.ts';
import { backpropagate } from './backpropagation.ts';
import { recurrentBackpropagate } from './recurrent-backpropagation.ts';
import { configurationsOf, enumerate, MOST_CONFIGURATIONS } from './enumeration.ts';

/** Emits, as terms, the exact gradient of the objective under the dynamics. */
export type Reference = (step: LearningStep) => void;

const differentiated = (reference: Reference) => (network: Network) =>
  network.objectives.every(hasDerivative) ? reference : undefined;

/** By the id of the dynamics, since a rule's file may hold another copy of the same dynamics. */
const REFERENCES = new Map<string, (network: Network) => Reference | undefined>([
  [feedforward.id, differentiated(backpropagate)],
  // Without a nudge it is a feedforward pass.
  [predictiveCoding.id, differentiated(backpropagate)],
  [hopfield.id, differentiated(recurrentBackpropagate)],
  [stochastic.id, (network) => (configurationsOf(network) <= MOST_CONFIGURATIONS ? enumerate : undefined)],
]);

/**
 * The exact gradient of a network under these dynamics, or undefined where there is none to be had: too many draws to
 * enumerate, or an objective without a derivative in a deterministic network.
 */
export function referenceFor(dynamics: Dynamics, network: Network): Reference | undefined {
  return REFERENCES.get(dynamics.id)?.(network);
}
