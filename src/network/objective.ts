import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Area } from './area.ts';
import type { BlackBox, ObjectiveKind } from './specification.ts';

/** An area and what it is trained towards. */
export interface Objective {
  readonly area: Area;
  readonly kind: ObjectiveKind;
  readonly loss?: BlackBox | undefined;
  /** It trains its area, but is no part of what the network is for: a run's loss does not count it. */
  readonly auxiliary: boolean;
}

/** Whether `errorOf` has an error to give. */
export const hasDerivative = ({ kind }: Objective): boolean =>
  kind === 'cross-entropy' || kind === 'squared-error';

/**
 * error ← ∂L/∂output, one row an example; tally (4 × f64) += [Σ L, wrong answers, examples, ½ Σ target²].
 * Throws `objective.no-derivative` where there is none.
 */
export function errorOf(
  compute: Compute,
  { kind, area }: Objective,
  error: Tensor,
  tally: Tensor,
  output: Tensor,
  targets: Tensor,
): void {
  if (kind === 'cross-entropy') compute.softmaxCrossEntropy(error, tally, output, targets);
  else if (kind === 'squared-error') {
    compute.squaredError(error, tally, output, asValues(compute, targets, output.columns));
  } else {
    throw new ApicalError(
      'objective.no-derivative',
      `The objective "${kind}" of area "${area.id}" has no derivative, and this rule needs one. Rules that work ` +
        'from the loss alone do not: node-perturbation, weight-perturbation, serial-weight-perturbation, reinforce.',
      { kind, area: area.id },
    );
  }
}

/**
 * losses(batch) ← loss of every example. A black box is called here: the one place where values are read back. `nameOf`
 * says how the example of a row is called. Throws `objective.black-box` where it gives no number.
 */
export function lossesOf(
  compute: Compute,
  objective: Objective,
  losses: Tensor,
  output: Tensor,
  targets: Tensor,
  nameOf: (row: number) => string = (row) => `example ${row} of the batch`,
): void {
  switch (objective.kind) {
    case 'cross-entropy':
      compute.crossEntropyRows(losses, output, targets);
      return;
    case 'squared-error': {
      const difference = compute.temporary(output.shape);
      compute.subtract(difference, output, asValues(compute, targets, output.columns));
      compute.dotRows(losses, difference, difference);
      compute.scale(losses, losses, 0.5);
      return;
    }
    case 'zero-one':
      compute.wrongRows(losses, output, targets);
      return;
    case 'black-box':
      losses.set(blackBoxLosses(objective, output, targets, nameOf));
  }
}

/**
 * Adds to a tally what `errorOf` would, for objectives without a derivative too: those have their losses read back.
 * `losses` (batch) is what `lossesOf` gave.
 */
export function tallyObjective(
  compute: Compute,
  objective: Objective,
  tally: Tensor,
  losses: Tensor,
  output: Tensor,
  targets: Tensor,
): void {
  if (hasDerivative(objective)) {
    errorOf(compute, objective, compute.temporary(output.shape), tally, output, targets);
    return;
  }
  const sum = (tensor: Tensor) => tensor.toArray().reduce((total, value) => total + value, 0);
  let wrong = 0;
  if (targets.type === 'i32') {
    const rows = compute.temporary([output.rows]);
    compute.wrongRows(rows, output, targets);
    wrong = sum(rows);
  }
  const values = tally.data;
  for (const [index, value] of [sum(losses), wrong, output.rows].entries()) {
    values[index] = (values[index] as number) + value;
  }
}

function blackBoxLosses(
  { loss, area }: Objective,
  output: Tensor,
  targets: Tensor,
  nameOf: (row: number) => string,
): number[] {
  const outputs = output.data;
  const all = targets.data;
  const width = targets.type === 'i32' ? 0 : targets.columns;
  return Array.from({ length: output.rows }, (_, row) => {
    const answer = outputs.subarray(row * output.columns, (row + 1) * output.columns);
    const target = width === 0 ? (all[row] as number) : all.subarray(row * width, (row + 1) * width);
    const fail = (what: string, cause?: unknown): never => {
      throw new ApicalError(
        'objective.black-box',
        `The black-box objective of area "${area.id}" ${what} for ${nameOf(row)}: it must return a finite number.`,
        { area: area.id, example: nameOf(row) },
        cause,
      );
    };
    let value: unknown;
    try {
      value = loss?.(answer, target);
    } catch (error) {
      fail(`threw "${error instanceof Error ? error.message : String(error)}"`, error);
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) return fail(`returned ${spoken(value)}`);
    return value;
  });
}

/** What a user's function returned, in words. */
function spoken(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `the text "${value}"`;
  if (value === undefined) return 'nothing';
  if (value instanceof Promise) return 'a promise';
  return typeof value === 'boolean' ? String(value) : `a value of type ${typeof value}`;
}

/** Target values; class labels become one-hot rows. */
export function asValues(compute: Compute, targets: Tensor, units: number): Tensor {
  if (targets.type !== 'i32') return targets;
  const values = compute.temporary([targets.size, units]);
  compute.oneHot(values, targets);
  return values;
}
