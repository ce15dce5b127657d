import type { PhaseOptions } from '../../dynamics/phase.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** For a phase: every parameter moved by sign × its jitter. The numbers live in the current scope. */
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
