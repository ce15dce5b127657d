import type { Kernels } from './kernels.ts';
import { mismatch, requireAlike, requireType } from './shapes.ts';
import type { Specifications } from './specification.ts';
import type { Tensor } from './tensor.ts';

/**
 * Objectives: errors, losses and decisions of a batch, one example per row. A call adds to a tally of four f64:
 * [Σ loss, wrong examples, examples, Σ power of the target]. Labels (batch) are i32, from 0 to classes − 1.
 */
export interface ObjectiveOperations {
  /** Computes the softmax of every row: out(r, c) ← exp(logits(r, c)) / Σ_k exp(logits(r, k)). */
  softmax(out: Tensor, logits: Tensor): void;
  /**
   * Computes the error of softmax with cross-entropy: error ← softmax(logits) − onehot(labels), and
   * tally += [Σ cross-entropy in nats, wrong, examples, 0]. error and logits are (batch, classes).
   * An example is wrong unless the logit of its label is strictly the largest, so NaN is wrong.
   */
  softmaxCrossEntropy(error: Tensor, tally: Tensor, logits: Tensor, labels: Tensor): void;
  /**
   * Computes the error of half the squared error: error ← output − target, and
   * tally += [½ Σ error², wrong, examples, ½ Σ target²]. error, output and target have one size.
   * An example is wrong unless its largest output is where its largest target is.
   */
  squaredError(error: Tensor, tally: Tensor, output: Tensor, target: Tensor): void;
  /** Computes the cross-entropy of each example in nats: out(batch) ← −ln softmax(logits) at the label. */
  crossEntropyRows(out: Tensor, logits: Tensor, labels: Tensor): void;
  /** Marks wrong examples: out(batch) ← 0 where the output at the label is strictly the largest, else 1. */
  wrongRows(out: Tensor, output: Tensor, labels: Tensor): void;
  /**
   * Samples a class for each row, one-hot: out(batch, classes) ← 1 at the first class whose cumulative probability
   * exceeds uniform(batch), else 0.
   */
  choose(out: Tensor, probabilities: Tensor, uniform: Tensor): void;
}

export const OBJECTIVE_OPERATIONS: Specifications<ObjectiveOperations> = {
  softmax: { roles: ['out', 'in'] },
  softmaxCrossEntropy: { roles: ['out', 'inout', 'in', 'in'] },
  squaredError: { roles: ['out', 'inout', 'in', 'in'] },
  crossEntropyRows: { roles: ['out', 'in', 'in'] },
  wrongRows: { roles: ['out', 'in', 'in'] },
  choose: { roles: ['out', 'in', 'in'] },
};

/** The same operations with shapes and element types checked, on a backend's kernels. */
export class CheckedObjectives implements ObjectiveOperations {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  softmax(out: Tensor, logits: Tensor): void {
    requireAlike('softmax', out, logits);
    this.#kernels.softmax(out.offset, logits.offset, out.rows, out.columns);
  }

  softmaxCrossEntropy(error: Tensor, tally: Tensor, logits: Tensor, labels: Tensor): void {
    requireAlike('softmaxCrossEntropy', error, logits);
    requireType('softmaxCrossEntropy', 'labels', labels, 'i32');
    requireType('softmaxCrossEntropy', 'tally', tally, 'f64');
    if (labels.size !== logits.rows) {
      mismatch('softmaxCrossEntropy', 'logits(batch, classes), labels(batch)', logits, labels);
    }
    this.#kernels.softmaxCrossEntropy(
      error.offset,
      tally.offset,
      logits.offset,
      labels.offset,
      logits.rows,
      logits.columns,
    );
  }

  squaredError(error: Tensor, tally: Tensor, output: Tensor, target: Tensor): void {
    requireAlike('squaredError', error, output, target);
    requireType('squaredError', 'tally', tally, 'f64');
    this.#kernels.squaredError(
      error.offset,
      tally.offset,
      output.offset,
      target.offset,
      output.rows,
      output.columns,
    );
  }

  crossEntropyRows(out: Tensor, logits: Tensor, labels: Tensor): void {
    perLabelledRow('crossEntropyRows', 'logits', out, logits, labels);
    this.#kernels.crossEntropyRows(out.offset, logits.offset, labels.offset, logits.rows, logits.columns);
  }

  wrongRows(out: Tensor, output: Tensor, labels: Tensor): void {
    perLabelledRow('wrongRows', 'output', out, output, labels);
    this.#kernels.wrongRows(out.offset, output.offset, labels.offset, output.rows, output.columns);
  }

  choose(out: Tensor, probabilities: Tensor, uniform: Tensor): void {
    requireAlike('choose', out, probabilities);
    if (uniform.size !== out.rows) {
      const expected = 'out(batch, classes), probabilities(batch, classes), uniform(batch)';
      mismatch('choose', expected, out, probabilities, uniform);
    }
    this.#kernels.choose(out.offset, probabilities.offset, uniform.offset, out.rows, out.columns);
  }
}

function perLabelledRow(operation: string, name: string, out: Tensor, values: Tensor, labels: Tensor): void {
  requireType(operation, 'labels', labels, 'i32');
  if (out.size !== values.rows || labels.size !== values.rows) {
    mismatch(operation, `out(batch), ${name}(batch, classes), labels(batch)`, out, values, labels);
  }
}
