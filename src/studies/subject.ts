import { ApicalError } from '../errors.ts';
import { stack } from '../network/index.ts';
import type { NetworkSpecification } from '../network/index.ts';
import { Sequence, stream } from '../random/index.ts';
import type { Batch, Learner } from '../learning/index.ts';
import type { Activation, Compute } from '../tensor/index.ts';
import type { Config } from '../config/config.ts';
import type { Examples } from '../training/examples.ts';
import { splitExamples } from '../training/examples.ts';
import { randomBatch } from '../training/random-batch.ts';
import { networkFor } from '../training/network-of-config.ts';

/** What an estimate looks at: a network, and the batches that it is given. */
export interface Subject {
  /** Units of each area, "784-128-10". */
  readonly name: string;
  readonly specification: NetworkSpecification;
  /** Batch number `index` of a seed, in temporaries of the scope that the caller has opened. */
  batch(compute: Compute, examples: number, seed: number, index: number): Batch;
  /** Puts other weights in the place of those that the seed has drawn. */
  prepare?(learner: Learner): void;
}

/** A stack without thresholds, initialised as in training; random inputs and random labels (cross-entropy). */
export function randomSubject(layers: readonly number[], activation: Activation): Subject {
  const [inputs, classes] = [layers[0] as number, layers.at(-1) as number];
  return {
    name: layers.join('-'),
    specification: stack({ layers, activation, objective: 'cross-entropy', bias: false }),
    batch: (compute, examples, seed, index) =>
      randomBatch(compute, { inputs, classes, examples, seed, index }),
  };
}

/**
 * The network of a config, and batches of its training examples in an order that the seed decides; what the config
 * holds out for validation is not touched. Throws `config.…` and `network.…` errors.
 */
export function dataSubject(config: Config, examples: Examples): Subject {
  const specification = networkFor(config, examples);
  const { task } = config;
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
          `--batch is ${size}, but ${examples.dataset.title} leaves ${train.length} training examples: choose a batch of at most ${train.length}.`,
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

/** "784-128-10" → [784, 128, 10]. Throws `estimate.network`. */
export function parseLayers(text: string): number[] {
  const layers = text.split('-').map((part) => (/^[1-9]\d{0,6}$/.test(part.trim()) ? Number(part) : NaN));
  if (layers.length < 2 || layers.some(Number.isNaN)) {
    throw new ApicalError(
      'estimate.network',
      `--network takes the units of each layer, the input first, such as 784-128-10, but it is "${text}".`,
    );
  }
  return layers;
}

/** What a sweep varies, and its sizes unless others are asked for. */
export const SWEEP_SIZES = {
  width: [8, 32, 128, 512],
  depth: [1, 2, 4, 8, 16],
  outputs: [2, 8, 32, 128],
} as const;
export type Sweep = keyof typeof SWEEP_SIZES;

/** The networks of a sweep: hidden layers of each of these widths, or so many, or outputs. Throws `estimate.sweep`. */
export function sweepOf(layers: readonly number[], sweep: Sweep, sizes: readonly number[]): number[][] {
  const hidden = layers.slice(1, -1);
  const [first, last] = [layers[0] as number, layers.at(-1) as number];
  if (sweep === 'outputs') return sizes.map((size) => [first, ...hidden, size]);
  if (hidden.length === 0) {
    throw new ApicalError(
      'estimate.sweep',
      `--sweep ${sweep} needs a network with a hidden layer, but it is ${layers.join('-')}.`,
    );
  }
  return sizes.map((size) =>
    sweep === 'width'
      ? [first, ...hidden.map(() => size), last]
      : [first, ...Array.from({ length: size }, () => hidden[0] as number), last],
  );
}
