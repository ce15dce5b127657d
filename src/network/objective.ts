import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unwatched } from '../tensor/watch.ts';
import type { Area } from './area.ts';
import { hasDerivative } from './derivative.ts';
import type { BlackBox, ObjectiveKind } from './specification.ts';

/** An area with its training objective. */
export interface Objective {
  readonly area: Area;
  readonly kind: ObjectiveKind;
  /** The loss of one example, for a black box. */
  readonly loss?: BlackBox | undefined;
  /** Whether the objective only helps to train its area, so that the loss of a run excludes it. */
  readonly auxiliary: boolean;
}

/**
 * Computes the output error, one row per example: error ← ∂L/∂output. Adds to the tally (4 × f64): [Σ L, wrong answers,
 * examples, ½ Σ target²]. Throws `objective.no-derivative` for an objective without a derivative.
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
      `The objective "${kind}" of area "${area.id}" has no derivative, which this rule needs. Use a rule that needs ` +
        'only the loss: node-perturbation, weight-perturbation, serial-weight-perturbation or reinforce.',
      { kind, area: area.id },
    );
  }
}

/**
 * Computes the loss per example: losses(batch). A black box is called here, on values read back from the backend;
 * `nameOf` names the example of a row in messages. Throws `objective.black-box` if it fails or returns no finite number.
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
      // To an audit, losses are losses, however they were computed.
      unwatched(losses.heap, () => losses.set(blackBoxLosses(objective, output, targets, nameOf)));
  }
}

/**
 * Adds to a tally what `errorOf` adds, also for objectives without a derivative. These read back `losses` (batch), the
 * result of `lossesOf`.
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
  const sum = (tensor: Tensor) =>
    unwatched(tensor.heap, () => tensor.toArray()).reduce((total, value) => total + value, 0);
  let wrong = 0;
  if (targets.type === 'i32') {
    const rows = compute.temporary([output.rows]);
    compute.wrongRows(rows, output, targets);
    wrong = sum(rows);
  }
  const values = unwatched(tally.heap, () => tally.data);
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
    const outputRow = outputs.subarray(row * output.columns, (row + 1) * output.columns);
    const target = width === 0 ? (all[row] as number) : all.subarray(row * width, (row + 1) * width);
    const fail = (event: string, cause?: unknown): never => {
      throw new ApicalError(
        'objective.black-box',
        `The black-box objective of area "${area.id}" ${event} for ${nameOf(row)}: it must return a finite number.`,
        { area: area.id, example: nameOf(row) },
        cause,
      );
    };
    let value: unknown;
    try {
      value = loss?.(outputRow, target);
    } catch (error) {
      fail(`threw "${error instanceof Error ? error.message : String(error)}"`, error);
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) return fail(`returned ${describeValue(value)}`);
    return value;
  });
}

/** Describes the return value of a user's function in words. */
function describeValue(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `the text "${value}"`;
  if (value === undefined) return 'nothing';
  if (value instanceof Promise) return 'a promise';
  return typeof value === 'boolean' ? String(value) : `a value of type ${typeof value}`;
}

/** Returns target values (batch, units); class labels become one-hot rows. */
export function asValues(compute: Compute, targets: Tensor, units: number): Tensor {
  if (targets.type !== 'i32') return targets;
  const values = compute.temporary([targets.size, units]);
  compute.oneHot(values, targets);
  return values;
}
