import { settlingRates } from '../../../dynamics/settling/settling-rates.ts';
import type { Area } from '../../../network/area.ts';
import { recurrentBackpropagateBy } from '../../../dynamics/settling/recurrent-backpropagation.ts';
import { contrastiveHebbian } from '../../../rules/equilibrium/contrastive-hebbian.ts';
import { generec } from '../../../rules/temporal-error/generec.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { compareGradients, SettledNetwork, twelveUnits } from '../../fixtures/settled-network.ts';

type Gradients = ReadonlyMap<string, readonly number[]>;

/** Options with feedback at full strength and enough steps to reach the fixed point in f64. */
const SETTLED = { gain: 1, freeSteps: 4000, clampedSteps: 4000, tolerance: 1e-13 } as const;
const SEEDS = seedsUpTo(10);

/** Returns twelve fully connected units under GeneRec, with feedback weights that start as the forward transposes. */
function mirrored(compute: Compute, variant: 'plain' | 'midpoint', seed: number): SettledNetwork {
  const options = { ...SETTLED, variant, weights: 'separate' };
  const subject = new SettledNetwork(compute, generec, twelveUnits(true), options, seed);
  for (const projection of subject.learner.network.projections) {
    if (projection.feedback) projection.exactFeedback(compute, projection.feedback.weights);
  }
  return subject;
}

/** Adds the update of every matrix's feedback to the matrix's own, for every parameter but feedback. */
function bothDirections({ learner }: SettledNetwork, gradients: Gradients): Gradients {
  const sums = new Map(gradients);
  for (const { id, feedback } of learner.network.projections) {
    if (!feedback) continue;
    const [forward, back] = [gradients.get(id) ?? [], gradients.get(feedback.id) ?? []];
    const { rows, columns } = feedback.weights;
    const transposed = (i: number): number => back[(i % rows) * columns + Math.floor(i / rows)] ?? NaN;
    sums.set(
      id,
      forward.map((value, i) => value + transposed(i)),
    );
    sums.delete(feedback.id);
  }
  return sums;
}

