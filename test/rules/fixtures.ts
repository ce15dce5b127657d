import { expect } from 'vitest';
import { stack, materialise } from '../../src/network/index.ts';
import type { NetworkSpecification, OptimiserSpecification, StackOptions } from '../../src/network/index.ts';
import type { OptimiserOf } from '../../src/network/optimiser.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { Learner, parseOptions } from '../../src/learning/index.ts';
import type { Batch, Exchange, Rule } from '../../src/learning/index.ts';
import type { LearningStep } from '../../src/dynamics/index.ts';
import type { Compute } from '../../src/tensor/index.ts';

export const UNITS = 6;
export const CLASSES = 3;

/** A small network with two hidden areas: every rule must work on it, with units that its dynamics can run. */
export const smallStack = (change: Partial<StackOptions> = {}, rule?: Rule): NetworkSpecification =>
  stack({
    layers: [UNITS, 9, 7, CLASSES],
    objective: 'cross-entropy',
    ...change,
    activation: rule?.dynamics.activations?.[0] ?? change.activation ?? 'tanh',
  });

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

export interface Setting {
  readonly specification?: NetworkSpecification;
  readonly optimiser?: OptimiserSpecification;
  readonly optimiserOf?: OptimiserOf;
  readonly options?: unknown;
  readonly seed?: number;
  readonly exchange?: Exchange;
}

export function learnerOf(compute: Compute, rule: Rule, setting: Setting = {}): Learner {
  return new Learner(compute, {
    specification: setting.specification ?? smallStack({}, rule),
    rule,
    options: parseOptions(rule, setting.options),
    optimiserOf: setting.optimiserOf ?? (() => setting.optimiser ?? optimiser()),
    seed: setting.seed ?? 1,
    epochs: 10,
    exchange: setting.exchange,
  });
}

/** Batch number `index` of a task that is learnable at a glance: three clouds of points around three corners. */
export function clouds(compute: Compute, index: number, size = 12): Batch {
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

export function release(compute: Compute, { inputs, targets }: Batch): void {
  compute.free(inputs);
  compute.free(targets);
}

/** Trains from update `from` up to `to`, a fresh batch each, and returns the mean loss of every batch. */
export function train(compute: Compute, learner: Learner, from: number, to: number, size = 12): number[] {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const batch = clouds(compute, step, size);
    learner.resetTally();
    learner.learn(batch, step, step / 20);
    losses.push(learner.tally().loss / size);
    release(compute, batch);
  }
  return losses;
}

/** Every number a learner holds, by name. */
export const snapshot = (learner: Learner): Record<string, number[]> =>
  Object.fromEntries([...learner.tensors()].map(([name, tensor]) => [name, tensor.toArray()]));

/** What a rule (or reference) would do with a batch: its gradients by parameter. */
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
      for (const [parameter, its] of terms) {
        const gradient = compute.temporary(parameter.values.shape);
        materialise(compute, parameter, gradient, its);
        gradients.set(parameter.id, gradient.toArray());
      }
    },
    learn,
  );
  return gradients;
}

/** What the rule would do with a batch is the exact gradient of what it learns, synapse by synapse, to within `most`. */
export function expectOwnGradient(compute: Compute, learner: Learner, batch: Batch, most: number): void {
  const estimate = gradientsOf(compute, learner, batch);
  const exact = gradientsOf(compute, learner, batch, learner.reference);
  for (const [id, gradient] of estimate) {
    for (const [index, value] of gradient.entries()) {
      expect(Math.abs(value - (exact.get(id)?.[index] ?? NaN)), `${id}[${index}]`).toBeLessThan(most);
    }
  }
}

/** Leaves NaN in the memory that the next step's temporaries will get: an operand never written shows. */
export function poison(compute: Compute): void {
  compute.scope(() => compute.fill(compute.temporary([20_000]), NaN));
}
