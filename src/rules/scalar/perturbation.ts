import type { PhaseOptions } from '../../dynamics/phase.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * Returns the option `values` of a phase in which each parameter is moved by sign × jitter. The tensors live until the
 * current scope ends.
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