const sum: Claim = {
  id: 'oreilly1996-midpoint-sum',
  title: 'GeneRec’s midpoint updates of both directions add up to contrastive Hebbian learning',
  systems: ['S15'],
  checks: [11],
  source: 'oreilly1996',
  provenance: 'derived',
  statement:
    'In a settled network, the midpoint updates of a forward weight and of the corresponding feedback weight sum to x⁺y⁺ − x⁻y⁻.',
  tier: 'exact',
  backend: 'reference',
  seeds: SEEDS,
  conditions: [
    {
      id: 'error',
      statement:
        'Relative difference of the sum of GeneRec’s updates of both directions from the update of the one matrix by contrastive Hebbian learning, largest over the seeds',
      unit: '',
      expected: { maximum: 1e-12, text: 'below 1e-12' },
    },
    {
      id: 'plain',
      statement: 'The same for the plain form, which leaves out Δx Δy, smallest over the seeds',
      unit: '',
      expected: { minimum: 1e-4, text: 'above 1e-4' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const tied = new SettledNetwork(compute, contrastiveHebbian, twelveUnits(true), SETTLED, seed);
      const hebbian = tied.gradients();
      tied.dispose();
      const [error, plain] = (['midpoint', 'plain'] as const).map((variant) => {
        const subject = mirrored(compute, variant, seed);
        const { error: found } = compareGradients(bothDirections(subject, subject.gradients()), hebbian);
        subject.dispose();
        return found;
      }) as [number, number];
      perSeed.push({ seed, values: { error, plain } });
      await progress(perSeed.length / seeds.length);
    }
    const all = (name: string) => perSeed.map(({ values }) => values[name] as number);
    return {
      measured: { error: Math.max(...all('error')), plain: Math.min(...all('plain')) },
      perSeed,
      note: 'Twelve logistic units, 4-5-3, with every pair joined; separate feedback weights equal to the transposed forward weights; outputs free and then held at random targets; feedback gain 1.',
    };
  },
};

const exactGradient = recurrentBackpropagateBy(settlingRates);

/** Moves the targets to y − share · δ, with δ (batch, units) the errors of the outputs by recurrent backpropagation. */
function aimAlongError({ learner, batch }: SettledNetwork, share: number): void {
  const output = learner.network.objectives[0]?.area as Area;
  let delta: number[] = [];
  learner.estimate(
    batch,
    0,
    (terms) => {
      const [term] = (output.bias && terms.get(output.bias)) ?? [];
      if (term?.kind !== 'outer') throw new Error('The reference emitted no error for the outputs.');
      const scale = (term.factor ?? 1) * batch.inputs.rows;
      delta = term.post.toArray().map((value) => scale * value);
    },
    exactGradient,
  );
  learner.respond(batch.inputs, (phase) => {
    const rates = phase.output(output).toArray();
    batch.targets.set(rates.map((value, i) => value - share * (delta[i] ?? NaN)));
  });
}

/**
 * Returns the relative error of the update, divided by the share, with respect to the exact gradient, and the angle of the
 * update towards the targets themselves, in degrees.
 */
function measure(compute: Compute, variant: 'plain' | 'midpoint', share: number, seed: number) {
  const subject = mirrored(compute, variant, seed);
  const exact = subject.gradients(exactGradient);
  const { cosine } = compareGradients(subject.gradients(), exact);
  aimAlongError(subject, share);
  const update = new Map(
    [...subject.gradients()].map(([id, values]) => [id, values.map((value) => value / share)]),
  );
  subject.dispose();
  const { error } = compareGradients(update, exact);
  return { error, angle: (Math.acos(Math.min(1, cosine)) * 180) / Math.PI };
}

const limit: Claim = {
  id: 'oreilly1996-recurrent-backprop',
  title: 'GeneRec is recurrent backpropagation for outputs moved slightly along the error',
  systems: ['S15'],
  checks: [11],
  source: 'oreilly1996',
  provenance: 'derived',
  statement:
    'With symmetric weights, the response of activity to a small movement of the outputs obeys the adjoint equation: outputs moved by −t δ change every synapse by −t times the gradient of the settled cost, up to an error of order t.',
  tier: 'exact',
  backend: 'reference',
  seeds: SEEDS,
  conditions: [
    {
      id: 'error',
      statement:
        'Relative error of the plain update at t = 0.001, feedback weights included, largest over the seeds',
      unit: '',
      expected: { maximum: 0.002, text: 'below 0.002' },
    },
    {
      id: 'ratio',
      statement: 'Relative error of the plain update at t = 0.01 over that at 0.001, mean over the seeds',
      unit: '',
      expected: { minimum: 9.5, maximum: 10.5, text: '9.5 to 10.5' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const coarse = measure(compute, 'plain', 0.01, seed);
      const fine = measure(compute, 'plain', 0.001, seed);
      const midpoint = measure(compute, 'midpoint', 0.001, seed);
      const values = {
        error: fine.error,
        ratio: coarse.error / fine.error,
        midpoint: midpoint.error,
        'angle, plain': fine.angle,
        'angle, midpoint': midpoint.angle,
      };
      perSeed.push({ seed, values });
      await progress(perSeed.length / seeds.length);
    }
    const all = (name: string) => perSeed.map(({ values }) => values[name] as number);
    return {
      measured: { error: Math.max(...all('error')), ratio: mean(all('ratio')) },
      perSeed,
      details: {
        'relative error of the midpoint change at t = 0.001, mean': mean(all('midpoint')),
        'angle of the plain change with outputs held at the targets, mean': mean(all('angle, plain')),
        'angle of the midpoint change with outputs held at the targets, mean': mean(all('angle, midpoint')),
      },
      note: 'The network of oreilly1996-midpoint-sum. Angles to the gradient in degrees: outputs held at the targets themselves move by −∂C/∂y, which leaves out the slope of the outputs and the loops through and among them.',
    };
  },
};

export const oreilly1996Generec: readonly Claim[] = [sum, limit];
