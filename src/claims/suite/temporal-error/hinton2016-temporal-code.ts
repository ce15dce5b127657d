import { angleFrom } from '../../../analysis/angle.ts';
import { lineFit } from '../../../analysis/line-fit.ts';
import type { Area } from '../../../network/area.ts';
import { Sequence, stream } from '../../../random/stream.ts';
import { backpropagate } from '../../../dynamics/feedforward/feedforward.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, Curve, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { BalancedNetwork, meanOf, present, SMALLEST } from '../../fixtures/temporal-code.ts';
import type { Course, ReadOff, Synapse } from '../../fixtures/temporal-code.ts';
import { relativeDifference, updatesOf } from '../../fixtures/updates.ts';

/** Blend t of the spiking presentations: large, so that the change stands out from the noise. */
const BLEND = 0.5;
const PRESENTATIONS = 8192;
/** Numbers of presentations that are averaged; all but the largest are measured many times. */
const COUNTS = [8, 32, 128, 512, 1024] as const;
/** Size of the random move, up or down, of every input unit while the top changes to the blend. */
const MOVE = 0.3;

const LEVELS = ['hidden1', 'hidden2', 'output'] as const;

/** Returns the relative difference of the rule's update from backpropagation, for all levels but not for top-down biases. */
function distance(compute: Compute, blend: number, seed: number): number {
  const network = new BalancedNetwork(compute, blend, seed);
  const { learner, batch } = network;
  const difference = compute.scope(() => {
    const exact = updatesOf(compute, learner, batch, backpropagate);
    const own = updatesOf(compute, learner, batch);
    const shared = [...exact].flatMap(([id, gradient]) => own.get(id) ?? gradient.map(() => 0));
    return relativeDifference(shared, [...exact.values()].flat());
  });
  network.dispose();
  return difference;
}

/** Returns −∂E/∂w of every synapse. */
function descentOf(compute: Compute, { learner, batch, synapses }: BalancedNetwork): number[] {
  const gradients = updatesOf(compute, learner, batch, backpropagate);
  return synapses.map(
    ({ from, to, pre, post }) => -(gradients.get(`${from.id}→${to.id}`)?.[pre * to.units + post] ?? NaN),
  );
}

const inner = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? NaN), 0);
const less = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((value, index) => value - (b[index] ?? NaN));
const angle = (a: readonly number[], b: readonly number[]): number =>
  angleFrom(inner(a, b), inner(a, a), inner(b, b)) ?? NaN;
const norm = (values: readonly number[]): number => Math.sqrt(inner(values, values));

/** Returns the relative distance of means of `count` presentations from the expectation, root mean square over the means. */
function errorOf({ blocks, expected }: ReadOff, count: number): number {
  const size = count / SMALLEST;
  const means = Math.floor(blocks.length / size);
  let square = 0;
  for (let index = 0; index < means; index++) {
    square += norm(less(meanOf(blocks, index * size, size), expected)) ** 2;
  }
  return Math.sqrt(square / means) / norm(expected);
}

/** Returns for every synapse a change of rates, by area, times the mean presynaptic rate of a course. */
const withMeanOf = (
  synapses: readonly Synapse[],
  { before, after }: Course,
  change: ReadonlyMap<Area, readonly number[]>,
  factor: number,
): number[] =>
  synapses.map(({ from, to, pre, post }) => {
    const average = ((before.get(from)?.[pre] ?? NaN) + (after.get(from)?.[pre] ?? NaN)) / 2;
    return factor * average * (change.get(to)?.[post] ?? NaN);
  });

/** Reads errors from spikes with the input at rest, and with a moving input. */
async function readSpikes(compute: Compute, seed: number, progress: (share: number) => Promise<void>) {
  const network = new BalancedNetwork(compute, BLEND, seed);
  const { batch, synapses } = network;
  const [rates, velocities, descent] = [network.rates(), network.velocities(), descentOf(compute, network)];
  const draws = new Sequence(stream(seed, 'moving input'));
  const move = Array.from({ length: batch.inputs.size }, () => (draws.below(2) === 0 ? MOVE : -MOVE));
  const [moved, carried] = [network.ratesAfter(move), network.carried(move)];
  network.dispose();
  const blended = (from: typeof rates): typeof rates =>
    new Map(
      [...from].map(([area, before]) => [
        area,
        before.map((rate, unit) => rate + BLEND * (velocities.get(area)?.[unit] ?? 0)),
      ]),
    );
  const [rest, motion]: [Course, Course] = [
    { before: rates, after: blended(rates) },
    { before: rates, after: blended(moved) },
  ];
  const atRest = await present(synapses, rest, seed, PRESENTATIONS, (share) => progress(share / 2));
  const moving = await present(synapses, motion, seed + 1_000_000, PRESENTATIONS, (share) =>
    progress((1 + share) / 2),
  );
  const errors = COUNTS.map((count) => [count, errorOf(atRest, count)] as const);
  const error = withMeanOf(synapses, motion, velocities, BLEND);
  const contamination = withMeanOf(synapses, motion, carried, 1);
  const [restMean, movingMean] = [meanOf(atRest.blocks), meanOf(moving.blocks)];
  const largest = errors.at(-1) as readonly [number, number];
  return {
    errors,
    slope: lineFit(errors.map(([count, found]) => [Math.log(count), Math.log(found)] as const)).slope,
    angle: angle(restMean, descent),
    'noise over its law':
      (largest[1] * norm(atRest.expected)) /
      Math.sqrt(atRest.variance.reduce((sum, value) => sum + value, 0) / largest[0]),
    'angle, moving': angle(movingMean, descent),
    contaminated: inner(less(movingMean, error), contamination) / inner(contamination, contamination),
    ...Object.fromEntries(
      LEVELS.map((level) => {
        const atLevel = (values: readonly number[]) =>
          values.filter((_, index) => synapses[index]?.to.id === level);
        return [`contamination over error, ${level}`, norm(atLevel(contamination)) / norm(atLevel(error))];
      }),
    ),
  };
}

