import { estimatorStatistics } from '../../../analysis/estimator.ts';
import { lineFit } from '../../../analysis/line-fit.ts';
import { randomBatch } from '../../../training/random-batch.ts';
import { meanInterval } from '../../../analysis/statistics.ts';
import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { backpropagate } from '../../../dynamics/feedforward/feedforward.ts';
import { backpropagation } from '../../../rules/exact/backpropagation.ts';
import { Learner } from '../../../learning/learner.ts';
import type { Batch } from '../../../learning/learner.ts';
import { nodePerturbation } from '../../../rules/scalar/node-perturbation.ts';
import type { Rule } from '../../../learning/rule.ts';
import { weightPerturbation } from '../../../rules/scalar/weight-perturbation.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Claim, ClaimContext, Condition, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

/**
 * Growth with network size of an update's variance over the rule's noise, relative to the squared gradient. For one
 * example and noise that tends to 0, the moments in ren2023-variance.ts give:
 *
 *   weight perturbation, n synapses:  Σ Var g / ‖∇‖² = n + 1, whatever the network.
 *   node perturbation, layers l of q_l units, Q in all:  g_l = h_{l−1} ⊗ ξ_l (δ·ξ)/σ², with δ the gradients of all units'
 *   inputs end to end, so that with H_l = ‖h_{l−1}‖², D_l = ‖δ_l‖² and D = Σ D_l
 *
 *     Σ Var g_l = H_l (q_l D + D_l),   ‖∇_l‖² = H_l D_l,
 *     Σ Var g / ‖∇‖² = 1 + D Σ H_l q_l / Σ H_l D_l.
 *
 * If every layer receives the same H, this is Q + 1; if the ratios of the H_l, and of the D_l, do not depend on the width,
 * it is proportional to Q up to the 1. The networks are therefore square stacks w-w-w-w with Glorot's initialisation:
 * each H_l is w times a constant of the layer, and each D_l is a constant. Units are tanh, since narrow stacks of
 * rectified units are silent on some examples. On 20-w-w-2 the exponent is not 1 at any finite width: the first layer
 * receives 20 and the others receive in proportion to w. The synapses that receive less thus carry most of the gradient
 * in narrow networks and little of it in wide ones. For that family the formula itself is tested.
 */
const WIDTHS = [8, 32, 160, 800];
const square = (width: number): number[] => [width, width, width, width];
const LAW_WIDTHS = [8, 32, 128, 512];
const narrow = (width: number): number[] => [20, width, width, 2];

const NOISE = 1e-3;
const SEEDS = seedsUpTo(20);

/** Networks measured for each seed. */
const NETWORKS = 2 * WIDTHS.length + LAW_WIDTHS.length;

/** Updates drawn per rule: more for node perturbation, whose updates cost less. */
const WEIGHTS = {
  rule: weightPerturbation,
  options: { noise: NOISE, samples: 1, twoSided: false },
  updates: 20,
};
const UNITS = {
  rule: nodePerturbation,
  options: { noise: NOISE, samples: 1, baseline: 'clean' },
  updates: 60,
};
const BACKPROP = { rule: backpropagation, options: {}, updates: 20 };

interface Subject {
  readonly rule: Rule;
  readonly options: unknown;
  /** Number of updates drawn. */
  readonly updates: number;
  readonly layers: readonly number[];
  readonly seed: number;
}

/** Calls `look` with a rule on a fresh stack and one example. */
function withNetwork<Result>(
  compute: Compute,
  { rule, options, layers, seed }: Subject,
  look: (learner: Learner, example: Batch) => Result,
): Result {
  const learner = new Learner(compute, {
    specification: stack({ layers, activation: 'tanh', objective: 'cross-entropy', bias: false }),
    rule,
    options,
    optimiserOf: () => plainDescent(0),
    seed,
    epochs: 1,
  });
  try {
    return compute.scope(() =>
      look(
        learner,
        randomBatch(compute, {
          inputs: layers[0] as number,
          classes: layers.at(-1) as number,
          examples: 1,
          seed,
          index: 0,
        }),
      ),
    );
  } finally {
    learner.dispose();
  }
}

/** Returns Σ Var g / ‖∇‖² of the whole network, the network's sizes, and the formula for node perturbation. */
function measure(compute: Compute, subject: Subject) {
  return withNetwork(compute, subject, (learner, example) => {
    const row = estimatorStatistics(compute, learner, example, subject.updates).at(-1);
    if (!row?.gradientPower) throw new Error('The example has no gradient.');
    const { units, synapses } = row;
    const relative = row.variance.value / row.gradientPower;
    return { units, synapses, relative, formula: nodeFormula(learner, example) };
  });
}

/** Returns 1 + D Σ H_l q_l / Σ H_l D_l, from the products h_{l−1} ⊗ δ_l of the exact gradient. */
function nodeFormula(learner: Learner, example: Batch): number {
  let [all, received, gradient] = [0, 0, 0];
  learner.estimate(
    example,
    0,
    (terms) => {
      for (const projection of learner.network.projections) {
        const [term] = terms.get(projection) ?? [];
        if (term?.kind !== 'outer' || !term.pre) throw new Error('Backpropagation emitted no product.');
        const [h, d] = [power(term.pre), power(term.post)];
        all += d;
        received += h * projection.to.units;
        gradient += h * d;
      }
    },
    backpropagate,
  );
  return 1 + (all * received) / gradient;
}

const power = (tensor: Tensor): number => tensor.toArray().reduce((sum, value) => sum + value ** 2, 0);

const exponentOf = (points: readonly (readonly [size: number, variance: number])[]): number =>
  lineFit(points.map(([size, variance]) => [Math.log(size), Math.log(variance)] as const)).slope;

