import { serialWeightPerturbation } from '../../../rules/scalar/serial-weight-perturbation.ts';
import type { Rule } from '../../../learning/rule.ts';
import { weightPerturbation } from '../../../rules/scalar/weight-perturbation.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, ClaimContext, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { Perceptron } from '../../fixtures/perceptron.ts';

const INPUTS = 10;
const OUTPUTS = 10;
const SYNAPSES = INPUTS * OUTPUTS;
/** Value to which e = ‖W − W*‖² must fall from 1 for learning to end. */
const TARGET = 0.01;
/** Size of a perturbation: small enough to measure only the slope. */
const MOVE = 1e-6;

/**
 * The error e of a linear perceptron with N inputs x ~ N(0, I), M outputs, n = NM synapses (see werfel2005-curves.ts).
 * Perturbations that measure ĝ tend to 0, and an update takes two passes: one clean, one perturbed.
 *
 *   parallel:  ĝ = V (∇·V), V ~ N(0, I) of n:     e′ = [1 − 2η + (n + 2)(N + 2) η²] e
 *   serial:    ĝ = ∇_i of one random synapse i:   e′ = [1 − 2η/n + (N + 2) η²/n] e
 *
 * by E ĝ = ∇/n and E‖ĝ‖² = ‖∇‖²/n for the serial rule. The smallest e′ is at
 *
 *   parallel:  η = 1/((n + 2)(N + 2)),   e′/e = 1 − 1/((n + 2)(N + 2))
 *   serial:    η = 1/(N + 2),            e′/e = 1 − 1/(n(N + 2))
 *
 * The parallel rule perturbs all synapses at once, but its step must be n + 2 times smaller, since to each synapse all
 * others are noise. To reach a given error the serial rule needs n/(n + 2) of the passes of the parallel rule.
 *
 * The same holds if the clean pass is shared. With S synapses per update, the smallest e′/e is
 * 1 − S/((N + 2)(n + S − 1)); with S averaged jitters, it is 1 − S/((N + 2)(n + 2 + S − 1)).
 */
const ARMS = {
  serial: {
    rule: serialWeightPerturbation,
    options: { move: MOVE, synapses: 1, change: 'gradient' },
    bestRate: 1 / (INPUTS + 2),
    lossOfUpdate: 1 / (SYNAPSES * (INPUTS + 2)),
  },
  parallel: {
    rule: weightPerturbation,
    options: { noise: MOVE, samples: 1, twoSided: false },
    bestRate: 1 / ((SYNAPSES + 2) * (INPUTS + 2)),
    lossOfUpdate: 1 / ((SYNAPSES + 2) * (INPUTS + 2)),
  },
} as const satisfies Record<string, { rule: Rule; options: unknown; bestRate: number; lossOfUpdate: number }>;
type Arm = keyof typeof ARMS;
const NAMES: readonly Arm[] = ['serial', 'parallel'];

/** Step sizes that both arms try: 1, 1/√2, 1/2, … 1/4096, on examples that the reported seeds do not use. */
const RATES = Array.from({ length: 25 }, (_, index) => 2 ** (-index / 2));
const SEARCH_SEEDS = [1000, 1001, 1002];
const SEEDS = seedsUpTo(20);
const PASSES_OF_UPDATE = 2;
const predictedPasses = (arm: Arm): number =>
  (PASSES_OF_UPDATE * Math.log(TARGET)) / Math.log1p(-ARMS[arm].lossOfUpdate);
/** Number of passes after which a trial is stopped, for both arms alike. */
const MOST_PASSES = 40_000;
/** Updates between two measurements of the error. */
const MEASURED_EVERY = 20;

/** Counts forward passes per example, as the learner does, until the error reaches TARGET; infinite if never. */
function passesToTarget(compute: Compute, arm: Arm, rate: number, seed: number): number {
  const { rule, options } = ARMS[arm];
  const perceptron = new Perceptron(compute, { inputs: INPUTS, outputs: OUTPUTS, rule, options, rate, seed });
  const { learner } = perceptron;
  try {
    for (let step = 0; learner.passes < MOST_PASSES; step++) {
      compute.scope(() => learner.learn(perceptron.example(step), step, 0));
      if ((step + 1) % MEASURED_EVERY !== 0) continue;
      const error = perceptron.error();
      if (error <= TARGET) return learner.passes;
      if (!(error < 100)) return Infinity;
    }
    return Infinity;
  } finally {
    perceptron.dispose();
  }
}

