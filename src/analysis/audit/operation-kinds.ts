import type { Operations } from '../../tensor/operations.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Lineage } from './lineage.ts';

/** Operations that send a signal (second argument) through weights (third argument). */
export const SENDS: ReadonlySet<keyof Operations> = new Set([
  'matmul',
  'matmulChannels',
  'sparseMatmul',
  'eventMatmul',
]);

/** Operations that compute changed weights from weights. */
export const MOVES: ReadonlySet<keyof Operations> = new Set([
  'add',
  'addScaled',
  'combine',
  'copy',
  'multiply',
  'scale',
  'subtract',
]);

/** Operations whose inputs meet in sums, not in products. */
export const SUMS: ReadonlySet<string> = new Set([
  'activate',
  'add',
  'addColumn',
  'addRow',
  'addScaled',
  'combine',
  'fire',
  'relax',
  'scatterRows',
  'squaredError',
  'subtract',
  'sweep',
]);

/** Operations that leave one number per row. */
const ONE_NUMBER_AN_EXAMPLE: ReadonlySet<keyof Operations> = new Set(['dotRows', 'sumColumns', 'maxColumns']);

export const isWritten = (role: string | undefined) => role === 'out' || role === 'inout';

/** Returns the lineage of an output that may be a single number, or one for each example, computed from many. */
export function reduced(
  name: keyof Operations,
  inputs: readonly Tensor[],
  output: Tensor,
  lineage: Lineage,
): Lineage {
  const isOne = output.size === 1 && inputs.some(({ size }) => size > 1);
  const isOneAnExample = !isOne && ONE_NUMBER_AN_EXAMPLE.has(name);
  if (!isOne && !isOneAnExample) return lineage;
  const number = `one number ${isOne ? '' : 'an example '}from ${[...lineage.sources].join(', ')}`;
  const scalars = new Set([...lineage.scalars, number]);
  return isOne ? { ...lineage, scalars } : { ...lineage, scalars, error: false, target: false };
}
