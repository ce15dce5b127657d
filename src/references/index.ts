import {
  feedforward,
  hopfield,
  hopfieldRelaxation,
  predictiveCoding,
  ratesRelaxation,
  settlingRates,
  stochastic,
  vectorField,
  vectorFieldRelaxation,
} from '../dynamics/index.ts';
import type { Dynamics, Relaxation } from '../dynamics/index.ts';
import type { LearningStep } from '../dynamics/step.ts';
import { hasDerivative } from '../network/objective.ts';
import type { Network } from '../network/network.ts';
import { backpropagate } from '../dynamics/feedforward/backpropagation.ts';
export { backpropagateThroughTime } from '../dynamics/settling/backpropagation-through-time.ts';
export { Linearisation } from '../dynamics/settling/linearisation.ts';
import { recurrentBackpropagateBy } from '../dynamics/settling/recurrent-backpropagation.ts';
import { configurationsOf, enumerate, MOST_CONFIGURATIONS } from '../dynamics/stochastic/enumeration.ts';

/** Emits, as terms, the exact gradient of the objective under the dynamics. */
export type Reference = (step: LearningStep) => void;

const RELAXATIONS: ReadonlyMap<string, Relaxation> = new Map([
  [hopfield.id, hopfieldRelaxation],
  [vectorField.id, vectorFieldRelaxation],
  [settlingRates.id, ratesRelaxation],
]);

/** By the id of the dynamics, since a rule's file may hold another copy of the same dynamics. */
const REFERENCES = new Map<string, (network: Network) => Reference | undefined>([
  [feedforward.id, whereDerivable(backpropagate)],
  // Without a nudge it is a feedforward pass.
  [predictiveCoding.id, whereDerivable(backpropagate)],
  ...[...RELAXATIONS].map(
    ([id, relaxation]) => [id, whereDerivable(recurrentBackpropagateBy(relaxation))] as const,
  ),
  [stochastic.id, (network) => (configurationsOf(network) <= MOST_CONFIGURATIONS ? enumerate : undefined)],
]);

/**
 * The exact gradient of a network under these dynamics, or undefined where there is none to be had: too many draws to
 * enumerate, or an objective without a derivative in a deterministic network.
 */
export function referenceFor(dynamics: Dynamics, network: Network): Reference | undefined {
  return REFERENCES.get(dynamics.id)?.(network);
}

/** What tells dynamics that settle from others, by the id of the dynamics; undefined for those that do not settle. */
export function relaxationOf({ id }: Dynamics): Relaxation | undefined {
  return RELAXATIONS.get(id);
}

function whereDerivable(reference: Reference): (network: Network) => Reference | undefined {
  return (network) => (network.objectives.every(hasDerivative) ? reference : undefined);
}
