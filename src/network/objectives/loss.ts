import { ApicalError } from '../../errors.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** What a loss is computed from. Temporaries of `compute` live until the step ends. */
export interface LossArguments {
  readonly compute: Compute;
  /** Activity of the area, (rows, units): one example a row. */
  readonly output: Tensor;
  /**
   * Target of each row: class labels (rows) as i32, or values (rows, units); undefined for a loss that compares the
   * output with nothing.
   */
  readonly target: Tensor | undefined;
  /** Number of views of each example in the rows: row v · (rows / views) + e is view v of example e. Usually 1. */
  readonly views: number;
  /** Id of the area, for messages. */
  readonly area: string;
  /** Names the example of a row, for messages. */
  nameOf(row: number): string;
}

/**
 * A loss on the activity of an area over a batch, as an object. The loss of a row may depend on all rows, as contrastive
 * losses do.
 */
export interface Loss {
  /** Lower case with hyphens. */
  readonly name: string;
  /**
   * What the output is compared with.
   * - `labels`: class labels;
   * - `values`: one value for each unit; class labels become one-hot rows;
   * - `any`: whatever the batch holds;
   * - `none`: nothing.
   */
  readonly target: 'labels' | 'values' | 'any' | 'none';
  /** Returns the loss L of each row, (rows). Without it, the objective has no loss to report. */
  losses?(given: LossArguments): Tensor;
  /** Returns ∂ Σ L / ∂ output, (rows, units), the sum over all rows. Without it, the loss has no derivative. */
  error?(given: LossArguments): Tensor;
  /** Returns 1 for each row with a wrong answer and 0 for the others, (rows). Default: by the class labels, if any. */
  wrong?(given: LossArguments): Tensor;
  /**
   * Writes the error, and adds [Σ L, wrong answers, rows, ½ Σ target²] to a tally of four f64, in one pass. For losses
   * with a fused operation.
   */
  errorAndTally?(given: LossArguments, error: Tensor, tally: Tensor): void;
}

/** Computes the loss of one example, a finite number, from the output and the class label or target values. */
export type BlackBox = (output: ArrayLike<number>, target: number | ArrayLike<number>) => number;

/**
 * Returns the loss as it is, checked. Throws `objective.loss` if a part of it is missing or of another type.
 *
 * @example
 * ```ts
 * import { defineLoss, stack } from 'apical/rules';
 *
 * // ‖y − d‖₁, whose derivative is sign(y − d).
 * const absoluteError = defineLoss({
 *   name: 'absolute-error',
 *   target: 'values',
 *   losses({ compute, output, target }) {
 *     const [difference, losses] = [compute.temporary(output.shape), compute.temporary([output.rows])];
 *     compute.subtract(difference, output, target!);
 *     compute.abs(difference, difference);
 *     compute.sumColumns(losses, difference);
 *     return losses;
 *   },
 *   error({ compute, output, target }) {
 *     const [difference, error] = [compute.temporary(output.shape), compute.temporary(output.shape)];
 *     compute.subtract(difference, output, target!);
 *     compute.fill(error, 1);
 *     compute.multiplyBySign(error, error, difference);
 *     return error;
 *   },
 * });
 * stack({ layers: [8, 5, 3], activation: 'tanh', objective: absoluteError });
 * ```
 */
export function defineLoss(loss: Loss): Loss {
  const given: unknown = loss;
  const fail = (problem: string): never => {
    throw new ApicalError(
      'objective.loss',
      `A loss ${problem}. Use defineLoss({ name, target, losses, error }).`,
    );
  };
  if (typeof given !== 'object' || given === null) return fail('must be an object');
  if (typeof loss.name !== 'string' || loss.name === '')
    return fail('needs a name, such as "absolute-error"');
  if (!TARGETS.includes(loss.target)) {
    return fail(
      `"${loss.name}" has the target ${JSON.stringify(loss.target)}, but it must be ${TARGETS.join(', ')}`,
    );
  }
  for (const part of ['losses', 'error', 'wrong', 'errorAndTally'] as const) {
    const hook: unknown = loss[part];
    if (hook !== undefined && typeof hook !== 'function') {
      return fail(`"${loss.name}" has a "${part}" that is no function`);
    }
  }
  return loss;
}

const TARGETS: readonly Loss['target'][] = ['labels', 'values', 'any', 'none'];
