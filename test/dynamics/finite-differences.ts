import { expect } from 'vitest';
import { feedforward } from '../../src/dynamics/index.ts';
import type { Dynamics } from '../../src/dynamics/index.ts';
import { materialise } from '../../src/network/index.ts';
import type { NetworkSpecification, Parameter, Term } from '../../src/network/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { backpropagate } from '../../src/dynamics/feedforward/feedforward.ts';
import type { Reference } from '../../src/dynamics/step.ts';
import { defineRule, Learner, noOptions } from '../../src/learning/index.ts';
import type { Batch } from '../../src/learning/index.ts';
import type { Compute } from '../../src/tensor/index.ts';

const BATCH = 4;
export const CLASSES = 3;

/** Makes a batch of temporaries from random numbers. */
export type BatchOf = (compute: Compute, learner: Learner, draws: Sequence) => Batch;

/** An exact gradient: the dynamics, and the reference that computes it; the batch, if it is not one of clouds of points. */
export interface Exact {
  readonly dynamics: Dynamics<object>;
  readonly reference: Reference;
  readonly batchOf?: BatchOf;
  /** Half the width of a central difference of fourth order, for smooth losses. Default: one of second order. */
  readonly smooth?: number;
  /** Largest error relative to the norm of the gradient. Default 1e-6. */
  readonly most?: number;
}
const BACKPROPAGATION: Exact = { dynamics: feedforward, reference: backpropagate };

/** Compares the reference's gradient with a central difference of the loss that the learner itself tallies. */
export class Probe {
  readonly learner: Learner;
  readonly #compute: Compute;
  /** Gradients by parameter, from the last call of `loss`. */
  readonly gradients = new Map<string, number[]>();
  readonly #targetsAreLabels: boolean;
  readonly #batchOf: BatchOf | undefined;

  constructor(
    compute: Compute,
    specification: NetworkSpecification,
    seed: number,
    targetsAreLabels: boolean,
    { dynamics, reference, batchOf }: Exact = BACKPROPAGATION,
  ) {
    this.#batchOf = batchOf;
    this.#compute = compute;
    const { gradients } = this;
    // Emits nothing, so that learning changes nothing, but runs with the noise of training.
    const recorder = defineRule({
      id: 'recorder',
      family: 'Test',
      title: 'Recorder',
      summary: '',
      equation: '',
      cites: [],
      options: noOptions,
      dynamics,
      learn(step) {
        const terms = new Map<Parameter, Term[]>();
        reference({
          ...step,
          emit: (parameter, term) => {
            terms.set(parameter, [...(terms.get(parameter) ?? []), term]);
          },
        });
        gradients.clear();
        for (const [parameter, contributions] of terms) {
          const gradient = step.compute.temporary(parameter.values.shape);
          materialise(step.compute, parameter, gradient, contributions);
          gradients.set(parameter.id, gradient.toArray());
        }
      },
    });
    this.#targetsAreLabels = targetsAreLabels;
    this.learner = new Learner(compute, {
      specification,
      rule: recorder,
      options: {},
      optimiserOf: () => ({
        kind: 'sgd',
        rate: 1,
        momentum: 0,
        meanSquareDecay: 0,
        epsilon: 0,
        decay: 0,
        maximumNorm: 0,
      }),
      seed,
      epochs: 1,
    });
    const draws = new Sequence(stream(seed, 'thresholds'));
    for (const { values, role } of this.learner.network.parameters) {
      if (role === 'bias') values.set(Array.from({ length: values.size }, () => draws.uniform() - 0.3));
    }
  }

  /** Returns the mean loss of one batch in step 7, with that step's dropout masks. */
  loss(seed: number): number {
    const compute = this.#compute;
    const { network } = this.learner;
    const draws = new Sequence(stream(seed, 'batch'));
    const batchOf = this.#batchOf;
    if (batchOf) {
      this.learner.resetTally();
      compute.scope(() => this.learner.learn(batchOf(compute, this.learner, draws), 7, 0));
      const { loss, examples } = this.learner.tally();
      return loss / examples;
    }
    const inputs = compute.allocate([BATCH, network.input.units]);
    inputs.set(Array.from({ length: inputs.size }, () => draws.normal()));
    const targets = this.#targetsAreLabels
      ? compute.allocate([BATCH], 'i32').set(Array.from({ length: BATCH }, () => draws.below(CLASSES)))
      : compute
          .allocate([BATCH, CLASSES])
          .set(Array.from({ length: BATCH * CLASSES }, () => draws.uniform() * 2 - 1));
    this.learner.resetTally();
    this.learner.learn({ inputs, targets }, 7, 0);
    compute.free(inputs);
    compute.free(targets);
    const { loss, examples } = this.learner.tally();
    return loss / examples;
  }
}

/** Returns the largest relative error, over parameters, of the reference compared with central differences. */
export function expectExactGradient(
  compute: Compute,
  specification: NetworkSpecification,
  seed: number,
  targetsAreLabels = true,
  exact: Exact = BACKPROPAGATION,
): void {
  const probe = new Probe(compute, specification, seed, targetsAreLabels, exact);
  probe.loss(seed);
  const found = new Map(probe.gradients);
  const { parameters } = probe.learner.network;
  expect([...found.keys()].sort()).toEqual(parameters.map(({ id }) => id).sort());
  let total = 0;
  for (const { id, values, mask, isSymmetric = false } of parameters) {
    const exists = mask?.toArray();
    const gradient = found.get(id) ?? [];
    let error = 0;
    let norm = 0;
    for (let i = 0; i < values.size; i++) {
      if (exists?.[i] === 0) {
        expect(gradient[i] === 0).toBe(true);
        continue;
      }
      const kept = values.data[i] as number;
      const width = 1e-5;
      // The two entries of a pair in a symmetric matrix are one weight.
      const twin = (i % values.columns) * values.columns + Math.floor(i / values.columns);
      const lossAt = (value: number) => {
        values.data[i] = value;
        if (isSymmetric) values.data[twin] = value;
        return probe.loss(seed);
      };
      const central = (half: number) => (lossAt(kept + half) - lossAt(kept - half)) / (2 * half);
      const difference = exact.smooth
        ? (4 * central(exact.smooth) - central(2 * exact.smooth)) / 3
        : central(width);
      lossAt(kept);
      error += (difference - (gradient[i] as number)) ** 2;
      norm += difference ** 2;
    }
    expect(Math.sqrt(error), `gradient of ${id}, of norm ${Math.sqrt(norm)}`).toBeLessThan(
      (exact.most ?? 1e-6) * Math.sqrt(norm) + 1e-10,
    );
    total += norm;
  }
  expect(total).toBeGreaterThan(1e-4);
  probe.learner.dispose();
}
