import type { Area } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { PhaseOptions, Setting } from './phase.ts';

/**
 * f( Σ over forward projections of what their sources send · W + drive + threshold ), (batch, units): a new
 * temporary. `activity` is by area index, filled for every area before this one.
 */
export function receivedRate(
  { compute, network, inputs, copies }: Setting,
  area: Area,
  activity: readonly Tensor[],
  { values, drive }: PhaseOptions,
): Tensor {
  const rate = compute.temporary([inputs.rows, area.units]);
  let received = 0;
  for (const projection of area.incoming) {
    if (projection.kind !== 'forward') continue;
    const weights = values?.(projection) ?? projection.weights;
    const presynaptic = activity[projection.from.index] as Tensor;
    if (projection.from === network.input && received === 0 && copies > 1) {
      // Copies of an example send alike: one product serves them all.
      const own = inputs.rows / copies;
      const first = rate.rowRange(0, own);
      projection.send(compute, first, presynaptic.rowRange(0, own), 0, weights);
      for (let copy = 1; copy < copies; copy++) compute.copy(rate.rowRange(copy * own, own), first);
    } else {
      projection.send(compute, rate, presynaptic, received === 0 ? 0 : 1, weights);
    }
    received += 1;
  }
  if (received === 0) compute.fill(rate, 0);
  const push = drive?.(area);
  if (push) compute.combine(rate, rate, push, 1, 1);
  compute.activate(rate, rate, area.bias && (values?.(area.bias) ?? area.bias.values), area.activation);
  return rate;
}
