import type { Tensor } from '../../tensor/tensor.ts';
import type { Loss, LossArguments } from './loss.ts';

/** −ln softmax(output) at the label, in nats. The error is softmax(output) − onehot(label). */
export const crossEntropy: Loss = {
  name: 'cross-entropy',
  target: 'labels',
  losses({ compute, output, target }) {
    const losses = compute.temporary([output.rows]);
    compute.crossEntropyRows(losses, output, target as Tensor);
    return losses;
  },
  error: errorOf,
  errorAndTally: ({ compute, output, target }, error, tally) =>
    compute.softmaxCrossEntropy(error, tally, output, target as Tensor),
};

/** ½‖output − target‖². The error is output − target. */
export const squaredError: Loss = {
  name: 'squared-error',
  target: 'values',
  losses({ compute, output, target }) {
    const difference = compute.temporary(output.shape);
    const losses = compute.temporary([output.rows]);
    compute.subtract(difference, output, target as Tensor);
    compute.dotRows(losses, difference, difference);
    compute.scale(losses, losses, 0.5);
    return losses;
  },
  error: errorOf,
  errorAndTally: ({ compute, output, target }, error, tally) =>
    compute.squaredError(error, tally, output, target as Tensor),
};

/** 1 for a wrong and 0 for a correct answer. It has no derivative. */
export const zeroOne: Loss = {
  name: 'zero-one',
  target: 'labels',
  losses: ({ compute, output, target }) => {
    const losses = compute.temporary([output.rows]);
    compute.wrongRows(losses, output, target as Tensor);
    return losses;
  },
};

/** The losses that a config names. */
export const LOSSES = {
  'cross-entropy': crossEntropy,
  'squared-error': squaredError,
  'zero-one': zeroOne,
} as const;

/** The name of a built-in loss. */
export type LossName = keyof typeof LOSSES;

function errorOf(this: Loss, given: LossArguments): Tensor {
  const { compute, output } = given;
  const error = compute.temporary(output.shape);
  this.errorAndTally?.(given, error, compute.temporary([4], 'f64'));
  return error;
}
