import { recurrentBackpropagate } from '../../references/recurrent-backpropagation.ts';
import { equilibriumPropagation } from '../../rules/equilibrium-propagation.ts';
import type { Compute } from '../../tensor/compute.ts';
import { compareGradients, LONG, SettledNetwork, twelveUnits } from './settled-network.ts';

/** How the update at this nudge compares with the gradient of the cost at the free fixed point. */
export function compareAt(
  compute: Compute,
  seed: number,
  nudge: number,
  sides: 'one' | 'symmetric',
  everyPair: boolean,
) {
  const options = { ...LONG, nudgedSteps: 4000, nudge, sides };
  const network = new SettledNetwork(compute, equilibriumPropagation, twelveUnits(everyPair), options, seed);
  const compared = compareGradients(network.gradients(), network.gradients(recurrentBackpropagate));
  network.dispose();
  return compared;
}
