import { startDistances } from '../../../analysis/settling.ts';
import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { stream } from '../../../random/stream.ts';
import { autoencoder } from '../../../rules/generative/autoencoder.ts';
import { equilibriumPropagation } from '../../../rules/equilibrium/equilibrium-propagation.ts';
import { Learner } from '../../../learning/learner.ts';
import type { Batch } from '../../../learning/learner.ts';
import { parseOptions } from '../../../learning/rule.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Claim, Curve, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

const INPUTS = 16;
const CAUSES = 4;
const LAYERS = [INPUTS, 10, 10, 10] as const;
const BATCH = 20;
const RATE = 0.05;
/** Numbers of updates after which the network is measured. */
const LOOKS = [0, 20, 50, 100, 200, 400, 800, 1600, 3200, 6400];
/** Noise on the learned weights, in standard deviations of the weights themselves. */
const NOISE = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8];
const SETTLING = { freeSteps: 400, stepSize: 0.3, nudgedSteps: 1, nudge: 1 };

/** Returns tied autoencoders V_k without biases; the last area is an unused readout. */
const autoencodersOf = (compute: Compute, seed: number): Learner => {
  const net = stack({
    layers: [...LAYERS, 1],
    activation: 'hard-sigmoid',
    objective: 'squared-error',
    bias: false,
    initialisation: { kind: 'normal', scale: 0.1 },
  });
  return new Learner(compute, {
    specification: { ...net, areas: net.areas.map((area) => ({ ...area, topDownBias: false })) },
    rule: autoencoder,
    options: parseOptions(autoencoder, { tied: true, noise: 'none' }),
    optimiserOf: () => plainDescent(RATE),
    seed,
    epochs: 1,
  });
};

/** Returns a settling network of the same areas. */
const settlingNetOf = (compute: Compute, seed: number): Learner =>
  new Learner(compute, {
    specification: stack({
      layers: LAYERS,
      ...{ activation: 'hard-sigmoid', outputActivation: 'hard-sigmoid' },
      objective: 'squared-error',
      bias: false,
    }),
    rule: equilibriumPropagation,
    options: parseOptions(equilibriumPropagation, { persistent: false }),
    optimiserOf: () => plainDescent(RATE),
    seed,
    epochs: 1,
  });

/**
 * Copies the autoencoders' weights to the settling network: U_k = V_k / 2. A doubled pass is then that of the encoders,
 * and top-down input is half a reconstruction, as large as bottom-up input. The topmost area has bottom-up input alone;
 * U = V / √2 divides the factor between its forward and its feedback path.
 */
function couple(compute: Compute, from: Learner, to: Learner): void {
  const { projections } = to.network;
  for (const [index, projection] of projections.entries()) {
    const { weights } = from.network.projection(projection.from.id + '→' + hiddenId(index));
    compute.scale(projection.weights, weights, index === projections.length - 1 ? Math.SQRT1_2 : 0.5);
  }
}

const hiddenId = (index: number) => `hidden${index + 1}`;

/** Computes ‖h − r‖ / ‖h‖ of the reconstruction r by the area above, averaged over all but the topmost hidden area. */
function reconstructionError(compute: Compute, learner: Learner, { inputs }: Batch): number {
  const errors: number[] = [];
  learner.respond(inputs, (phase) => {
    for (let index = 1; index < LAYERS.length - 1; index++) {
      const { network } = learner;
      const [below, above] = [network.area(hiddenId(index - 1)), network.area(hiddenId(index))];
      const rate = phase.rate(below);
      const difference = compute.temporary(rate.shape);
      network.projection(`${below.id}→${above.id}`).sendBack(compute, difference, phase.rate(above), 0);
      compute.subtract(difference, difference, rate);
      errors.push(Math.sqrt(squareOf(compute, difference) / squareOf(compute, rate)));
    }
  });
  return mean(errors);
}

const squareOf = (compute: Compute, tensor: Tensor): number =>
  compute.scope(() => {
    const sum = compute.temporary([1], 'f64');
    compute.dot(sum, tensor, tensor);
    return sum.data[0] as number;
  });

/** Draws inputs (batch, inputs): four patterns of positive numbers, mixed by four causes in [0, 1]. */
function mixtures(compute: Compute, patterns: Tensor, seed: number, step: number): Batch {
  const inputs = compute.temporary([BATCH, INPUTS]);
  const causes = compute.temporary([BATCH, CAUSES]);
  compute.drawUniform(causes, 0, 1, stream(seed, 'causes'), step);
  compute.matmul(inputs, causes, patterns, { beta: 0 });
  const targets = compute.temporary([BATCH, 1]);
  compute.fill(targets, 0);
  return { inputs, targets };
}

type Look = Readonly<Record<'error' | 'doubled' | 'feedforward', number>>;

