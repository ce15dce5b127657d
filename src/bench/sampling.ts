/** Many samples of node perturbation on one example: as one batched step, or one step a sample. */
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

export interface SamplingWork {
  readonly layers: readonly number[];
  readonly samples: number;
  readonly batched: boolean;
}

/** A step gives the same either way: the gradient of all weights and thresholds, as the mean over so many samples. */
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

  /** By parameter, in the order of the network's. */
  get gradients(): readonly Tensor[] {
    return this.#gradients;
  }

  step(): void {
    for (let step = 0; step < this.#steps; step++) {
      this.#learner.estimate(this.#batch, this.#count++, (terms) => {
        for (const [index, parameter] of this.#learner.network.parameters.entries()) {
          const gradient = this.#gradients[index] as Tensor;
          const its = terms.get(parameter) ?? [];
          accumulate(this.#compute, parameter, gradient, its, 1 / this.#steps, step === 0 ? 0 : 1);
        }
      });
    }
  }
}
