import type { Area } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dropoutGain } from './dropout.ts';
import type { PhaseOptions, Setting } from './phase.ts';

/** An area whose activity is given; tensors (batch, units). */
export interface Clamped {
  readonly activity: Tensor;
  readonly rate: Tensor;
  readonly gain: Tensor | undefined;
}

/**
 * Returns the areas that a phase holds fixed, with their rate, activity and gain: those for which `clamp` gives a rate,
 * (batch, units), and the input at the examples, unless `freeInput` is set. Dropout acts on both.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, clampedAreas, defineRule } from 'apical/rules';
 *
 * // Hebbian association: the inputs and the targets are held, and the synapses between them grow.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'associator',
 *   learn(step) {
 *     const output = step.network.objectives[0]!;
 *     const held = clampedAreas(step, { clamp: (area) => (area === output.area ? step.target(output) : undefined) });
 *     const [pre, post] = [held.get(step.network.input)!.activity, held.get(output.area)!.activity];
 *     step.emit(step.network.projection('input→output'), { kind: 'outer', pre, post, factor: -1 / pre.rows });
 *     step.score(step.run('forward'));
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function clampedAreas(
  setting: Setting,
  { clamp, freeInput = false }: Pick<PhaseOptions, 'clamp'> & { readonly freeInput?: boolean | undefined },
): ReadonlyMap<Area, Clamped> {
  const { compute, network, inputOf } = setting;
  const clamped = new Map<Area, Clamped>();
  for (const area of network.areas) {
    const rate = clamp?.(area) ?? (area.isInput && !freeInput ? inputOf(area) : undefined);
    if (!rate) continue;
    const gain = dropoutGain(setting, area);
    const activity = gain ? compute.temporary(rate.shape) : rate;
    if (gain) compute.multiply(activity, rate, gain);
    clamped.set(area, { activity, rate, gain });
  }
  return clamped;
}
