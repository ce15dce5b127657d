import { ApicalError } from '../../errors.ts';
import type { BlackBox, Loss } from './loss.ts';

/**
 * Returns a user's function of output and target as a loss without a derivative. It is called on values read back from
 * the backend. The loss throws `objective.black-box` if the function throws or returns no finite number.
 *
 * @example
 * ```ts
 * import { blackBox, stack } from 'apical/rules';
 *
 * // The loss counts how far the largest output is from the label.
 * const distance = blackBox((output, target) => Math.abs(Array.from(output).indexOf(Math.max(...Array.from(output))) - Number(target)));
 * stack({ layers: [8, 5, 3], activation: 'tanh', objective: distance });
 * ```
 */
export const blackBox = (loss: BlackBox): Loss => ({
  name: 'black-box',
  target: 'any',
  losses({ compute, output, target, area, nameOf }) {
    const outputs = output.data;
    const all = target?.data ?? new Float64Array(0);
    const width = !target || target.type === 'i32' ? 0 : target.columns;
    const losses = Array.from({ length: output.rows }, (_, row) => {
      const outputRow = outputs.subarray(row * output.columns, (row + 1) * output.columns);
      const expected = width === 0 ? (all[row] as number) : all.subarray(row * width, (row + 1) * width);
      return checkedLoss(loss, outputRow, expected, area, () => nameOf(row));
    });
    return compute.temporary([output.rows]).set(losses);
  },
});

function checkedLoss(
  loss: BlackBox,
  output: ArrayLike<number>,
  target: number | ArrayLike<number>,
  area: string,
  nameOf: () => string,
): number {
  const fail = (event: string, cause?: unknown): never => {
    throw new ApicalError(
      'objective.black-box',
      `The black-box objective of area "${area}" ${event} for ${nameOf()}: it must return a finite number.`,
      { area, example: nameOf() },
      cause,
    );
  };
  let value: unknown;
  try {
    value = loss(output, target);
  } catch (error) {
    fail(`threw "${error instanceof Error ? error.message : String(error)}"`, error);
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return fail(`returned ${describe(value)}`);
  return value;
}

/** Describes the return value of a user's function in words. */
function describe(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `the text "${value}"`;
  if (value === undefined) return 'nothing';
  if (value instanceof Promise) return 'a promise';
  return typeof value === 'boolean' ? String(value) : `a value of type ${typeof value}`;
}
