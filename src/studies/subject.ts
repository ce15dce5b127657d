import { ApicalError } from '../errors.ts';
import { stack } from '../network/index.ts';
import type { NetworkSpecification } from '../network/index.ts';
import { Sequence, stream } from '../random/index.ts';
import type { Batch, Learner } from '../learning/index.ts';
import type { ActivationReference, Compute } from '../tensor/index.ts';
import type { Config } from '../config/config.ts';
import type { Examples } from '../training/examples.ts';
import { splitExamples } from '../training/examples.ts';
import { randomBatch } from '../training/random-batch.ts';
import { networkFor } from '../training/of-config/network-of-config.ts';

/** The subject of a study: a network and its batches. */
export interface Subject {
  /** Number of units of each area, such as "784-128-10". */
  readonly name: string;
  readonly specification: NetworkSpecification;
  /** Returns batch `index` of a seed, in temporaries of the scope that the caller has opened. */
  batch(compute: Compute, examples: number, seed: number, index: number): Batch;
  /** Replaces the weights that the seed has drawn. */
  prepare?(learner: Learner): void;
}

/** Returns a stack without biases, initialised as in training, with random inputs and labels (cross-entropy). */
export function randomSubject(layers: readonly number[], activation: ActivationReference): Subject {
  const [inputs, classes] = [layers[0] as number, layers.at(-1) as number];
  return {
    name: layers.join('-'),
    specification: stack({ layers, activation, objective: 'cross-entropy', bias: false }),
    batch: (compute, examples, seed, index) =>
      randomBatch(compute, { inputs, classes, examples, seed, index }),
  };
}

/**
 * Returns the network of a config with batches of its training examples, in an order that the seed determines.
 * Validation examples are not used. Throws `config.…` and `network.…` errors.
 */
export function dataSubject(config: Config, examples: Examples): Subject {
  const specification = networkFor(config, examples);
  const { task } = config;
  if (examples.dataset.time?.kind === 'stream') {
    throw new ApicalError(
      'estimate.data',
      `${examples.dataset.title} is a stream, of which no batch of examples can be drawn. Give data of examples or sequences.`,
    );
  }
  const { train } = splitExamples(examples.train.count, task.validation, task.trainExamples, config.seed);
  const orders = new Map<number, Int32Array>();
  return {
    name: specification.areas
      .map(({ shape }) => shape.reduce((product, length) => product * length, 1))
      .join('-'),
    specification,
    batch(compute, size, seed, index) {
      if (size > train.length) {
        throw new ApicalError(
          'estimate.batch',
          `--batch is ${size}, but ${examples.dataset.title} has ${train.length} training examples here. Choose a batch of at most ${train.length}.`,
        );
      }
      const order = orders.get(seed) ?? train.slice();
      if (!orders.has(seed)) new Sequence(stream(seed, 'estimate examples')).shuffle(order);
      orders.set(seed, order);
      const indices = compute.temporary([size], 'i32');
      indices.set(
        Array.from({ length: size }, (_, row) => order[(index * size + row) % order.length] as number),
      );
      return examples.train.gather(indices);
    },
  };
}

/** Parses "784-128-10" as [784, 128, 10]. Throws `estimate.network`. */
export function parseLayers(text: string): number[] {
  const layers = text.split('-').map((part) => (/^[1-9]\d{0,6}$/.test(part.trim()) ? Number(part) : NaN));
  if (layers.length < 2 || layers.some(Number.isNaN)) {
    throw new ApicalError(
      'estimate.network',
      `--network must list the units of each layer from the input on, such as 784-128-10, but it is "${text}".`,
    );
  }
  return layers;
}

/** The quantities that a sweep can vary, each with its default sizes. */
export const SWEEP_SIZES = {
  width: [8, 32, 128, 512],
  depth: [1, 2, 4, 8, 16],
  outputs: [2, 8, 32, 128],
} as const;
export type Sweep = keyof typeof SWEEP_SIZES;

/**
 * Returns the layers of each network of a sweep: `sizes` are widths of the hidden layers, numbers of hidden layers, or
 * numbers of outputs. Throws `estimate.sweep`.
 */
export function sweepOf(layers: readonly number[], sweep: Sweep, sizes: readonly number[]): number[][] {
  const hidden = layers.slice(1, -1);
  const [first, last] = [layers[0] as number, layers.at(-1) as number];
  if (sweep === 'outputs') return sizes.map((size) => [first, ...hidden, size]);
  if (hidden.length === 0) {
    throw new ApicalError(
      'estimate.sweep',
      `--sweep ${sweep} needs a hidden layer, but the network is ${layers.join('-')}. Add one, such as --network ${layers.join('-32-')}.`,
    );
  }
  return sizes.map((size) =>
    sweep === 'width'
      ? [first, ...hidden.map(() => size), last]
      : [first, ...Array.from({ length: size }, () => hidden[0] as number), last],
  );
}
