import type { PhaseOptions } from '../../dynamics/phase.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * Returns the option `values` of a phase in which each parameter is moved by sign × jitter. `jitters` are in the order
 * of the parameters and of their shapes; a parameter without one keeps its values. The tensors live until the current
 * scope ends.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, perturbedValues } from 'apical/rules';
 *
 * // Weight perturbation of the synapses onto the output, by the loss on both sides.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'my-perturbation',
 *   learn(step) {
 *     const output = step.network.projection('hidden1→output');
 *     const jitter = step.compute.temporary(output.values.shape);
 *     step.compute.drawNormal(jitter, 0, 1e-3, step.stream('jitter'), step.step);
 *     const lossAt = (sign: number) =>
 *       step.loss(step.run('moved', { values: perturbedValues(step.compute, [output], [jitter], sign) }));
 *     step.emit(output, { kind: 'direction', direction: jitter, factor: (lossAt(1) - lossAt(-1)) / 2e-6 });
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function perturbedValues(
  compute: Compute,
  parameters: readonly Parameter[],
  jitters: readonly Tensor[],
  sign: number,
): NonNullable<PhaseOptions['values']> {
  const moved = new Map<Parameter, Tensor>();
  for (const [index, parameter] of parameters.entries()) {
    const jitter = jitters[index];
    if (!jitter) continue;
    const values = compute.temporary(parameter.values.shape);
    compute.combine(values, parameter.values, jitter, 1, sign);
    moved.set(parameter, values);
  }
  return (parameter) => moved.get(parameter);
}
