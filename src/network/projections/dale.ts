import { Sequence, stream } from '../../random/stream.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/*
 * Dale's law: all outgoing synapses of a unit are excitatory, or all are inhibitory. A projection under the law has a sign
 * for each presynaptic unit, and weights that an update moves across 0 are set to 0.
 */

/**
 * Draws signs(presynaptic): +1 for the share `excitatory` of the units of an area and −1 for the others. The seed and the
 * id of the area determine one order of the units for all outgoing projections, so a unit has the same sign in all.
 */
export function drawSigns(signs: Tensor, excitatory: number, seed: number, area: string): void {
  const order = Int32Array.from({ length: signs.size }, (_, unit) => unit);
  new Sequence(stream(seed, `signs ${area}`)).shuffle(order);
  const count = Math.round(excitatory * signs.size);
  const values = new Float64Array(signs.size).fill(-1);
  for (const unit of order.subarray(0, count)) values[unit] = 1;
  signs.set(values);
}

/**
 * Gives initial weights(presynaptic, postsynaptic) the signs of their units and balances them. With a share q of
 * excitatory units, inhibitory weights are q/(1−q) times as large as excitatory ones, so that units with equal activity
 * cancel on average (Song, Yang & Wang 2016). `scaleOutgoing` multiplies the weights by a number of their presynaptic unit. Excitatory weights are √((1−q)/q) times as large as drawn, which keeps the
 * mean square.
 */
export function applySigns(
  compute: Compute,
  weights: Tensor,
  signs: Tensor,
  scaleOutgoing: (sizes: Tensor) => void,
): void {
  const q = signs.toArray().filter((sign) => sign > 0).length / signs.size;
  const isMixed = q > 0 && q < 1;
  const excitatory = isMixed ? Math.sqrt((1 - q) / q) : 1;
  const inhibitory = isMixed ? Math.sqrt(q / (1 - q)) : 1;
  compute.scope(() => {
    const sizes = compute.temporary(signs.shape);
    sizes.set(Array.from(signs.data, (sign) => (sign > 0 ? excitatory : -inhibitory)));
    compute.multiplyBySign(weights, weights, weights);
    scaleOutgoing(sizes);
  });
}

/** Sets weights to 0 whose sign differs from that of their presynaptic unit; `scaleBySigns` multiplies them by it. */
export function enforceSigns(compute: Compute, weights: Tensor, scaleBySigns: () => void): void {
  scaleBySigns();
  compute.activate(weights, weights, undefined, 'relu');
  scaleBySigns();
}
