import { Learner } from '../../learning/learner.ts';
import { parseOptions } from '../../learning/rule.ts';
import { stack } from '../../network/specification.ts';
import { Sequence, stream } from '../../random/index.ts';
import { backpropagation } from '../../rules/exact/backpropagation.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Features } from './activity.ts';
import type { Model } from './model.ts';

/** Examples per update. */
const BATCH = 100;

/** Settings of `fitSoftmax`. */
export interface SoftmaxOptions {
  /** Number of classes. */
  readonly outputs: number;
  readonly epochs: number;
  /** Learning rate at the start; it falls to 0 along a cosine. */
  readonly rate: number;
  /** λ: weight decay. */
  readonly regularisation: number;
  readonly seed: number;
}

/** Fits softmax regression by Adam, whose steps do not depend on the scale of features: a network of one layer under backpropagation. */
export function fitSoftmax(
  compute: Compute,
  { features, targets }: Features,
  options: SoftmaxOptions,
): Model {
  const { outputs, epochs, rate, regularisation, seed } = options;
  const learner = new Learner(compute, {
    specification: stack({
      layers: [features.columns, outputs],
      activation: 'linear',
      objective: 'cross-entropy',
      initialisation: { kind: 'zero' },
    }),
    rule: backpropagation,
    options: parseOptions(backpropagation, {}),
    optimiserOf: ({ role }) => ({
      kind: 'adam',
      rate: { kind: 'cosine', value: rate, end: 0 },
      momentum: 0.9,
      meanSquareDecay: 0.999,
      epsilon: 1e-8,
      decay: role === 'bias' ? 0 : regularisation,
      maximumNorm: 0,
    }),
    seed,
    epochs,
  });
  const order = new Int32Array(features.rows);
  const stepsPerEpoch = Math.ceil(order.length / BATCH);
  const labels = Int32Array.from(targets.data);
  for (let step = 0; step < epochs * stepsPerEpoch; step++) {
    const [epoch, of] = [Math.floor(step / stepsPerEpoch), step % stepsPerEpoch];
    if (of === 0) {
      for (let index = 0; index < order.length; index++) order[index] = index;
      new Sequence(stream(seed, 'readout order'), epoch).shuffle(order);
    }
    const chosen = order.subarray(of * BATCH, (of + 1) * BATCH);
    compute.scope(() => {
      const indices = compute.temporary([chosen.length], 'i32').set(chosen);
      const inputs = compute.temporary([chosen.length, features.columns]);
      compute.gatherRows(inputs, features, indices, 1);
      const wanted = compute.temporary([chosen.length], 'i32');
      wanted.set(chosen.map((index) => labels[index] as number));
      learner.learn({ inputs, targets: wanted }, step, step / stepsPerEpoch);
    });
  }
  return {
    tally(given: Tensor, wanted: Tensor, tally: Tensor) {
      learner.resetTally();
      learner.evaluate({ inputs: given, targets: wanted });
      const { loss, wrong, examples } = learner.tally();
      const sums = tally.data;
      for (const [index, value] of [loss, wrong, examples].entries()) {
        sums[index] = (sums[index] as number) + value;
      }
    },
    dispose: () => learner.dispose(),
  };
}
