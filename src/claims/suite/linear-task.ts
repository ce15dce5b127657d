import { pseudoInverseOf } from '../../analysis/alignment.ts';
import { angleFrom } from '../../analysis/angle.ts';
import { descend } from '../../dynamics/step.ts';
import type { LearningStep } from '../../dynamics/step.ts';
import { plainDescent } from '../../network/optimiser.ts';
import type { Projection } from '../../network/projection.ts';
import { stack } from '../../network/specification.ts';
import { stream } from '../../random/stream.ts';
import type { Stream } from '../../random/stream.ts';
import { backpropagate } from '../../references/backpropagation.ts';
import { backpropagation } from '../../rules/backpropagation.ts';
import { feedbackAlignment } from '../../rules/feedback-alignment.ts';
import { Learner } from '../../rules/learner.ts';
import type { Batch, StepObserver } from '../../rules/learner.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ClaimContext } from '../claim.ts';

export const INPUTS = 30;
export const OUTPUTS = 10;
const HELD_OUT = 1000;
/** Updates between two words on progress: well below a tenth of a second. */
const SLICE = 500;

export interface LinearTaskOptions {
  readonly rule: 'backprop' | 'feedback-alignment';
  readonly hidden: number;
  /** Learning rate η. */
  readonly rate: number;
  readonly seed: number;
}

/**
 * The linear task of Lillicrap et al. (2016): a linear network 30-`hidden`-10 without thresholds learns the linear
 * map x T, with T (inputs, outputs) in U(±1), from inputs x ~ N(0, I), one fresh example an update, by gradient
 * descent on ½‖y − xT‖². Weights start in U(±0.01); the feedback weights B are in U(±0.5).
 *
 * Initial weights, teacher and examples depend on the seed alone, so that the two rules meet the same problem.
 */
export class LinearTask {
  readonly learner: Learner;
  /** T (inputs, outputs). */
  readonly teacher: Tensor;
  readonly #compute: Compute;
  readonly #examplesStream: Stream;
  readonly #heldOutStream: Stream;
  #step = 0;

  constructor(compute: Compute, { rule, hidden, rate, seed }: LinearTaskOptions) {
    this.#compute = compute;
    this.#examplesStream = stream(seed, 'examples');
    this.#heldOutStream = stream(seed, 'held-out');
    const isBackprop = rule === 'backprop';
    this.learner = new Learner(compute, {
      specification: stack({
        layers: [INPUTS, hidden, OUTPUTS],
        activation: 'linear',
        objective: 'squared-error',
        bias: false,
        initialisation: { kind: 'uniform', scale: 0.01 },
      }),
      rule: isBackprop ? backpropagation : feedbackAlignment,
      options: isBackprop ? {} : { feedback: 'uniform', scale: 0.5 },
      optimiserOf: () => plainDescent(rate),
      seed,
      epochs: 1,
    });
    this.teacher = compute.allocate([INPUTS, OUTPUTS]);
    compute.drawUniform(this.teacher, -1, 1, stream(seed, 'teacher'), 0);
  }

  /** The first layer's weights W1 (inputs, hidden). */
  get first(): Projection {
    return this.learner.network.projection('input→hidden1');
  }

  /** The second layer's weights W2 (hidden, outputs); its `feedback` is B (outputs, hidden). */
  get second(): Projection {
    return this.learner.network.projection('hidden1→output');
  }

  /** Goes on for so many updates; `observer` sees the terms that the rule emits. */
  async learn(steps: number, tick: () => Promise<void>, observer?: StepObserver): Promise<void> {
    for (const end = this.#step + steps; this.#step < end; this.#step++) {
      this.#compute.scope(() => {
        this.learner.learn(this.#examples(1, this.#examplesStream, this.#step), this.#step, 0, observer);
      });
      if ((this.#step + 1) % SLICE === 0) await tick();
    }
  }

  /** Normalised squared error Σ‖y − xT‖² / Σ‖xT‖² over held-out inputs. */
  normalisedSquaredError(): number {
    this.learner.resetTally();
    this.#compute.scope(() => this.learner.evaluate(this.#heldOut()));
    const { loss, power } = this.learner.tally();
    return loss / power;
  }

  /**
   * Degrees between the hidden errors that the rule sends down, e B, and those of backpropagation, e W2ᵀ, and of
   * pseudo-backpropagation, e W2⁺: the angle for each held-out input, averaged.
   */
  hiddenErrorAngles(): { backprop: number; pseudoBackprop: number } {
    const compute = this.#compute;
    return compute.scope(() => {
      const inverse = compute.temporary([OUTPUTS, this.first.to.units]);
      inverse.set(pseudoInverseOf(this.second.weights) ?? []);
      const pseudoBackpropagate = (step: LearningStep) =>
        descend(step, step.run('forward'), (_projection, above, below, beta) =>
          compute.matmul(below, above, inverse, { beta }),
        );
      const own = this.#hiddenErrors();
      return {
        backprop: meanAngle(own, this.#hiddenErrors(backpropagate)),
        pseudoBackprop: meanAngle(own, this.#hiddenErrors(pseudoBackpropagate)),
      };
    });
  }

  dispose(): void {
    this.learner.dispose();
    this.#compute.free(this.teacher);
  }

  /** One row an input: the postsynaptic part of the term that the rule emits for W1. */
  #hiddenErrors(learn?: (step: LearningStep) => void): number[][] {
    let rows: number[][] = [];
    this.learner.estimate(
      this.#heldOut(),
      0,
      (terms) => {
        const [term] = terms.get(this.first) ?? [];
        if (term?.kind !== 'outer') throw new Error('The rule emitted no product for the first layer.');
        const values = term.post.toArray();
        const { columns } = term.post;
        rows = Array.from({ length: term.post.rows }, (_, row) =>
          values.slice(row * columns, (row + 1) * columns),
        );
      },
      learn,
    );
    return rows;
  }

  #heldOut(): Batch {
    return this.#examples(HELD_OUT, this.#heldOutStream, 0);
  }

  /** Temporaries of the scope that the caller has opened. */
  #examples(count: number, source: Stream, step: number): Batch {
    const inputs = this.#compute.temporary([count, INPUTS]);
    const targets = this.#compute.temporary([count, OUTPUTS]);
    this.#compute.drawNormal(inputs, 0, 1, source, step);
    this.#compute.matmul(targets, inputs, this.teacher);
    return { inputs, targets };
  }
}

/** What to tell `progress` after each slice of work, given how many updates there are in all. */
export function ticker(context: ClaimContext, updates: number): () => Promise<void> {
  let done = 0;
  return async () => {
    done += SLICE;
    await context.progress(Math.min(1, done / updates));
  };
}

function meanAngle(first: readonly (readonly number[])[], second: readonly (readonly number[])[]): number {
  return mean(
    first.map((row, index) => {
      const other = second[index] ?? [];
      return angleFrom(inner(row, other), inner(row, row), inner(other, other)) ?? NaN;
    }),
  );
}

const inner = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const geometricMean = (values: readonly number[]): number => Math.exp(mean(values.map(Math.log)));

/** The integers from 0 on. */
export const seedsUpTo = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed);
