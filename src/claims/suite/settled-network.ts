import type { LearningStep } from '../../dynamics/step.ts';
import { plainDescent } from '../../network/optimiser.ts';
import { stack } from '../../network/specification.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { materialise } from '../../network/terms.ts';
import { stream } from '../../random/stream.ts';
import { Sequence } from '../../random/index.ts';
import { Learner } from '../../rules/learner.ts';
import type { Batch } from '../../rules/learner.ts';
import { parseOptions } from '../../rules/rule.ts';
import type { Rule } from '../../rules/rule.ts';
import type { Compute } from '../../tensor/compute.ts';

/** Steps by which a small network is at its fixed point in f64. */
export const LONG = { freeSteps: 4000, tolerance: 1e-13, persistent: false } as const;

/** Twelve logistic units, 4-5-3, joined within areas and across too where `everyPair`. */
export function twelveUnits(everyPair = false): NetworkSpecification {
  const base = stack({
    layers: [4, 5, 3],
    activation: 'logistic',
    outputActivation: 'logistic',
    objective: 'squared-error',
  });
  if (!everyPair) return base;
  return {
    ...base,
    projections: [
      ...base.projections,
      { from: 'input', to: 'output' },
      { from: 'hidden1', to: 'hidden1', kind: 'lateral', symmetric: true },
      { from: 'output', to: 'output', kind: 'lateral', symmetric: true },
    ],
  };
}

/** A network, a rule and four examples, of a seed: inputs x ~ N(0, I), targets in U(0, 1). */
export class SettledNetwork {
  readonly learner: Learner;
  readonly batch: Batch;
  readonly #compute: Compute;

  constructor(
    compute: Compute,
    rule: Rule,
    specification: NetworkSpecification,
    options: object,
    seed: number,
  ) {
    this.#compute = compute;
    this.learner = new Learner(compute, {
      specification,
      rule,
      options: parseOptions(rule, options),
      optimiserOf: () => plainDescent(0),
      seed,
      epochs: 1,
    });
    const draws = new Sequence(stream(seed, 'settled network'));
    const { network } = this.learner;
    for (const { values, role } of network.parameters) {
      if (role === 'bias') values.set(Array.from({ length: values.size }, () => draws.uniform() - 0.5));
    }
    const outputs = network.areas.at(-1)?.units ?? 0;
    const inputs = compute.allocate([4, network.input.units]);
    inputs.set(Array.from({ length: inputs.size }, () => draws.normal()));
    const targets = compute.allocate([4, outputs]);
    targets.set(Array.from({ length: targets.size }, () => draws.uniform()));
    this.batch = { inputs, targets };
  }

  /** What the rule, or a reference, would do: the gradient of every parameter. */
  gradients(learn?: (step: LearningStep) => void): ReadonlyMap<string, readonly number[]> {
    const gradients = new Map<string, readonly number[]>();
    this.learner.estimate(
      this.batch,
      0,
      (terms) => {
        for (const [parameter, its] of terms) {
          const gradient = this.#compute.temporary(parameter.values.shape);
          materialise(this.#compute, parameter, gradient, its);
          gradients.set(parameter.id, gradient.toArray());
        }
      },
      learn,
    );
    return gradients;
  }

  dispose(): void {
    this.learner.dispose();
    this.#compute.free(this.batch.inputs);
    this.#compute.free(this.batch.targets);
  }
}

/** ‖a − b‖ / ‖b‖, and the cosine between them, over all parameters of b. */
export function compareGradients(
  a: ReadonlyMap<string, readonly number[]>,
  b: ReadonlyMap<string, readonly number[]>,
): { readonly error: number; readonly cosine: number } {
  let [aa, ab, bb, difference] = [0, 0, 0, 0];
  for (const [id, exact] of b) {
    for (const [index, value] of exact.entries()) {
      const its = a.get(id)?.[index] ?? NaN;
      aa += its * its;
      ab += its * value;
      bb += value * value;
      difference += (its - value) ** 2;
    }
  }
  return { error: Math.sqrt(difference / bb), cosine: ab / Math.sqrt(aa * bb) };
}
