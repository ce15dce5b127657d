/** The steps of rules that settle, sample or propagate targets, on the same numbers as those of the peers. */
import { plainDescent } from '../network/optimiser.ts';
import { stack } from '../network/specification.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import { contrastiveDivergence } from '../rules/generative/contrastive-divergence.ts';
import { differenceTargetPropagation } from '../rules/targets/difference-target-propagation.ts';
import { equilibriumPropagation } from '../rules/equilibrium/equilibrium-propagation.ts';
import { Learner } from '../learning/learner.ts';
import type { Batch } from '../learning/learner.ts';
import { predictiveCoding } from '../rules/dendrites/predictive-coding.ts';
import { parseOptions } from '../learning/rule.ts';
import type { Rule } from '../learning/rule.ts';
import type { Compute } from '../tensor/compute.ts';
import { fraction } from './own.ts';
import type { ContrastiveWork, EquilibriumWork, PredictiveWork, TargetsWork } from './peers.ts';
import type { Way } from './rounds.ts';

/** The works of rules that peers can do as well. */
export type RuleWork = EquilibriumWork | ContrastiveWork | PredictiveWork | TargetsWork;

/** A work in terms of Apical. */
interface Setup {
  readonly specification: NetworkSpecification;
  readonly rule: Rule;
  readonly options: Readonly<Record<string, unknown>>;
  readonly rate: number;
}

const EQUILIBRIUM_RATE = 0.05;

function setupOf(work: RuleWork): Setup {
  switch (work.kind) {
    case 'equilibrium-step': {
      const { layers, freeSteps, nudgedSteps, nudge, stepSize } = work;
      return {
        specification: stack({
          ...{ layers, activation: 'hard-sigmoid', outputActivation: 'hard-sigmoid' },
          objective: 'squared-error',
        }),
        rule: equilibriumPropagation,
        options: { freeSteps, nudgedSteps, nudge, stepSize, sides: 'one' },
        rate: EQUILIBRIUM_RATE,
      };
    }
    case 'contrastive-step': {
      const [visible, hidden] = work.layers;
      return {
        specification: {
          areas: [
            { id: 'visible', shape: [visible], activation: 'logistic' },
            { id: 'hidden', shape: [hidden], activation: 'logistic' },
          ],
          projections: [{ from: 'visible', to: 'hidden' }],
          input: 'visible',
          objectives: [],
        },
        rule: contrastiveDivergence,
        options: { steps: 1, chains: work.persistent ? work.batch : 0 },
        rate: work.rate,
      };
    }
    case 'predictive-step': {
      const { layers, steps, stepSize, rate } = work;
      return {
        specification: stack({ layers, activation: 'tanh', objective: 'squared-error' }),
        rule: predictiveCoding,
        options: { steps, stepSize },
        rate,
      };
    }
    case 'targets-step': {
      const { layers, noise, targetStep, rate } = work;
      return {
        specification: stack({ layers, activation: 'tanh', objective: 'cross-entropy' }),
        rule: differenceTargetPropagation,
        options: { noise, targetStep },
        rate,
      };
    }
  }
}

/** Returns the multiply–accumulates of a step that computes no product twice; those of the input count once per phase. */
export function ruleProducts(work: RuleWork): number {
  const { layers, batch } = work;
  const [first = 0, ...others] = layers.slice(1).map((units, i) => units * (layers[i] as number));
  const upper = others.reduce((sum, size) => sum + size, 0);
  switch (work.kind) {
    case 'equilibrium-step':
      return batch * (2 * first + 2 * upper * (work.freeSteps + work.nudgedSteps) + 2 * upper);
    case 'contrastive-step':
      return batch * 5 * first;
    case 'predictive-step':
      return batch * (2 * first + 2 * upper * (work.steps + 1));
    case 'targets-step': {
      // Between hidden layers: one forward pass, two through the inverse, a noisy round trip and both updates. The output
      // errors pass through the top inverse as δ (Wᵀ V) if that is cheaper than (δ Wᵀ) V.
      const [outputs = 0, top = 0, below = 0] = layers.slice(1).reverse();
      const saved = below * top * (batch - outputs) - outputs * below * batch;
      return batch * (2 * first + 3 * top * outputs + 7 * (upper - top * outputs)) - Math.max(0, saved);
    }
  }
}

/** The step of a rule, with the weights, inputs and classes of the peers (bench/peers); persistent states start at 0. */
export class RuleStep implements Way {
  readonly learner: Learner;
  readonly #compute: Compute;
  readonly #batch: Batch;
  readonly #saved;
  #count = 0;

  constructor(compute: Compute, work: RuleWork) {
    const { batch, layers } = work;
    const { specification, rule, options, rate } = setupOf(work);
    this.#compute = compute;
    this.learner = new Learner(compute, {
      specification,
      rule,
      options: parseOptions(rule, options),
      optimiserOf: () => plainDescent(rate),
      seed: 1,
      epochs: 1,
      examples: batch,
    });
    for (const { weights } of this.learner.network.projections) {
      const scale = Math.sqrt(24 / (weights.rows + weights.columns));
      weights.set(Array.from({ length: weights.size }, (_, i) => Math.fround(scale * (fraction(i) - 0.5))));
    }
    const { units } = this.learner.network.input;
    const classes = layers.at(-1) ?? 1;
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

  /** Returns the mean loss over the examples, as evaluated in the first pass of the last step. */
  loss(): number {
    const { loss, examples } = this.learner.tally();
    this.learner.resetTally();
    return loss / examples;
  }

  /** Returns the mean reconstruction error ‖v − v′‖² of a Boltzmann machine, by probabilities, with its current weights. */
  reconstruction(): number {
    const name = 'reconstruction of hidden';
    this.learner.resetTally();
    this.learner.evaluate(this.#batch);
    const [sum, examples] = this.learner.tally().measures[name] ?? [NaN, 1];
    this.learner.resetTally();
    return sum / examples;
  }
}
