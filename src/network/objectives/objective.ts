import { ApicalError } from '../../errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { unwatched } from '../../tensor/watch.ts';
import type { Area } from '../area.ts';
import { hasDerivative } from './derivative.ts';
import type { Loss, LossArguments } from './loss.ts';

/** How far the error of an objective may travel: no further than the synapses onto its area, or through the network. */
export type Reach = 'layer' | 'network';

/** A loss at an area. An area may have any number of objectives. */
export interface Objective {
  /** Unique in the network. */
  readonly id: string;
  readonly area: Area;
  readonly loss: Loss;
  /** The target: one that the batch holds, by name, or the activity of another area; undefined for none. */
  readonly target: string | Area | undefined;
  /** With `layer`, the error stays at the synapses onto the area and is not sent down. An audit verifies it. */
  readonly reach: Reach;
  /** Whether the objective only helps to train its area, so that the loss of a run excludes it. */
  readonly auxiliary: boolean;
}

/**
 * Returns the objective of an area, for rules that support one an area; undefined if it has none. Throws
 * `objective.several` if it has more.
 *
 * @example
 * ```ts
 * import { Network, objectiveAt, openBackend, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3], activation: 'linear', objective: 'squared-error' });
 * const network = new Network(await openBackend(), specification, 1);
 * objectiveAt(network, network.area('output'))?.loss.name; // 'squared-error'
 * ```
 */
export function objectiveAt(
  { objectives }: { readonly objectives: readonly Objective[] },
  area: Area,
): Objective | undefined {
  const [first, second] = objectives.filter((objective) => objective.area === area);
  if (!second) return first;
  throw new ApicalError(
    'objective.several',
    `Area "${area.id}" has the objectives "${first?.id ?? ''}" and "${second.id}", but this rule supports one an area. Combine them in one loss by defineLoss, or use backprop.`,
    { area: area.id },
  );
}

/** Returns whether an objective has a loss to report. */
export const hasLoss = ({ loss }: Pick<Objective, 'loss'>): boolean =>
  loss.losses !== undefined || loss.errorAndTally !== undefined;

/** Where an objective is scored: the loss's arguments, and the rows that count. */
export interface Scored extends LossArguments {
  /** (rows): 1 where the row counts and 0 elsewhere; undefined if all count. */
  readonly counted: Tensor | undefined;
  /** Class labels (rows) i32, if the target holds them, even where the loss compares values. */
  readonly labels?: Tensor | undefined;
}

/**
 * Computes the output error, one row per example: error ← ∂L/∂output, 0 in rows that do not count. Adds to the tally
 * (4 × f64): [Σ L, wrong answers, rows, ½ Σ target²]; without a tally, nothing is added.
 *
 * Throws `objective.no-derivative` for a loss without a derivative, and `objective.shape` if the error of a user's loss
 * has another shape than the output.
 */
export function errorOf(objective: Objective, scored: Scored, error: Tensor, tally?: Tensor): void {
  const { loss, area } = objective;
  const { compute, output, counted } = scored;
  if (!hasDerivative(objective)) {
    throw new ApicalError(
      'objective.no-derivative',
      `The objective "${loss.name}" of area "${area.id}" has no derivative, which this rule needs. Use a rule that needs ` +
        'only the loss: node-perturbation, weight-perturbation, serial-weight-perturbation or reinforce.',
      { kind: loss.name, area: area.id },
    );
  }
  if (loss.errorAndTally && !counted) {
    loss.errorAndTally(scored, error, tally ?? compute.temporary([4], 'f64'));
    return;
  }
  if (tally) tallyLosses(objective, scored, tally, lossesOf(objective, scored));
  if (loss.errorAndTally) loss.errorAndTally(scored, error, compute.temporary([4], 'f64'));
  else if (loss.error) {
    const own = quietly(output, () => loss.error?.(scored) as Tensor);
    checkShape(objective, 'error', own, output.shape, 'one row per example and one column per unit');
    compute.copy(error, own);
  }
  if (counted) compute.scaleRows(error, error, counted, 1, 0);
}

/**
 * Returns the loss of each row, (rows), 0 in rows that do not count. A black box is called here, on values read back
 * from the backend. Throws `objective.black-box` if it fails, and `objective.shape` if a user's loss returns another
 * shape.
 */
export function lossesOf(objective: Objective, scored: Scored): Tensor {
  const { loss } = objective;
  const { compute, output, counted } = scored;
  const losses = quietly(output, () => loss.losses?.(scored));
  if (!losses) {
    const none = compute.temporary([output.rows]);
    compute.fill(none, 0);
    return none;
  }
  checkShape(objective, 'losses', losses, [output.rows], 'one number per example');
  if (counted) compute.multiply(losses, losses, counted);
  return losses;
}

/** Adds to a tally what `errorOf` adds, from the losses of the rows that count, (rows). Reads sums back. */
export function tallyLosses(objective: Objective, scored: Scored, tally: Tensor, losses: Tensor): void {
  const { compute, output, counted } = scored;
  const { loss } = objective;
  if (loss.errorAndTally && !counted) {
    loss.errorAndTally(scored, compute.temporary(output.shape), tally);
    return;
  }
  const rows = counted ?? ones(scored);
  const sum = (values: Tensor): number => {
    const total = compute.temporary([1], 'f64');
    compute.dot(total, values, rows);
    return unwatched(total.heap, () => total.data[0] as number);
  };
  const sums = [
    sum(losses),
    sum(wrongOf(objective, scored)),
    counted ? sum(counted) : output.rows,
    loss.target === 'values' ? sum(halfPower(scored)) : 0,
  ];
  unwatched(tally.heap, () => {
    const values = tally.data;
    for (const [index, value] of sums.entries()) values[index] = (values[index] as number) + value;
  });
}

/** Runs a user's loss. To an audit, losses are losses and errors errors, however they were computed. */
const quietly = <Result>({ heap }: Tensor, compute: () => Result): Result => unwatched(heap, compute);

/** Returns 1 for each row with a wrong answer, (rows); 0 for losses that do not tell. */
function wrongOf({ loss }: Objective, scored: Scored): Tensor {
  const { compute, output, labels } = scored;
  if (loss.wrong) return loss.wrong(scored);
  const wrong = compute.temporary([output.rows]);
  if (labels) compute.wrongRows(wrong, output, labels);
  else compute.fill(wrong, 0);
  return wrong;
}

/** Returns ½‖target‖² of each row, (rows). */
function halfPower({ compute, output, target }: Scored): Tensor {
  const power = compute.temporary([output.rows]);
  compute.dotRows(power, target as Tensor, target as Tensor);
  compute.scale(power, power, 0.5);
  return power;
}

function ones({ compute, output }: Scored): Tensor {
  const all = compute.temporary([output.rows]);
  compute.fill(all, 1);
  return all;
}

function checkShape(
  { id, loss }: Objective,
  what: 'error' | 'losses',
  { shape }: Tensor,
  expected: readonly number[],
  meaning: string,
): void {
  if (shape.length === expected.length && shape.every((length, axis) => length === expected[axis])) return;
  throw new ApicalError(
    'objective.shape',
    `The loss "${loss.name}" of objective "${id}" returned ${what} of shape (${shape.join(', ')}), but the shape must be (${expected.join(', ')}): ${meaning}.`,
    { objective: id, shape, expected },
  );
}
