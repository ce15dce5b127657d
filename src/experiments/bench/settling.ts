/** A step of equilibrium propagation, as a run takes it. */
import { plainDescent } from '../../network/optimiser.ts';
import { stack } from '../../network/specification.ts';
import { equilibriumPropagation } from '../../rules/equilibrium-propagation.ts';
import { Learner } from '../../rules/learner.ts';
import type { Batch } from '../../rules/learner.ts';
import { parseOptions } from '../../rules/rule.ts';
import type { Compute } from '../../tensor/compute.ts';
import { fraction } from './own.ts';
import type { EquilibriumWork } from './peers.ts';
import type { Way } from './rounds.ts';

const LEARNING_RATE = 0.05;

/** Multiply–accumulates: what the input sends once, every step's products both ways, and the update. */
export function equilibriumProducts({ layers, batch, freeSteps, nudgedSteps }: EquilibriumWork): number {
  const [first = 0, ...others] = layers.slice(1).map((units, i) => units * (layers[i] as number));
  const upper = others.reduce((sum, size) => sum + size, 0);
  return batch * (2 * first + 2 * upper * (freeSteps + nudgedSteps) + 2 * upper);
}

/** Weights, inputs and classes are the peers' (bench/peers); particles begin silent and persist. */
export class EquilibriumStep implements Way {
  readonly learner: Learner;
  readonly #compute: Compute;
  readonly #batch: Batch;
  readonly #saved;
  #count = 0;

  constructor(compute: Compute, { layers, batch, ...options }: EquilibriumWork) {
    this.#compute = compute;
    const { freeSteps, nudgedSteps, nudge, stepSize } = options;
    this.learner = new Learner(compute, {
      specification: stack({
        layers,
        activation: 'hard-sigmoid',
        outputActivation: 'hard-sigmoid',
        objective: 'squared-error',
      }),
      rule: equilibriumPropagation,
      options: parseOptions(equilibriumPropagation, {
        freeSteps,
        nudgedSteps,
        nudge,
        stepSize,
        sides: 'one',
      }),
      optimiserOf: () => plainDescent(LEARNING_RATE),
      seed: 1,
      epochs: 1,
      examples: batch,
    });
    for (const { weights } of this.learner.network.projections) {
      const scale = Math.sqrt(24 / (weights.rows + weights.columns));
      weights.set(Array.from({ length: weights.size }, (_, i) => Math.fround(scale * (fraction(i) - 0.5))));
    }
    const [units = 1, classes = 1] = [layers[0], layers.at(-1)];
    const rows = Array.from({ length: batch }, (_, row) => row);
    this.#batch = {
      inputs: compute
        .allocate([batch, units])
        .set(Array.from({ length: batch * units }, (_, i) => fraction(i))),
      targets: compute.allocate([batch], 'i32').set(rows.map((row) => row % classes)),
      examples: compute.allocate([batch], 'i32').set(rows),
    };
    this.#saved = [...this.learner.tensors().values()].map((tensor) => ({
      tensor,
      values: tensor.data.slice(),
    }));
  }

  reset(): void {
    for (const { tensor, values } of this.#saved) tensor.data.set(values);
  }

  step(): void {
    this.#compute.scope(() => this.learner.learn(this.#batch, this.#count, 0));
    this.#count += 1;
  }

  /** Mean loss at the end of the last free phase. */
  loss(): number {
    const { loss, examples } = this.learner.tally();
    this.learner.resetTally();
    return loss / examples;
  }
}
