import { Learner, parseOptions } from '../../learning/index.ts';
import type { Batch, TaughtBatch, Exchange, Rule } from '../../learning/index.ts';
import type { LearningStep } from '../../dynamics/index.ts';
import { materialise } from '../../network/terms.ts';
import type { OptimiserOf, OptimiserSpecification } from '../../network/optimiser.ts';
import { stack } from '../../network/specification.ts';
import type { NetworkSpecification, StackOptions } from '../../network/specification.ts';
import { Sequence, stream } from '../../random/index.ts';
import type { Compute } from '../../tensor/compute.ts';

/*
 * The small networks and the small tasks on which rules are checked: examples and, for rules in time, sequences and a
 * stream (tasks.ts).
 */

/** Sizes of the small task: input units and classes. */
export const UNITS = 6;
export const CLASSES = 3;

/** Returns a network with two hidden areas, on which every rule must work; its units suit the rule's dynamics. */
export const smallStack = (change: Partial<StackOptions> = {}, rule?: Rule): NetworkSpecification =>
  stack({
    layers: [UNITS, 9, 7, CLASSES],
    objective: 'cross-entropy',
    ...change,
    activation: rule?.dynamics.activations?.[0] ?? change.activation ?? 'tanh',
  });

/** Returns a graph with a skip connection, two parallel projections, and a context area with a bias and no input. */
export function graphFor(rule: Rule, base = smallStack({}, rule)): NetworkSpecification {
  const activation = base.areas[1]?.activation ?? 'tanh';
  return {
    ...base,
    areas: [...base.areas, { id: 'context', shape: [4], activation, bias: true }],
    projections: [
      ...base.projections,
      { from: 'input', to: 'output' },
      { from: 'context', to: 'hidden2' },
      { id: 'second input', from: 'hidden1', to: 'hidden2' },
    ],
  };
}

/** Returns momentum with a moderate learning rate, overridden by `change`. */
export const optimiser = (change: Partial<OptimiserSpecification> = {}): OptimiserSpecification => ({
  kind: 'momentum',
  rate: 0.05,
  momentum: 0.8,
  meanSquareDecay: 0.99,
  epsilon: 1e-8,
  decay: 0,
  maximumNorm: 0,
  ...change,
});

/** Settings of a learner, all optional. */
export interface LearnerSetting {
  readonly specification?: NetworkSpecification;
  readonly optimiser?: OptimiserSpecification;
  readonly optimiserOf?: OptimiserOf;
  readonly options?: unknown;
  readonly seed?: number;
  readonly exchange?: Exchange;
  /** Number of streams, or of sequences in windows. */
  readonly streams?: number | undefined;
}

/** Returns a setting with dropout, sparse wiring and a falling rate, which test resumed and repeated runs. */
export const noisySetting = (rule: Rule, specification?: NetworkSpecification): LearnerSetting => ({
  specification: specification ?? smallStack(NOISY, rule),
  optimiser: optimiser({ kind: 'adam', rate: { kind: 'cosine', value: 0.02 }, decay: 0.01, maximumNorm: 2 }),
});

/** Dropout and sparse wiring. */
export const NOISY: Partial<StackOptions> = { dropout: 0.3, inputDropout: 0.1, density: 0.7 };

/** Creates a learner with the rule. */
export const learnerOf = (compute: Compute, rule: Rule, setting: LearnerSetting = {}): Learner =>
  new Learner(compute, {
    specification: setting.specification ?? smallStack({}, rule),
    rule,
    options: parseOptions(rule, setting.options),
    optimiserOf: setting.optimiserOf ?? (() => setting.optimiser ?? optimiser()),
    seed: setting.seed ?? 1,
    epochs: 10,
    exchange: setting.exchange,
    streams: setting.streams,
  });

/** Generates batch number `index` of an easy task: three clouds of points around three corners. */
export function clouds(compute: Compute, index: number, size = 12): TaughtBatch {
  const draws = new Sequence(stream(77, 'clouds'), index);
  const inputs = compute.allocate([size, UNITS]);
  const targets = compute.allocate([size], 'i32');
  targets.set(Array.from({ length: size }, (_, example) => example % CLASSES));
  inputs.set(
    Array.from({ length: inputs.size }, (_, i) => {
      const unit = i % UNITS;
      const label = Math.floor(i / UNITS) % CLASSES;
      return Math.fround((unit % CLASSES === label ? 1 : -0.5) + 0.3 * draws.normal());
    }),
  );
  return { inputs, targets };
}

/** Frees a batch. */
export function release(compute: Compute, { inputs, targets, time }: Batch): void {
  for (const tensor of [inputs, targets, time?.present, time?.due]) if (tensor) compute.free(tensor);
}

/** Makes batch number `index` of a task, from rest or as it goes on from the batch before. */
export type BatchOf = (compute: Compute, index: number, size?: number) => TaughtBatch;

/** Trains from update `from` up to `to` with a fresh batch each, and returns the mean loss of each batch, if any. */
export function train(
  compute: Compute,
  learner: Learner,
  from: number,
  to: number,
  size = 12,
  batchOf: BatchOf = clouds,
): number[] {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const batch = batchOf(compute, step, size);
    learner.resetTally();
    learner.learn(batch, step, step / 20);
    const { loss, examples } = learner.tally();
    // Rules that repeat examples tally every copy.
    if (examples > 0) losses.push(loss / (batch.time?.count ?? batch.inputs.rows));
    release(compute, batch);
  }
  return losses;
}

/** Returns every number that a learner holds, by name. */
export const snapshot = (learner: Learner): Record<string, number[]> =>
  Object.fromEntries([...learner.tensors()].map(([name, tensor]) => [name, tensor.toArray()]));

/** Returns the gradient that a rule, or a reference, estimates from a batch, by parameter. */
export function gradientsOf(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  learn?: (step: LearningStep) => void,
): Map<string, number[]> {
  const gradients = new Map<string, number[]>();
  learner.estimate(
    batch,
    0,
    (terms) => {
      for (const [parameter, emitted] of terms) {
        const gradient = compute.temporary(parameter.values.shape);
        materialise(compute, parameter, gradient, emitted);
        gradients.set(parameter.id, gradient.toArray());
      }
    },
    learn,
  );
  return gradients;
}

/** Fills the memory of the next step's temporaries with NaN, which exposes reads before writes. */
export function poison(compute: Compute): void {
  compute.scope(() => compute.fill(compute.temporary([20_000]), NaN));
}