const near = (id: Arm, rule: string) => ({
  id: `${id}-theory`,
  statement: `Passes of ${rule} at the theoretically best step over those that theory predicts, mean over the seeds`,
  unit: '',
  expected: { minimum: 0.9, maximum: 1.1, text: '1 ± 0.1' },
});

const equalRates: Claim = {
  id: 'werfel2005-serial-and-parallel',
  title: 'Perturbing one synapse at a time or all at once takes equally many passes',
  systems: ['S03', 'S04'],
  checks: [46],
  source: 'werfel2005',
  provenance: 'derived',
  statement:
    'Each at its best step, serial and parallel weight perturbation bring a linear perceptron of n synapses to a given error in numbers of forward passes with ratio n/(n + 2).',
  tier: 'quick',
  backend: 'reference',
  seeds: SEEDS,
  conditions: [
    {
      id: 'ratio',
      statement: `Passes to ${TARGET} of the first error, serial over parallel, each at the best of ${RATES.length} steps; ratio of the means over the seeds, n = ${SYNAPSES}`,
      unit: '',
      expected: { minimum: 0.5, maximum: 2, text: '1/2 to 2' },
    },
    near('serial', 'serial perturbation'),
    near('parallel', 'parallel perturbation'),
  ],
  async run({ compute, seeds, progress }: ClaimContext) {
    const total = NAMES.length * (RATES.length * SEARCH_SEEDS.length + 2 * seeds.length);
    let done = 0;
    const passes = async (arm: Arm, rate: number, ofSeeds: readonly number[]): Promise<number[]> => {
      const all: number[] = [];
      for (const seed of ofSeeds) {
        all.push(passesToTarget(compute, arm, rate, seed));
        await progress(++done / total);
      }
      return all;
    };
    const found = { serial: NaN, parallel: NaN };
    const searched = { serial: [NaN], parallel: [NaN] };
    const theory = { serial: [NaN], parallel: [NaN] };
    for (const arm of NAMES) {
      let fewest = Infinity;
      for (const rate of RATES) {
        const needed = mean(await passes(arm, rate, SEARCH_SEEDS));
        if (needed < fewest) [fewest, found[arm]] = [needed, rate];
      }
      searched[arm] = await passes(arm, found[arm], seeds);
      theory[arm] = await passes(arm, ARMS[arm].bestRate, seeds);
    }
    const perSeed = seeds.map((seed, index): SeedValues => {
      const at = (values: readonly number[]) => values[index] as number;
      return {
        seed,
        values: {
          ratio: at(searched.serial) / at(searched.parallel),
          'serial-theory': at(theory.serial) / predictedPasses('serial'),
          'parallel-theory': at(theory.parallel) / predictedPasses('parallel'),
        },
      };
    });
    return {
      measured: {
        ratio: mean(searched.serial) / mean(searched.parallel),
        'serial-theory': mean(theory.serial) / predictedPasses('serial'),
        'parallel-theory': mean(theory.parallel) / predictedPasses('parallel'),
      },
      perSeed,
      details: {
        'passes, serial': mean(searched.serial),
        'passes, parallel': mean(searched.parallel),
        'passes by theory, serial': predictedPasses('serial'),
        'passes by theory, parallel': predictedPasses('parallel'),
        'step found, serial': found.serial,
        'step found, parallel': found.parallel,
        'step by theory, serial': ARMS.serial.bestRate,
        'step by theory, parallel': ARMS.parallel.bestRate,
      },
      note:
        `Both arms tried the same ${RATES.length} steps from 1 to 1/4096 on ${SEARCH_SEEDS.length} other seeds, with at most ` +
        `${MOST_PASSES} passes a trial. The theory is about the mean error; the error of a single run falls slightly faster.`,
    };
  },
};

export const werfel2005Serial: readonly Claim[] = [equalRates];