/** Trains autoencoders and measures at intervals how a network with their weights settles; then adds noise to them. */
async function watch(
  compute: Compute,
  seed: number,
  progress: (share: number) => Promise<void>,
): Promise<{ readonly learned: readonly Look[]; readonly noisy: readonly Look[] }> {
  const [encoders, settles] = [autoencodersOf(compute, seed), settlingNetOf(compute, seed)];
  const patterns = compute.allocate([CAUSES, INPUTS]);
  compute.drawUniform(patterns, 0, 0.5, stream(seed, 'patterns'), 0);
  const last = Math.max(...LOOKS);
  const look = (): Look =>
    compute.scope(() => {
      couple(compute, encoders, settles);
      const batch = mixtures(compute, patterns, seed, last + 1);
      const targets = compute.temporary([BATCH, LAYERS.at(-1) as number]);
      compute.fill(targets, 0);
      const subject = { compute, learner: settles, batch: { ...batch, targets }, ...SETTLING };
      const starts = startDistances(subject);
      return {
        error: reconstructionError(compute, encoders, batch),
        doubled: mean(starts.map(({ doubled }) => doubled)),
        feedforward: mean(starts.map(({ feedforward }) => feedforward)),
      };
    });
  const learned: Look[] = [];
  for (let step = 0; step <= last; step++) {
    if (LOOKS.includes(step)) {
      learned.push(look());
      await progress(step / last);
    }
    compute.scope(() => encoders.learn(mixtures(compute, patterns, seed, step), step, 0));
  }
  const noisy = NOISE.map((deviation, index) =>
    compute.scope(() => {
      const kept = encoders.network.projections.map(({ weights }) => {
        const copy = compute.temporary(weights.shape);
        compute.copy(copy, weights);
        return copy;
      });
      for (const [which, { weights, id }] of encoders.network.projections.entries()) {
        const size = Math.sqrt(squareOf(compute, weights) / weights.size);
        compute.drawNormal(weights, 0, deviation * size, stream(seed, `noise on ${id}`), index);
        compute.add(weights, weights, kept[which] as Tensor);
      }
      const seen = look();
      for (const [which, { weights }] of encoders.network.projections.entries())
        compute.copy(weights, kept[which] as Tensor);
      return seen;
    }),
  );
  for (const learner of [encoders, settles]) learner.dispose();
  compute.free(patterns);
  return { learned, noisy };
}

/** Computes Spearman's rank correlation of two lists without ties. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]) =>
    values.map((value) => values.filter((other) => other < value).length);
  const [first, second] = [ranks(a), ranks(b)];
  const square = first.reduce((sum, rank, index) => sum + (rank - (second[index] as number)) ** 2, 0);
  return 1 - (6 * square) / (a.length * (a.length ** 2 - 1));
}

const start: Claim = {
  id: 'bengio2016-start',
  title: 'Where areas reconstruct each other, a feedforward pass is the fixed point',
  systems: ['S23'],
  checks: [43],
  source: 'bengio2016',
  provenance: 'calibrated',
  statement:
    'The better consecutive areas reconstruct each other, the nearer a feedforward pass is to the fixed point of a Hopfield network, if bottom-up input counts twice, in place of top-down input too.',
  tier: 'quick',
  backend: 'wasm',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'spearman',
      statement: `Rank correlation of the reconstruction error with the distance, over ${LOOKS.length} measurements of a stack of autoencoders as it learns and ${NOISE.length} with noise on the weights, smallest over the seeds`,
      unit: '',
      expected: { minimum: 0.8, text: 'above .8' },
    },
    {
      id: 'distance-after',
      statement:
        'Distance of the pass to the fixed point over the norm of the fixed point, after learning, mean over the seeds',
      unit: '',
      expected: { maximum: 0.1, text: 'below .1' },
    },
    {
      id: 'distance-before',
      statement: 'The same before learning',
      unit: '',
      expected: { minimum: 0.5, text: 'above .5' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    const curves: Curve[] = [];
    for (const [index, seed] of seeds.entries()) {
      const { learned, noisy } = await watch(compute, seed, (share) =>
        progress((index + share) / seeds.length),
      );
      const looks = [...learned, ...noisy];
      const of = (key: keyof Look) => looks.map((look) => look[key]);
      curves.push({
        ...{ name: 'doubled pass', seed },
        ...{ horizontal: 'reconstruction error', vertical: 'distance to the fixed point' },
        points: looks.map(({ error, doubled }) => [error, doubled]),
      });
      const [first, final] = [learned[0] as Look, learned.at(-1) as Look];
      perSeed.push({
        seed,
        values: {
          spearman: rankCorrelation(of('error'), of('doubled')),
          ...{ 'distance-before': first.doubled, 'distance-after': final.doubled },
          ...{ 'error-before': first.error, 'error-after': final.error, 'plain-after': final.feedforward },
        },
      });
    }
    const of = (id: string) => perSeed.map(({ values }) => values[id] as number);
    return {
      measured: {
        spearman: Math.min(...of('spearman')),
        'distance-after': mean(of('distance-after')),
        'distance-before': mean(of('distance-before')),
      },
      perSeed,
      curves,
      details: {
        'error before learning': mean(of('error-before')),
        'error after learning': mean(of('error-after')),
        'distance of a plain pass after learning': mean(of('plain-after')),
      },
    };
  },
};

export const bengio2016Start: readonly Claim[] = [start];
