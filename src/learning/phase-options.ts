import type { Dynamics, PhaseOptions } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import { list } from '../list.ts';
import { didYouMean } from '../suggest.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Throws `dynamics.option` for an option that the dynamics do not understand, and `dynamics.inputs` for inputs of another
 * shape than the batch's.
 */
export function checkPhaseOptions(
  { id, accepts }: Dynamics,
  phase: string,
  options: PhaseOptions,
  inputs: Tensor,
): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === 'inputs' || Object.hasOwn(accepts, name)) continue;
    const known = [...Object.keys(accepts), 'inputs'];
    throw new ApicalError(
      'dynamics.option',
      `Phase "${phase}" of the dynamics "${id}" has no option "${name}".${didYouMean(name, known)} It understands ${list(known)}.`,
      { phase, dynamics: id, option: name },
    );
  }
  const given = options.inputs;
  if (!given || (given.rows === inputs.rows && given.columns === inputs.columns)) return;
  throw new ApicalError(
    'dynamics.inputs',
    `Phase "${phase}" presents inputs of shape (${given.shape.join(', ')}), but the batch has (${inputs.shape.join(', ')}). Give one row per example and one column per unit of the input area.`,
    { phase, shape: given.shape, expected: inputs.shape },
  );
}
