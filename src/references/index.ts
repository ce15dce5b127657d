import { feedforward, stochastic } from '../dynamics/index.ts';
import type { Dynamics } from '../dynamics/index.ts';
import type { LearningStep } from '../dynamics/step.ts';
import type { Network } from '../network/network.ts';
import { backpropagate } from './backpropagation.ts';
import { configurationsOf, enumerate, MOST_CONFIGURATIONS } from './enumeration.ts';

/** Emits, as terms, the exact gradient of the objective under the dynamics. */
export type Reference = (step: LearningStep) => void;

/** By the id of the dynamics, since a rule's file may hold another copy of the same dynamics. */
const REFERENCES: ReadonlyMap<string, (network: Network) => Reference | undefined> = new Map([
  [feedforward.id, () => backpropagate],
  [
    stochastic.id,
    (network: Network) => (configurationsOf(network) <= MOST_CONFIGURATIONS ? enumerate : undefined),
  ],
]);

/**
 * The exact gradient of a network under these dynamics, or undefined where there is none to be had. It serves
 * every objective, since a step gives an objective's own derivative by `error`, or its losses.
 */
export function referenceFor(dynamics: Dynamics, network: Network): Reference | undefined {
  return REFERENCES.get(dynamics.id)?.(network);
}
