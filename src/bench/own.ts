/** The works of Apical: a matrix product, a training step, the products of that step alone, and a probe. */
import { measureAlignment } from '../analysis/alignment.ts';
import { convolutionalStack } from '../network/convolutional-stack.ts';
import { stack } from '../network/specification.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import { ruleById } from '../rules/index.ts';
import { Learner } from '../learning/learner.ts';
import { parseOptions } from '../learning/rule.ts';
import type { Compute } from '../tensor/compute.ts';
import { sizeOf } from '../tensor/tensor.ts';
import { ExampleSet } from '../training/examples.ts';
import type { LenetWork, MatmulWork, MlpWork } from './peers.ts';
import type { Way } from './rounds.ts';

const LEARNING_RATE = 0.01;

/** Returns element i of the pseudo-random numbers in [0, 1) that every peer uses too (bench/peers/protocol.mjs). */
export const fraction = (i: number): number => (Math.imul(i, 2654435761) >>> 0) / 2 ** 32;

/** Returns a matrix product. */
export function product(compute: Compute, work: MatmulWork): Way {
  const { m, k, n, transposeA, transposeB } = work;
  const a = compute.allocate(transposeA ? [k, m] : [m, k]);
  const b = compute.allocate(transposeB ? [n, k] : [k, n]);
  const out = compute.allocate([m, n]);
  for (const { data } of [a, b]) for (let i = 0; i < data.length; i++) data[i] = fraction(i) - 0.5;
  return { step: () => compute.matmul(out, a, b, { transposeA, transposeB }) };
}

/** The network of `LenetWork`. */
export const LENET: NetworkSpecification = convolutionalStack({
  input: [1, 28, 28],
  convolutions: [
    { channels: 6, kernel: 5, padding: 2, pool: 2 },
    { channels: 16, kernel: 5, pool: 2 },
  ],
  hidden: [120, 84],
  outputs: 10,
  activation: 'relu',
  objective: 'cross-entropy',
});

/** Returns the multiply–accumulates of a LeNet step, counted as in `stepProducts`. */
export function lenetProducts({ batch }: LenetWork): number {
  const first = 25 * 6 * 28 ** 2;
  const all = first + 150 * 16 * 10 ** 2 + 400 * 120 + 120 * 84 + 84 * 10;
  return batch * (3 * all - first);
}

const stackOf = ({ layers, dropout, inputDropout }: MlpWork): NetworkSpecification =>
  stack({ layers, activation: 'relu', objective: 'cross-entropy', dropout, inputDropout });

/** Returns the multiply–accumulates of a training step: forward pass, backward pass (not to the inputs) and update. */
export function stepProducts({ layers, batch }: Pick<MlpWork, 'layers' | 'batch'>): number {
  const synapses = layers.slice(1).map((units, i) => units * (layers[i] as number));
  const all = synapses.reduce((sum, size) => sum + size, 0);
  return batch * (3 * all - (synapses[0] ?? 0));
}

/**
 * The training step of a run: gather a batch from bytes, learn, and check that the loss is finite. The inputs are the
 * numbers of the peers rounded to bytes. They are dense, so that no tool profits from zero pixels.
 */
export class TrainingStep implements Way {
  readonly #compute: Compute;
  readonly #examples: ExampleSet;
  readonly #indices;
  readonly #saved;
  readonly #learner: Learner;
  #count = 0;

  constructor(compute: Compute, work: MlpWork | LenetWork) {
    const { batch, momentum } = work;
    const specification = work.kind === 'lenet-step' ? LENET : stackOf(work);
    const inputs = sizeOf(specification.areas[0]?.shape ?? []);
    const rule = ruleById(work.kind === 'lenet-step' ? 'backprop' : work.rule);
    this.#compute = compute;
    this.#learner = new Learner(compute, {
      specification,
      rule,
      options: parseOptions(rule, work.kind === 'lenet-step' ? {} : work.ruleOptions),
      optimiserOf: () => ({
        kind: 'momentum',
        rate: LEARNING_RATE,
        momentum,
        meanSquareDecay: 0.99,
        epsilon: 1e-8,
        decay: 0,
        maximumNorm: 0,
      }),
      seed: 1,
      epochs: 1,
    });
    const classes = sizeOf(specification.areas.at(-1)?.shape ?? []);
    const split = {
      count: batch,
      inputs: Uint8Array.from({ length: batch * inputs }, (_, i) => 256 * fraction(i)),
      targets: Uint8Array.from({ length: batch }, (_, i) => i % classes),
    };
    this.#examples = new ExampleSet(compute, split, {
      task: 'classification',
      inputShape: [inputs],
      inputScale: 1 / 255,
      targetSize: classes,
    });
    this.#indices = compute.allocate([batch], 'i32').set(Array.from({ length: batch }, (_, i) => i));
    this.#saved = [...this.#learner.tensors().values()].map((tensor) => ({
      tensor,
      values: tensor.data.slice(),
    }));
  }

  reset(): void {
    for (const { tensor, values } of this.#saved) tensor.data.set(values);
  }

  step(): void {
    this.#compute.scope(() => {
      this.#learner.learn(this.#examples.gather(this.#indices), this.#count, 0);
    });
    this.#count += 1;
    if (!Number.isFinite(this.#learner.tally().loss)) throw new Error('The loss is not a finite number.');
  }

  /** Takes the probe of a run, on the batch of this step. */
  probe(): void {
    this.#compute.scope(() => {
      const batch = this.#examples.gather(this.#indices);
      measureAlignment(this.#compute, this.#learner, batch, this.#count);
    });
  }
}

/** Returns only the matrix products of a step of backpropagation, in their order, on separate tensors. */
export function productsOfStep(compute: Compute, { layers, batch, momentum }: MlpWork): Way {
  const random = (shape: readonly number[], scale: number) => {
    const tensor = compute.allocate(shape);
    const { data } = tensor;
    for (let i = 0; i < data.length; i++) data[i] = scale * (fraction(i) - 0.5);
    return tensor;
  };
  const activities = layers.map((units) => random([batch, units], 1));
  const errors = layers.map((units) => random([batch, units], 0.01));
  const stages = layers.slice(1).map((units, i) => ({
    before: i,
    weights: random([layers[i] as number, units], 0.05),
    velocity: random([layers[i] as number, units], 0.01),
  }));
  type Tensors = (typeof activities)[number];
  return {
    step() {
      for (const { before, weights } of stages) {
        compute.matmul(activities[before + 1] as Tensors, activities[before] as Tensors, weights);
      }
      for (const { before, weights } of stages.toReversed()) {
        if (before === 0) continue;
        compute.matmul(errors[before] as Tensors, errors[before + 1] as Tensors, weights, {
          transposeB: true,
        });
      }
      for (const { before, velocity } of stages) {
        compute.matmul(velocity, activities[before] as Tensors, errors[before + 1] as Tensors, {
          transposeA: true,
          alpha: -LEARNING_RATE / batch,
          beta: momentum,
        });
      }
    },
  };
}
