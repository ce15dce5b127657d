import { materialise } from '../../../network/terms.ts';
import { backpropagation } from '../../../rules/exact/backpropagation.ts';
import { nodePerturbation } from '../../../rules/scalar/node-perturbation.ts';
import type { Rule } from '../../../learning/rule.ts';
import { weightPerturbation } from '../../../rules/scalar/weight-perturbation.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, ClaimContext, SeedValues } from '../../claim.ts';
import { ticker } from '../../fixtures/linear-task.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { Perceptron } from '../../fixtures/perceptron.ts';

const INPUTS = 6;
const OUTPUTS = 4;
const RATE = 0.05;
/** Standard deviation σ of the jitter: large enough to make its second-order contribution visible. */
const NOISE = 0.15;
const SEEDS = seedsUpTo(5);
const SAMPLES = 40_000;

/**
 * The change of the error e = ‖W − W*‖² in one step of a linear perceptron: N inputs x ~ N(0, I), M outputs, loss
 * ½‖xW − xW*‖², whose gradient is g = x ⊗ xE with E = W − W*. A step W ← W − η ĝ with E ĝ = g on average gives
 *
 *   e′ = e − 2η ⟨E, ĝ⟩ + η² ‖ĝ‖²,   and E⟨E, ĝ⟩ = E‖xE‖² = e.
 *
 * The three rules differ in E‖ĝ‖² alone. With E over x, E‖x‖² ‖xE‖² = (N + 2) e:
 *
 *   direct:  ‖x‖² ‖xE‖²                                                  → (N + 2) e
 *   node:    ĝ = x ⊗ u (xE·u + σ‖u‖²/2),  u ~ N(0, I) of M               → (M + 2)(N + 2) e + ¼σ² N M(M + 2)(M + 4)
 *   weight:  ĝ = V (xE·xV + σ‖xV‖²/2),    V ~ N(0, I) of NM              → (MN + 2)(N + 2) e + ¼σ² MN(M + 2)(N + 2)(MN + 4)
 *
 * by E(a·u)²‖u‖² = (M + 2)‖a‖² and E‖u‖⁶ = M(M + 2)(M + 4); odd moments vanish. For weights, given x, the loss depends
 * only on the part of V along x: xV = ‖x‖ r with r ~ N(0, I) of M, and ‖V‖² = ‖r‖² + the other M(N − 1) squares, so
 * E‖xV‖⁴‖V‖² = ‖x‖⁴ M(M + 2)(MN + 4), and E‖x‖⁴ = N(N + 2).
 */
const SECOND_ORDER = {
  direct: () => INPUTS + 2,
  node: () =>
    (OUTPUTS + 2) * (INPUTS + 2) + (NOISE ** 2 * INPUTS * OUTPUTS * (OUTPUTS + 2) * (OUTPUTS + 4)) / 4,
  weight: () => {
    const synapses = INPUTS * OUTPUTS;
    return (
      (synapses + 2) * (INPUTS + 2) +
      (NOISE ** 2 * synapses * (OUTPUTS + 2) * (INPUTS + 2) * (synapses + 4)) / 4
    );
  },
} as const;

const RULES: Readonly<Record<keyof typeof SECOND_ORDER, { rule: Rule; options: unknown }>> = {
  direct: { rule: backpropagation, options: {} },
  node: { rule: nodePerturbation, options: { noise: NOISE, samples: 1, baseline: 'clean' } },
  weight: { rule: weightPerturbation, options: { noise: NOISE, samples: 1, twoSided: false } },
};
type Name = keyof typeof RULES;
const NAMES: readonly Name[] = ['direct', 'node', 'weight'];

/** Returns the measured e′/e − 1 + 2η over the formula, from e = 1. */
async function ratioOf(
  compute: Compute,
  name: Name,
  seed: number,
  tick: () => Promise<void>,
): Promise<number> {
  const perceptron = new Perceptron(compute, {
    ...RULES[name],
    inputs: INPUTS,
    outputs: OUTPUTS,
    seed,
  });
  const { learner, projection } = perceptron;
  const away = perceptron.deviation();
  let sum = 0;
  for (let step = 0; step < SAMPLES; step++) {
    compute.scope(() => {
      learner.estimate(perceptron.example(step), step, (terms) => {
        const gradient = compute.temporary(projection.weights.shape);
        materialise(compute, projection, gradient, terms.get(projection) ?? []);
        let after = 0;
        for (const [index, value] of gradient.toArray().entries()) {
          after += ((away[index] as number) - RATE * value) ** 2;
        }
        sum += after;
      });
    });
    if ((step + 1) % 500 === 0) await tick();
  }
  perceptron.dispose();
  return (sum / SAMPLES - 1 + 2 * RATE) / (RATE ** 2 * SECOND_ORDER[name]());
}

const condition = (id: Name, rule: string) => ({
  id,
  statement: `e′/e − 1 + 2η of ${rule} over the formula, N = ${INPUTS}, M = ${OUTPUTS}, η ${RATE}, σ ${NOISE}, e = 1, ${SEEDS.length * SAMPLES} updates`,
  unit: '',
  expected: { minimum: 0.95, maximum: 1.05, text: '1 ± 0.05' },
});

const curves: Claim = {
  id: 'werfel2005-learning-curves',
  title: 'One step of gradient descent, node and weight perturbation',
  systems: ['S04', 'S05'],
  checks: [24],
  source: 'werfel2005',
  provenance: 'derived',
  statement:
    'In a linear perceptron the rules differ in the second-order part of the change of the error: (N + 2) η² for the gradient, (M + 2)(N + 2) η² for node perturbation and (MN + 2)(N + 2) η² for weight perturbation, plus a part from the size of the jitter.',
  tier: 'quick',
  backend: 'reference',
  seeds: SEEDS,
  conditions: [
    condition('weight', 'weight perturbation'),
    condition('node', 'node perturbation'),
    condition('direct', 'the gradient itself'),
  ],
  async run(context: ClaimContext) {
    const { compute, seeds } = context;
    const tick = ticker(context, seeds.length * NAMES.length * SAMPLES);
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const values: Record<string, number> = {};
      for (const name of NAMES) values[name] = await ratioOf(compute, name, seed, tick);
      perSeed.push({ seed, values });
    }
    return {
      measured: Object.fromEntries(
        NAMES.map((name) => [name, mean(perSeed.map(({ values }) => values[name] as number))]),
      ),
      perSeed,
      note: 'Each update starts from the same weights, with a fresh example and fresh jitter.',
    };
  },
};

export const werfel2005Curves: readonly Claim[] = [curves];
