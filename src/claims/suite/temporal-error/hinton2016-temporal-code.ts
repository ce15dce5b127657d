import { angleFrom } from '../../../analysis/angle.ts';
import { lineFit } from '../../../analysis/line-fit.ts';
import type { Area } from '../../../network/area.ts';
import { Sequence, stream } from '../../../random/stream.ts';
import { backpropagate } from '../../../dynamics/feedforward/feedforward.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, Curve, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/linear-task.ts';
import { BalancedNetwork, meanOf, present, SMALLEST } from '../../fixtures/temporal-code.ts';
import type { Course, ReadOff, Synapse } from '../../fixtures/temporal-code.ts';
import { relativeDifference, updatesOf } from '../../fixtures/updates.ts';

/** t of the presentations in spikes: large, so that the change stands out of the noise. */
const BLEND = 0.5;
const PRESENTATIONS = 8192;
/** Presentations that are averaged; every one of them many times over, but for the largest. */
const COUNTS = [8, 32, 128, 512, 1024] as const;
/** How far every unit of the moving input goes, up or down at random, while the top goes over to the blend. */
const MOVE = 0.3;

const LEVELS = ['hidden1', 'hidden2', 'output'] as const;

/** How far the rule's update, every level of it, is from backpropagation, relative; of thresholds for what comes down that knows nothing. */
function distance(compute: Compute, blend: number, seed: number): number {
  const network = new BalancedNetwork(compute, blend, seed);
  const { learner, batch } = network;
  const difference = compute.scope(() => {
    const exact = updatesOf(compute, learner, batch, backpropagate);
    const own = updatesOf(compute, learner, batch);
    const up = [...exact].flatMap(([id, its]) => own.get(id) ?? its.map(() => 0));
    return relativeDifference(up, [...exact.values()].flat());
  });
  network.dispose();
  return difference;
}

/** −∂E/∂w of every synapse. */
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

/** Root mean square over the blocks of the distance of means of `count` presentations from the expectation, relative to it. */
function errorOf({ blocks, expected }: ReadOff, count: number): number {
  const size = count / SMALLEST;
  const means = Math.floor(blocks.length / size);
  let square = 0;
  for (let index = 0; index < means; index++) {
    square += norm(less(meanOf(blocks, index * size, size), expected)) ** 2;
  }
  return Math.sqrt(square / means) / norm(expected);
}

/** What a change of rates, by area, makes of every synapse whose presynaptic rate goes along a course. */
const withMeanOf = (
  synapses: readonly Synapse[],
  { before, after }: Course,
  change: ReadonlyMap<Area, readonly number[]>,
  factor: number,
): number[] =>
  synapses.map(({ from, to, pre, post }) => {
    const middle = ((before.get(from)?.[pre] ?? NaN) + (after.get(from)?.[pre] ?? NaN)) / 2;
    return factor * middle * (change.get(to)?.[post] ?? NaN);
  });

/** Spikes with the input at rest, and with the input on the move. */
async function readSpikes(compute: Compute, seed: number, progress: (share: number) => Promise<void>) {
  const network = new BalancedNetwork(compute, BLEND, seed);
  const { batch, synapses } = network;
  const [said, velocities, descent] = [network.said(), network.velocities(), descentOf(compute, network)];
  const draws = new Sequence(stream(seed, 'moving input'));
  const move = Array.from({ length: batch.inputs.size }, () => (draws.below(2) === 0 ? MOVE : -MOVE));
  const [moved, carried] = [network.saidOnTheWay(move), network.carried(move)];
  network.dispose();
  const blended = (from: typeof said): typeof said =>
    new Map(
      [...from].map(([area, rates]) => [
        area,
        rates.map((rate, unit) => rate + BLEND * (velocities.get(area)?.[unit] ?? 0)),
      ]),
    );
  const [rest, motion]: [Course, Course] = [
    { before: said, after: blended(said) },
    { before: said, after: blended(moved) },
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
    slope: lineFit(errors.map(([count, its]) => [Math.log(count), Math.log(its)] as const)).slope,
    angle: angle(restMean, descent),
    'noise over its law':
      (largest[1] * norm(atRest.expected)) /
      Math.sqrt(atRest.variance.reduce((sum, value) => sum + value, 0) / largest[0]),
    'angle, moving': angle(movingMean, descent),
    contaminated: inner(less(movingMean, error), contamination) / inner(contamination, contamination),
    ...Object.fromEntries(
      LEVELS.map((level) => {
        const its = (values: readonly number[]) =>
          values.filter((_, index) => synapses[index]?.to.id === level);
        return [`contamination over error, ${level}`, norm(its(contamination)) / norm(its(error))];
      }),
    ),
  };
}

const code: Claim = {
  id: 'hinton2016-temporal-code',
  title: 'One axon carries activity, and as its rate of change the error, which spike timing reads off',
  systems: ['S13'],
  checks: [],
  source: 'hinton2016',
  provenance: 'derived',
  statement:
    'With y + t (target − y) at the top, dy/dt of every unit that hears the same from above as from below is −∂E/∂(its input); an antisymmetric window of spike timing reads pre × dy/dt off Poisson spikes on average; and a unit that so tells its error cannot tell a velocity by its rate of change as well.',
  tier: 'quick',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'derivative',
      statement:
        'Difference of the changes between the two top-down passes, times what is sent, from the gradient, all levels, at t = 0.001, relative, largest over the seeds',
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
        'Slope of the log error of what spikes say against the log number of presentations, 8 to 1024, mean over the seeds',
      unit: '',
      expected: { minimum: -0.52, maximum: -0.48, text: '−0.52 to −0.48' },
    },
    {
      id: 'angle',
      statement:
        'Angle of what 8192 presentations say at t = 0.5 to the direction of descent, largest over the seeds',
      unit: 'degrees',
      expected: { maximum: 10, text: 'below 10' },
    },
    {
      id: 'contaminated',
      statement:
        'What spikes say too much where the input moves, over ½ (x before + x after) ⊗ J d of the move d, mean over the seeds',
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
        ...{ name: 'what spikes say', seed, horizontal: 'presentations', vertical: 'relative error' },
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
        '5-4-4 logistic units below a softmax of 3, tied weights, thresholds that let every unit hear the same from above as from below. ' +
        'A rate of 1 is 100 spikes a second; the change takes 50 ms; window of 20 ms up to 100 ms. ' +
        'The move of the input, 0.3 up or down of every unit in those 50 ms, changes rates by J d, which adds to the error signal in every synapse: nothing in the rate of one axon tells the two apart. It is proportional to the speed of the input, and as large as the error signal at the speed that makes "contamination over error signal" 1.',
    };
  },
};

export const hinton2016TemporalCode: readonly Claim[] = [code];
