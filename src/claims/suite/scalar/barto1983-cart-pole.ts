import { cartPole } from '../../../environments/cart-pole.ts';
import { parseConfig } from '../../../config/config.ts';
import { ControlTraining } from '../../../training/control/control-training.ts';
import { CONTROL_PRESETS } from '../../../config/control-presets.ts';
import { backpropagation } from '../../../rules/exact/backpropagation.ts';
import { feedbackAlignment } from '../../../rules/feedback/feedback-alignment.ts';
import { nodePerturbation } from '../../../rules/scalar/node-perturbation.ts';
import type { Rule } from '../../../learning/rule.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, ClaimContext, Curve, SeedValues } from '../../claim.ts';
import { seedsUpTo } from '../../fixtures/linear-task.ts';

const RULES: readonly Rule[] = [backpropagation, feedbackAlignment, nodePerturbation];
const SEEDS = seedsUpTo(5);
const SOLVED = 475;
const PRESET = CONTROL_PRESETS.find(({ id }) => id === 'cart-pole')?.config ?? {};
/** Updates between two words on progress: about a twentieth of a second. */
const SLICE = 5;

/** Mean returns of 100 fresh episodes, greedy, epoch by epoch of a run of the preset "cart-pole"; actor and critic by one rule. */
async function returnsOf(
  compute: Compute,
  rule: Rule,
  seed: number,
  tick: (share: number) => Promise<void>,
): Promise<[number, number][]> {
  const config = parseConfig({ ...PRESET, rule: rule.id, seed, probe: { every: 0 } });
  const rules = { actor: rule, critic: rule };
  const returns: [number, number][] = [];
  const training = new ControlTraining({
    compute,
    environment: cartPole,
    config,
    rules,
    record(record) {
      if (record.kind === 'evaluation') returns.push([record.epoch, record.metrics?.['return'] ?? NaN]);
    },
  });
  try {
    while (!training.done) {
      training.advance(SLICE, () => 0);
      await tick(training.step / training.totalSteps);
    }
    return returns;
  } finally {
    training.dispose();
  }
}

const condition = ({ id }: Rule, words: string) => ({
  id,
  statement: `seeds of ${SEEDS.length} after which the mean return of 100 fresh episodes is at least ${SOLVED}, actor and critic by ${words}`,
  unit: '',
  expected: { minimum: 4, maximum: SEEDS.length, text: `at least 4 of ${SEEDS.length}` },
});

const solved: Claim = {
  id: 'barto1983-cart-pole',
  title: 'Actor and critic on the cart-pole, by three rules',
  systems: ['S07'],
  checks: [],
  source: 'barto1983',
  provenance: 'calibrated',
  statement:
    'An actor that is taught by a critic learns to balance the pole, whether both learn by backpropagation, by feedback alignment or by node perturbation.',
  tier: 'quick',
  backend: 'wasm',
  seeds: SEEDS,
  conditions: [
    condition(nodePerturbation, 'node perturbation'),
    condition(feedbackAlignment, 'feedback alignment'),
    condition(backpropagation, 'backpropagation'),
  ],
  async run({ compute, seeds, progress }: ClaimContext) {
    const perSeed: SeedValues[] = [];
    const curves: Curve[] = [];
    for (const [row, seed] of seeds.entries()) {
      const values: Record<string, number> = {};
      for (const [column, rule] of RULES.entries()) {
        const done = row * RULES.length + column;
        const points = await returnsOf(compute, rule, seed, (share) =>
          progress((done + share) / (seeds.length * RULES.length)),
        );
        values[rule.id] = points.at(-1)?.[1] ?? NaN;
        curves.push({ name: rule.title, seed, horizontal: 'epoch', vertical: 'mean return', points });
      }
      perSeed.push({ seed, values });
    }
    return {
      measured: Object.fromEntries(
        RULES.map(({ id }) => [id, perSeed.filter(({ values }) => (values[id] as number) >= SOLVED).length]),
      ),
      perSeed,
      curves,
      note:
        'The preset "cart-pole" for all three rules: networks 4-32-2 and 4-32-1, 1.2 million steps. Its rate, λ and γ were ' +
        'chosen once for all rules, on other seeds (10 to 12). Values by seed are returns.',
    };
  },
};

export const barto1983CartPole: readonly Claim[] = [solved];
