/** Many samples of node perturbation on one example: as one batched step, or as one step per sample. */
import { plainDescent } from '../network/optimiser.ts';
import { stack } from '../network/specification.ts';
import { accumulate } from '../network/terms.ts';
import { stream } from '../random/stream.ts';
import { Learner } from '../learning/learner.ts';
import type { Batch } from '../learning/learner.ts';
import { nodePerturbation } from '../rules/scalar/node-perturbation.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Way } from './rounds.ts';

/** The size of the network, the number of samples, and whether they are batched. */
export interface SamplingWork {
  readonly layers: readonly number[];
  readonly samples: number;
  readonly batched: boolean;
}

/** Estimates the gradient of all weights and biases as the mean over samples, batched or one by one. */
export class SampledGradient implements Way {
  readonly #compute: Compute;
  readonly #learner: Learner;
  readonly #batch: Batch;
  readonly #gradients: readonly Tensor[];
  readonly #steps: number;
  #count = 0;

  constructor(compute: Compute, { layers, samples, batched }: SamplingWork) {
    this.#compute = compute;
    this.#steps = batched ? 1 : samples;
    this.#learner = new Learner(compute, {
      specification: stack({ layers, activation: 'relu', objective: 'cross-entropy' }),
      rule: nodePerturbation,
      options: { noise: 1e-2, samples: batched ? samples : 1, baseline: 'clean' },
      optimiserOf: () => plainDescent(0),
      seed: 1,
      epochs: 1,
    });
    const inputs = compute.allocate([1, layers[0] as number]);
    compute.drawUniform(inputs, 0, 1, stream(1, 'bench inputs'), 0);
    this.#batch = { inputs, targets: compute.allocate([1], 'i32').set([0]) };
    this.#gradients = this.#learner.network.parameters.map(({ values }) => compute.allocate(values.shape));
  }

  /** The estimate, by parameter, in the order of the network. */
  get gradients(): readonly Tensor[] {
    return this.#gradients;
  }

  step(): void {
    for (let step = 0; step < this.#steps; step++) {
      this.#learner.estimate(this.#batch, this.#count++, (terms) => {
        for (const [index, parameter] of this.#learner.network.parameters.entries()) {
          const gradient = this.#gradients[index] as Tensor;
          const emitted = terms.get(parameter) ?? [];
          accumulate(this.#compute, parameter, gradient, emitted, 1 / this.#steps, step === 0 ? 0 : 1);
        }
      });
    }
  }
}
