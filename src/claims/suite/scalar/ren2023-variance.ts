import { estimatorStatistics } from '../../../analysis/estimator.ts';
import { forwardGradient } from '../../../rules/scalar/forward-gradient.ts';
import { nodePerturbation } from '../../../rules/scalar/node-perturbation.ts';
import type { Rule } from '../../../learning/rule.ts';
import { weightPerturbation } from '../../../rules/scalar/weight-perturbation.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { Perceptron } from '../../fixtures/perceptron.ts';

const INPUTS = 10;
const OUTPUTS = 10;
const SAMPLES = 4000;

/**
 * Variance of the forward gradient of one layer with p inputs and q units, on one example.
 *
 * On weights, g = (∇·v) v with v ~ N(0, I) of n = pq numbers. Rotate the axes so that ∇ = ‖∇‖ e₁; then
 * E‖g‖² = ‖∇‖² E[v₁² ‖v‖²] = ‖∇‖² (E v₁⁴ + (n − 1) E v₁² E v₂²) = (n + 2) ‖∇‖², and since E g = ∇,
 *
 *   Σ Var g = (pq + 1) S,   S = ‖∇‖².
 *
 * On activity, g = x ⊗ (∇_a·u) u with u ~ N(0, I) of q numbers: E‖g‖² = ‖x‖² (q + 2) ‖∇_a‖², and S = ‖x‖² ‖∇_a‖², so
 *
 *   Σ Var g = (q + 1) S.
 *
 * These are the source's formulas for one example, N = 1, where the gradient does not vary with the data, V = 0.
 * Perturbation with small noise has the same variance: it measures ∇·v instead of computing it.
 */
const RULES: readonly { id: string; rule: Rule; options: unknown; times: number }[] = [
  {
    id: 'weights',
    rule: forwardGradient,
    options: { perturb: 'weights' },
    times: INPUTS * OUTPUTS + 1,
  },
  { id: 'activity', rule: forwardGradient, options: { perturb: 'activity' }, times: OUTPUTS + 1 },
  {
    id: 'weight-perturbation',
    rule: weightPerturbation,
    options: { noise: 1e-5, samples: 1, twoSided: false },
    times: INPUTS * OUTPUTS + 1,
  },
  {
    id: 'node-perturbation',
    rule: nodePerturbation,
    options: { noise: 1e-5, samples: 1, baseline: 'clean' },
    times: OUTPUTS + 1,
  },
];

/** Returns Σ Var g / S of a rule's updates over the expected value. */
function ratioOf(compute: Compute, { rule, options, times }: (typeof RULES)[number], seed: number): number {
  const perceptron = new Perceptron(compute, { inputs: INPUTS, outputs: OUTPUTS, rule, options, seed });
  try {
    return compute.scope(() => {
      const [row] = estimatorStatistics(compute, perceptron.learner, perceptron.example(0), SAMPLES);
      if (!row?.gradientPower) throw new Error('The example has no gradient.');
      return row.variance.value / row.gradientPower / times;
    });
  } finally {
    perceptron.dispose();
  }
}

const around = (id: string, rule: string, formula: string) => ({
  id,
  statement: `Variance of ${rule} over ${formula}, p = q = ${INPUTS}, mean over the seeds`,
  unit: '',
  expected: { minimum: 0.95, maximum: 1.05, text: '1 ± 0.05' },
});

const variance: Claim = {
  id: 'ren2023-variance',
  title: 'Perturbing units is less noisy than perturbing synapses',
  systems: ['S05', 'S06'],
  checks: [25],
  source: 'ren2023',
  provenance: 'published',
  statement:
    'The variance of a forward gradient on one example is (pq + 1) S when it perturbs the weights of a layer with p inputs and q units, and (q + 1) S when it perturbs the activity, S being the squared norm of the gradient.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(10),
  conditions: [
    around('weights', 'the forward gradient on weights', '(pq + 1) S'),
    around('activity', 'the forward gradient on activity', '(q + 1) S'),
    around('weight-perturbation', 'weight perturbation with σ = 10⁻⁵', '(pq + 1) S'),
    around('node-perturbation', 'node perturbation with σ = 10⁻⁵', '(q + 1) S'),
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const [index, seed] of seeds.entries()) {
      const values: Record<string, number> = {};
      for (const [number, rule] of RULES.entries()) {
        values[rule.id] = ratioOf(compute, rule, seed);
        await progress((index + (number + 1) / RULES.length) / seeds.length);
      }
      perSeed.push({ seed, values });
    }
    const column = (id: string) => perSeed.map(({ values }) => values[id] as number);
    return {
      measured: Object.fromEntries(RULES.map(({ id }) => [id, mean(column(id))])),
      perSeed,
      note: `${SAMPLES} updates of each rule for each seed, on one example x ~ N(0, I) of a linear layer without biases, with a squared error.`,
    };
  },
};

export const ren2023Variance: readonly Claim[] = [variance];
