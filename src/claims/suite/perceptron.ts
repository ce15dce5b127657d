import { plainDescent } from '../../network/optimiser.ts';
import type { Projection } from '../../network/projection.ts';
import { stack } from '../../network/specification.ts';
import { stream } from '../../random/stream.ts';
import { Learner } from '../../rules/learner.ts';
import type { Batch } from '../../rules/learner.ts';
import type { Rule } from '../../rules/rule.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

export interface PerceptronOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly rule: Rule;
  /** Complete, with every default. */
  readonly options: unknown;
  /** Learning rate η of plain gradient descent; 0 for a rule that is only looked at. */
  readonly rate?: number;
  readonly seed: number;
}

/**
 * One layer of linear units without thresholds that is to become another one, W*: inputs x ~ N(0, I), targets x W*,
 * loss ½‖xW − xW*‖². Its error is e = ‖W − W*‖², 1 to begin with, in a direction that the seed decides. Weights,
 * W* and examples depend on the seed alone, so that rules meet the same problem.
 */
export class Perceptron {
  readonly learner: Learner;
  readonly projection: Projection;
  readonly #compute: Compute;
  readonly #inputs: number;
  readonly #outputs: number;
  /** W* (inputs, outputs). */
  readonly #teacher: Tensor;
  readonly #seed: number;

  constructor(compute: Compute, { inputs, outputs, rule, options, rate = 0, seed }: PerceptronOptions) {
    this.#compute = compute;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#seed = seed;
    this.learner = new Learner(compute, {
      specification: stack({
        layers: [inputs, outputs],
        activation: 'linear',
        objective: 'squared-error',
        bias: false,
      }),
      rule,
      options,
      optimiserOf: () => plainDescent(rate),
      seed,
      epochs: 1,
    });
    this.projection = this.learner.network.projection('input→output');
    const { weights } = this.projection;
    this.#teacher = compute.allocate(weights.shape);
    compute.drawNormal(this.#teacher, 0, 1, stream(seed, 'target'), 0);
    const drawn = weights.toArray();
    const length = Math.sqrt(drawn.reduce((sum, value) => sum + value ** 2, 0));
    const target = this.#teacher.data;
    weights.set(drawn.map((value, index) => (target[index] as number) + value / length));
  }

  /** Example number `step`. Temporaries of the scope that the caller has opened. */
  example(step: number): Batch {
    const inputs = this.#compute.temporary([1, this.#inputs]);
    const targets = this.#compute.temporary([1, this.#outputs]);
    this.#compute.drawNormal(inputs, 0, 1, stream(this.#seed, 'examples'), step);
    this.#compute.matmul(targets, inputs, this.#teacher);
    return { inputs, targets };
  }

  /** W − W*, row by row. */
  deviation(): number[] {
    const target = this.#teacher.data;
    return this.projection.weights.toArray().map((value, index) => value - (target[index] as number));
  }

  /** e = ‖W − W*‖². */
  error(): number {
    return this.deviation().reduce((sum, value) => sum + value ** 2, 0);
  }

  dispose(): void {
    this.learner.dispose();
    this.#compute.free(this.#teacher);
  }
}