/** Returns the distance from 1 of the farther end of the mean's 95 % interval. */
function farthestFromOne(values: readonly number[]): number {
  const { mean: average, interval } = meanInterval(values);
  return Math.abs(average - 1) + (interval ?? Infinity);
}

const exponent = (id: string, rule: string, size: string): [Condition, Condition] => [
  {
    id,
    statement: `Exponent of the relative variance of ${rule} with the ${size} of w-w-w-w, w from ${WIDTHS[0]} to ${WIDTHS.at(-1)}, mean over the seeds`,
    unit: '',
    expected: { minimum: 0.9, maximum: 1.1, text: '1 ± 0.1' },
  },
  {
    id: `${id}-interval`,
    statement: 'Distance from 1 of the farther end of the 95 % interval of that exponent',
    unit: '',
    expected: { maximum: 0.1, text: 'at most 0.1' },
  },
];

const growth: Claim = {
  id: 'ren2023-growth',
  title: 'The noise of weight perturbation grows with the synapses, that of node perturbation with the units',
  systems: ['S04', 'S05'],
  checks: [24, 25],
  source: 'ren2023',
  provenance: 'derived',
  statement:
    'Relative to the squared gradient, the variance of an update is proportional to the number of synapses for weight perturbation, and to the number of units for node perturbation if all layers receive equal power.',
  tier: 'quick',
  backend: 'wasm',
  seeds: SEEDS,
  conditions: [
    ...exponent('units', 'node perturbation', 'units'),
    ...exponent('synapses', 'weight perturbation', 'synapses'),
    {
      id: 'formula',
      statement: `Relative variance of node perturbation over 1 + D Σ H q / Σ H D on 20-w-w-2, w from ${LAW_WIDTHS[0]} to ${LAW_WIDTHS.at(-1)}, mean over the seeds and widths`,
      unit: '',
      expected: { minimum: 0.9, maximum: 1.1, text: '1 ± 0.1' },
    },
  ],
  async run({ compute, seeds, progress }: ClaimContext) {
    const perSeed: SeedValues[] = [];
    const narrowExponents: { measured: number; formula: number }[] = [];
    for (const [index, seed] of seeds.entries()) {
      let done = 0;
      const measureAll = async (arm: Omit<Subject, 'layers' | 'seed'>, networks: readonly number[][]) => {
        const found: ReturnType<typeof measure>[] = [];
        for (const layers of networks) {
          found.push(measure(compute, { ...arm, layers, seed }));
          await progress((index + ++done / NETWORKS) / seeds.length);
        }
        return found;
      };
      const ofWeights = await measureAll(WEIGHTS, WIDTHS.map(square));
      const ofUnits = await measureAll(UNITS, WIDTHS.map(square));
      const ofNarrow = await measureAll(UNITS, LAW_WIDTHS.map(narrow));
      perSeed.push({
        seed,
        values: {
          units: exponentOf(ofUnits.map(({ units, relative }) => [units, relative])),
          synapses: exponentOf(ofWeights.map(({ synapses, relative }) => [synapses, relative])),
          formula: mean(ofNarrow.map(({ relative, formula }) => relative / formula)),
        },
      });
      narrowExponents.push({
        measured: exponentOf(ofNarrow.map(({ units, relative }) => [units, relative])),
        formula: exponentOf(ofNarrow.map(({ units, formula }) => [units, formula])),
      });
    }
    const column = (id: string) => perSeed.map(({ values }) => values[id] as number);
    return {
      measured: {
        units: mean(column('units')),
        'units-interval': farthestFromOne(column('units')),
        synapses: mean(column('synapses')),
        'synapses-interval': farthestFromOne(column('synapses')),
        formula: mean(column('formula')),
      },
      perSeed,
      details: {
        'exponent with the units of 20-w-w-2, measured': mean(
          narrowExponents.map(({ measured }) => measured),
        ),
        'exponent with the units of 20-w-w-2, by the formula': mean(
          narrowExponents.map(({ formula }) => formula),
        ),
      },
      note:
        `${UNITS.updates} updates of node and ${WEIGHTS.updates} of weight perturbation with σ = ${NOISE} for each seed and network, on one example x ~ N(0, I) with a random label. ` +
        'On 20-w-w-2 the exponent of node perturbation is below 1, since the first layer receives less than the others and ' +
        'has a smaller share of the whole in wider networks, as the formula predicts.',
    };
  },
};

const noNoise: Claim = {
  id: 'ren2023-backprop-has-no-noise',
  title: 'Backpropagation adds no noise',
  systems: ['S01'],
  checks: [],
  source: 'ren2023',
  provenance: 'derived',
  statement:
    'On one fixed example the estimate of backpropagation has variance 0, whatever the size of the network.',
  tier: 'exact',
  backend: 'wasm',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'variance',
      statement: `Variance of an update on w-w-w-w, w from ${WIDTHS[0]} to ${WIDTHS.at(-1)}, largest over widths and seeds`,
      unit: '',
      expected: { minimum: 0, maximum: 0, text: 'exactly 0' },
    },
  ],
  async run({ compute, seeds, progress }: ClaimContext) {
    const perSeed: SeedValues[] = [];
    for (const [index, seed] of seeds.entries()) {
      const variances: number[] = [];
      for (const width of WIDTHS) {
        const { relative } = measure(compute, { ...BACKPROP, layers: square(width), seed });
        variances.push(relative);
        await progress((index + variances.length / WIDTHS.length) / seeds.length);
      }
      perSeed.push({ seed, values: { variance: Math.max(...variances) } });
    }
    return {
      measured: { variance: Math.max(...perSeed.map(({ values }) => values['variance'] as number)) },
      perSeed,
    };
  },
};

export const ren2023Growth: readonly Claim[] = [growth, noNoise];
