import { randomBatch } from '../../experiments/random-batch.ts';
import { plainDescent } from '../../network/optimiser.ts';
import { stack } from '../../network/specification.ts';
import type { StackOptions } from '../../network/specification.ts';
import { materialise } from '../../network/terms.ts';
import type { Reference } from '../../references/index.ts';
import { Learner } from '../../rules/learner.ts';
import type { Batch } from '../../rules/learner.ts';
import { parseOptions } from '../../rules/rule.ts';
import type { Rule } from '../../rules/rule.ts';
import type { Compute } from '../../tensor/compute.ts';

/** A rule on a fresh stack. */
export interface Subject extends StackOptions {
  readonly rule: Rule;
  readonly options?: object;
  readonly seed: number;
  /** Of plain gradient descent. Default 0. */
  readonly rate?: number;
  /** Of the batch that is looked at. Default 5. */
  readonly examples?: number;
}

/** Looks at a learner, and at one batch of random examples and labels for it. */
export function withLearner<Result>(
  compute: Compute,
  subject: Subject,
  look: (learner: Learner, batch: Batch) => Result,
): Result {
  const { rule, options, seed, rate = 0, examples = 5, ...layout } = subject;
  const learner = new Learner(compute, {
    specification: stack(layout),
    rule,
    options: parseOptions(rule, options),
    optimiserOf: () => plainDescent(rate),
    seed,
    epochs: 1,
  });
  const [inputs, classes] = [layout.layers[0] as number, layout.layers.at(-1) as number];
  try {
    return compute.scope(() =>
      look(learner, randomBatch(compute, { inputs, classes, examples, seed, index: 0 })),
    );
  } finally {
    learner.dispose();
  }
}

/** What a learner's rule, or a reference in its place, would do with a batch: one vector over all parameters. */
export function updateOf(compute: Compute, learner: Learner, batch: Batch, reference?: Reference): number[] {
  return [...updatesOf(compute, learner, batch, reference).values()].flat();
}

/** The same by parameter, of those that it would change. */
export function updatesOf(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  reference?: Reference,
): ReadonlyMap<string, number[]> {
  const all = new Map<string, number[]>();
  const collect = (terms: Parameters<Parameters<Learner['estimate']>[2]>[0]) => {
    for (const parameter of learner.network.parameters) {
      const its = terms.get(parameter);
      if (!its) continue;
      const gradient = compute.temporary(parameter.values.shape);
      materialise(compute, parameter, gradient, its);
      all.set(parameter.id, gradient.toArray());
    }
  };
  learner.estimate(batch, 0, collect, reference);
  return all;
}

/** ‖a − b‖ / ‖b‖. */
export function relativeDifference(a: readonly number[], b: readonly number[]): number {
  const difference = Math.hypot(...a.map((value, index) => value - (b[index] ?? NaN)));
  return difference / Math.hypot(...b);
}
