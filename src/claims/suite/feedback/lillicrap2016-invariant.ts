import type { StepObserver } from '../../../learning/learner.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { LinearTask, ticker } from '../../fixtures/linear-task.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

const HIDDEN = 20;
/** η with its number of updates: η × updates = 5 for each. */
const SETTINGS = [
  { id: 'drift-5e-3', rate: 5e-3, steps: 1000 },
  { id: 'drift-5e-4', rate: 5e-4, steps: 10_000 },
  { id: 'drift-1e-4', rate: 1e-4, steps: 50_000 },
] as const;
const UPDATES = SETTINGS.reduce((sum, { steps }) => sum + steps, 0);

/**
 * Measures the drift of the quantity that feedback alignment conserves in a linear network with one hidden layer.
 *
 * With rows as examples, y = x W1 W2, e = y − t, and one example per update, the rule's terms are
 *
 *   ΔW1 = −η xᵀ (e B),   ΔW2 = −η (x W1)ᵀ e.
 *
 * Write G = xᵀe, so that ΔW1 = −η G B and ΔW2 = −η W1ᵀ G. Then, to first order in η,
 *
 *   Δ(W2 B)     = −η W1ᵀ G B,
 *   Δ(W1ᵀ W1)   = −η (W1ᵀ G B + (W1ᵀ G B)ᵀ),
 *
 * and C = W2 B + (W2 B)ᵀ − W1ᵀ W1, (hidden, hidden), does not change, whatever the examples and the target. (With
 * columns as examples, the source's notation, W = W2ᵀ and W₀ = W1ᵀ: B W + Wᵀ Bᵀ − W₀ W₀ᵀ.)
 *
 * W2 B is linear in the weights, so only the second-order part of W1ᵀ W1 changes C. The drift is known exactly:
 *
 *   C_end − C_start = −Σ ΔW1ᵀ ΔW1 = −η² Σ ‖x‖² (e B)ᵀ (e B).
 *
 * At equal η × updates the number of terms in the sum is ∝ 1/η, so the drift is ∝ η.
 */
async function driftOf(
  compute: Compute,
  seed: number,
  { rate, steps }: (typeof SETTINGS)[number],
  tick: () => Promise<void>,
): Promise<{ drift: number; unexplained: number }> {
  const task = new LinearTask(compute, { rule: 'feedback-alignment', hidden: HIDDEN, rate, seed });
  const squaredUpdates = compute.allocate([HIDDEN, HIDDEN]);
  const observer: StepObserver = {
    ...UNSEEN,
    term(parameter, term) {
      if (parameter !== task.first || term.kind !== 'outer' || !term.pre) return;
      let power = 0;
      for (const value of term.pre.data) power += value ** 2;
      compute.matmul(squaredUpdates, term.post, term.post, {
        transposeA: true,
        alpha: (rate * (term.factor ?? 1)) ** 2 * power,
        beta: 1,
      });
    },
  };
  const before = conserved(compute, task);
  await task.learn(steps, tick, observer);
  const after = conserved(compute, task);
  const drift = after.conserved.map((value, index) => value - (before.conserved[index] as number));
  const unexplained = drift.map((value, index) => value + (squaredUpdates.data[index] as number));
  task.dispose();
  compute.free(squaredUpdates);
  return { drift: norm(drift) / norm(after.gram), unexplained: norm(unexplained) / norm(drift) };
}

/** Computes C and W1ᵀ W1, row by row. */
function conserved(compute: Compute, task: LinearTask): { conserved: number[]; gram: number[] } {
  return compute.scope(() => {
    const square = (): Tensor => compute.temporary([HIDDEN, HIDDEN]);
    const loop = square();
    task.second.feedback?.send(compute, loop, task.second.weights);
    const transposed = square();
    compute.transpose(transposed, loop);
    const gram = square();
    compute.matmul(gram, task.first.weights, task.first.weights, { transposeA: true });
    const sum = square();
    compute.add(sum, loop, transposed);
    compute.subtract(sum, sum, gram);
    return { conserved: sum.toArray(), gram: gram.toArray() };
  });
}

const UNSEEN: StepObserver = { phase: () => {}, error: () => {}, term: () => {}, stage: () => {} };

const norm = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));

const invariant: Claim = {
  id: 'lillicrap2016-invariant',
  title: 'What feedback alignment conserves',
  systems: ['S08'],
  checks: [3],
  source: 'lillicrap2016',
  provenance: 'derived',
  statement:
    'In a linear network feedback alignment conserves B W + (B W)ᵀ − W₀ W₀ᵀ (W₀ the first layer, W the second) as the learning rate goes to 0; at a finite rate this drifts in proportion to the rate.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'order',
      statement:
        'Exponent with which the drift grows with η, between η 0.0001 and 0.0005, mean over the seeds',
      unit: '',
      expected: { minimum: 0.95, maximum: 1.05, text: '1 ± 0.05' },
    },
    ...(
      [
        ['drift-5e-3', 0.32],
        ['drift-5e-4', 0.03],
        ['drift-1e-4', 0.006],
      ] as const
    ).map(([id, figure]) => ({
      id,
      statement: `Drift at η ${String(rateOf(id))}, relative to the norm of W₀ W₀ᵀ at the end, mean over the seeds`,
      unit: '',
      expected: {
        minimum: rounded(figure * 0.75),
        maximum: rounded(figure * 1.25),
        text: `about ${figure}, ± 25 %`,
      },
    })),
    {
      id: 'unexplained',
      statement:
        'Share of the drift that the squared updates −Σ ΔW₀ ΔW₀ᵀ do not explain, largest over seeds and rates',
      unit: '',
      expected: { maximum: 1e-10, text: 'below 10⁻¹⁰: rounding alone' },
    },
  ],
  async run(context) {
    const { compute, seeds } = context;
    const tick = ticker(context, seeds.length * UPDATES);
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const values: Record<string, number> = { unexplained: 0 };
      for (const setting of SETTINGS) {
        const { drift, unexplained } = await driftOf(compute, seed, setting, tick);
        values[setting.id] = drift;
        values.unexplained = Math.max(values.unexplained ?? 0, unexplained);
      }
      const [low, high] = [values['drift-1e-4'] as number, values['drift-5e-4'] as number];
      values.order = Math.log(high / low) / Math.log(5);
      perSeed.push({ seed, values });
    }
    const column = (name: string) => perSeed.map(({ values }) => values[name] as number);
    const ids = ['order', ...SETTINGS.map(({ id }) => id)];
    return {
      measured: {
        ...Object.fromEntries(ids.map((id) => [id, mean(column(id))])),
        unexplained: Math.max(...column('unexplained')),
      },
      perSeed,
      note:
        'Networks differ: at η 0.005 over a hundred seeds the mean drift is 0.289, standard deviation 0.017. ' +
        'There it is no longer quite proportional to η: it is 10.6 times the drift at a tenth of the rate.',
    };
  },
};

function rateOf(id: string): number | undefined {
  return SETTINGS.find((setting) => setting.id === id)?.rate;
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

export const lillicrap2016Invariant: readonly Claim[] = [invariant];