const code: Claim = {
  id: 'hinton2016-temporal-code',
  title: 'An axon carries activity and, as rate of change, the error, which spike timing reads out',
  systems: ['S13'],
  checks: [],
  source: 'hinton2016',
  provenance: 'derived',
  statement:
    'With y + t (target − y) at the top, dy/dt of every unit with equal top-down and bottom-up input is −∂E/∂(input of the unit). An antisymmetric spike-timing window reads pre × dy/dt from Poisson spikes on average. A unit that signals an error in this way cannot also signal a velocity by its rate of change.',
  tier: 'quick',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'derivative',
      statement:
        'Relative difference from the gradient of presynaptic rate times the change between the two top-down passes, all levels, at t = 0.001, largest over the seeds',
      unit: '',
      expected: { maximum: 0.001, text: 'below 0.001' },
    },
    {
      id: 'order',
      statement: 'The same at t = 0.01 over that at 0.001, mean over the seeds',
      unit: '',
      expected: { minimum: 9, maximum: 11, text: '9 to 11' },
    },
    {
      id: 'slope',
      statement:
        'Slope of the log error of the readout from spikes against the log number of presentations, 8 to 1024, mean over the seeds',
      unit: '',
      expected: { minimum: -0.52, maximum: -0.48, text: '−0.52 to −0.48' },
    },
    {
      id: 'angle',
      statement:
        'Angle of the readout from 8192 presentations at t = 0.5 to the direction of descent, largest over the seeds',
      unit: 'degrees',
      expected: { maximum: 10, text: 'below 10' },
    },
    {
      id: 'contaminated',
      statement:
        'Excess of the readout when the input moves by d, over ½ (x before + x after) ⊗ J d, mean over the seeds',
      unit: '',
      expected: { minimum: 0.95, maximum: 1.05, text: '0.95 to 1.05' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    const curves: Curve[] = [];
    for (const seed of seeds) {
      const derivative = distance(compute, 0.001, seed);
      const order = distance(compute, 0.01, seed) / derivative;
      const { errors, ...values } = await readSpikes(compute, seed, (share) =>
        progress((perSeed.length + share) / seeds.length),
      );
      perSeed.push({ seed, values: { derivative, order, ...values } });
      curves.push({
        ...{ name: 'readout from spikes', seed, horizontal: 'presentations', vertical: 'relative error' },
        points: errors,
      });
    }
    const all = (name: string) => perSeed.map(({ values }) => values[name] as number);
    return {
      measured: {
        derivative: Math.max(...all('derivative')),
        order: mean(all('order')),
        slope: mean(all('slope')),
        angle: Math.max(...all('angle')),
        contaminated: mean(all('contaminated')),
      },
      perSeed,
      curves,
      details: {
        'noise of 1024 presentations over its law, mean': mean(all('noise over its law')),
        ...Object.fromEntries(
          LEVELS.map((level) => [
            `contamination over error signal at ${level}, mean`,
            mean(all(`contamination over error, ${level}`)),
          ]),
        ),
        'angle to the direction of descent with the input at rest, mean': mean(all('angle')),
        'angle to the direction of descent with the input on the move, mean': mean(all('angle, moving')),
      },
      note:
        '5-4-4 logistic units below a softmax of 3, tied weights, top-down biases that make top-down and bottom-up input of every unit equal. ' +
        'A rate of 1 is 100 spikes a second; the change takes 50 ms; the window has a time constant of 20 ms and reaches 100 ms. ' +
        'The movement of the input, 0.3 up or down for every unit in those 50 ms, changes rates by J d, which adds to the error signal at every synapse: nothing in the rate of one axon separates the two. The change is proportional to the speed of the input, and equals the error signal at the speed at which "contamination over error signal" is 1.',
    };
  },
};

export const hinton2016TemporalCode: readonly Claim[] = [code];
