import { compareDirections } from '../../../analysis/angle.ts';
import { logNormaliserOf, meanLogLikelihood } from '../../../analysis/likelihood.ts';
import { materialise } from '../../../network/terms.ts';
import type { Parameter } from '../../../network/parameter.ts';
import type { Term } from '../../../network/terms.ts';
import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { generateDataset } from '../../../datasets/index.ts';
import type { Split } from '../../../datasets/index.ts';
import { openDataset } from '../../../runs/files/datasets.ts';
import { Sequence, stream } from '../../../random/stream.ts';
import { contrastiveDivergence } from '../../../rules/generative/contrastive-divergence.ts';
import { Learner } from '../../../learning/learner.ts';
import type { Batch } from '../../../learning/learner.ts';
import { machinesOf } from '../../../rules/generative/restricted-boltzmann.ts';
import { parseOptions } from '../../../learning/rule.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

/** Number of hidden units: few enough to enumerate their states, so the gradient is exact for any number of pixels. */
const HIDDEN = 10;
const EXAMPLES = 500;

/** The data that a machine learns, and its sampling. */
interface Scene {
  readonly pixels: number;
  /** Number of Gibbs chains that persist from update to update. */
  readonly chains: number;
  /** Gibbs steps per update: with more of them, the sum of the terms approaches the gradient. */
  readonly steps: number;
  readonly updates: number;
  readonly rate: number;
  /** Amount by which those updates must raise ln P of an example, in nats. */
  readonly gain: number;
  examples(seed: number): Promise<Split> | Split;
}

const SIDE = 4;
const bars: Scene = {
  pixels: SIDE * SIDE,
  ...{ chains: 2000, steps: 25, updates: 1000, rate: 0.1, gain: 3 },
  examples: (seed) =>
    generateDataset(
      'bars',
      { side: SIDE, trainCount: EXAMPLES, testCount: 1 },
      new Sequence(stream(seed, 'bars')),
    ).train,
};

/** Grey is the probability of a pixel. At four times this rate chains lag behind the machine: angles of 90 degrees. */
const digits: Scene = {
  pixels: 28 * 28,
  ...{ chains: 500, steps: 10, updates: 300, rate: 0.005, gain: 100 },
  examples: async () => (await openDataset('mnist')).train,
};

/** The update at which angles are measured: early, while the gradient is large. */
const MEASURED_AT = 100;
/**
 * Number of updates whose mean is compared with the gradient. One update has the noise of the chains, an angle of about
 * atan( √(Σ Var v_i h_j / chains) / ‖∇‖ ) to its mean; averaging n updates divides that noise by √n.
 */
const DRAWN = 16;
/** First step number that keys those draws, beyond all that learning uses. */
const DREAMS = 1e6;

/** Returns the mean ln P(v) of the examples, by enumeration. */
function logLikelihood(compute: Compute, learner: Learner, examples: readonly (readonly number[])[]): number {
  return compute.scope(() => {
    const [machine] = machinesOf(learner.network);
    if (!machine) throw new Error('There is no machine.');
    const inputs = compute.temporary([examples.length, learner.network.input.units]).set(examples.flat());
    const given = new Map([[learner.network.input, inputs]]);
    return meanLogLikelihood(compute, machine, given, logNormaliserOf(compute, machine));
  });
}

/** Splits the terms of one update into Hebbian (awake) and anti-Hebbian (asleep) ones, by the sign of their factor. */
const halvesOf = (terms: readonly Term[]) => ({
  awake: terms.filter(({ factor = 1 }) => factor < 0),
  asleep: terms.filter(({ factor = 1 }) => factor > 0),
});

interface Angles {
  /** Degrees from the mean of `DRAWN` updates, drawn from the same chains, to the exact gradient. */
  readonly angle: number;
  /** The same angle for the Hebbian term alone. */
  readonly awakeAngle: number;
  /** The mean angle of the single updates. */
  readonly single: number;
  /** The angle due to their scatter alone: atan of its root mean square over the norm of the gradient. */
  readonly scatter: number;
}

/** Measures angles to the exact gradient. Nothing is learned, and chains stay unchanged. */
function anglesOf(compute: Compute, learner: Learner, batch: Batch, step: number): Angles {
  const projection = learner.network.projection('input→hidden1');
  const gradientOf = (into: Tensor, terms: readonly Term[]) => materialise(compute, projection, into, terms);
  const own = (terms: ReadonlyMap<Parameter, readonly Term[]>) => terms.get(projection) ?? [];
  return compute.scope(() => {
    const make = () => compute.temporary(projection.weights.shape);
    const [gradient, awake, sum] = [make(), make(), make()];
    const updates = Array.from({ length: DRAWN }, make);
    learner.estimate(batch, step, (terms) => gradientOf(gradient, own(terms)), learner.reference);
    compute.fill(sum, 0);
    for (const [index, update] of updates.entries()) {
      learner.estimate(batch, DREAMS + step + index, (terms) => {
        gradientOf(update, own(terms));
        gradientOf(awake, halvesOf(own(terms)).awake);
      });
      compute.addScaled(sum, update, 1 / DRAWN);
    }
    const angle = (update: Tensor) => compareDirections(compute, update, gradient).angle ?? NaN;
    const squareOf = (tensor: Tensor) => tensor.toArray().reduce((total, value) => total + value ** 2, 0);
    const single = mean(updates.map(angle));
    const spread = updates.map((update) => {
      compute.subtract(update, update, sum);
      return squareOf(update);
    });
    const noise = spread.reduce((total, square) => total + square, 0) / (DRAWN - 1);
    const scatter = (180 / Math.PI) * Math.atan(Math.sqrt(noise / squareOf(gradient)));
    return { angle: angle(sum), awakeAngle: angle(awake), single, scatter };
  });
}

interface Outcome extends Angles {
  readonly gain: number;
}

async function dream(
  compute: Compute,
  scene: Scene,
  seed: number,
  progress: (share: number) => Promise<void>,
): Promise<Outcome> {
  const learner = new Learner(compute, {
    specification: stack({
      layers: [scene.pixels, HIDDEN, 2],
      activation: 'logistic',
      objective: 'cross-entropy',
      initialisation: { kind: 'normal', scale: 0.1 },
    }),
    rule: contrastiveDivergence,
    options: parseOptions(contrastiveDivergence, { chains: scene.chains, steps: scene.steps }),
    optimiserOf: () => plainDescent(scene.rate),
    seed,
    epochs: 1,
  });
  const split = await scene.examples(seed);
  const examples = Array.from({ length: EXAMPLES }, (_, row) =>
    Array.from(split.inputs.subarray(row * scene.pixels, (row + 1) * scene.pixels), (byte) => byte / 255),
  );
  const inputs = compute.allocate([EXAMPLES, scene.pixels]).set(examples.flat());
  // The readout learns one class; no figure here depends on it.
  const targets = compute.allocate([EXAMPLES], 'i32');
  const before = logLikelihood(compute, learner, examples);
  let angles: Angles = { angle: NaN, awakeAngle: NaN, single: NaN, scatter: NaN };
  for (let step = 0; step < scene.updates; step++) {
    if (step === MEASURED_AT) angles = anglesOf(compute, learner, { inputs, targets }, step);
    learner.learn({ inputs, targets }, step, 0);
    if (step % 10 === 0) await progress(step / scene.updates);
  }
  const gain = logLikelihood(compute, learner, examples) - before;
  learner.dispose();
  for (const tensor of [inputs, targets]) compute.free(tensor);
  return { ...angles, gain };
}

/** Returns the claim about one scene; `subject` names the data at the start of the statement. */
const dreaming = (scene: Scene, id: string, title: string, subject: string): Claim => ({
  id,
  title,
  systems: ['S27', 'S17'],
  checks: [],
  source: 'ackley1985',
  provenance: 'derived',
  statement: `${subject}, units that fire together when awake are wired together, and units that fire together in free dreams are separated: the two terms of the rule sum to the gradient of the likelihood, and neither alone is that gradient.`,
  tier: 'quick',
  backend: 'wasm',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'angle',
      statement: `Angle of both terms together, mean of ${DRAWN} draws, to the exact gradient of the likelihood after ${MEASURED_AT} updates, by enumeration, mean over the seeds`,
      unit: 'degrees',
      expected: { maximum: 20, text: 'below 20' },
    },
    {
      id: 'angle-awake',
      statement: 'The same for the Hebbian term alone',
      unit: 'degrees',
      expected: { minimum: 45, text: 'above 45' },
    },
    {
      id: 'gain',
      statement: `Gain of ${scene.updates} updates in ln P of an example, by enumeration, mean over the seeds`,
      unit: 'nats',
      expected: { minimum: scene.gain, text: `above ${scene.gain}` },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const [index, seed] of seeds.entries()) {
      const { angle, awakeAngle, gain, single, scatter } = await dream(compute, scene, seed, (share) =>
        progress((index + share) / seeds.length),
      );
      perSeed.push({ seed, values: { angle, 'angle-awake': awakeAngle, gain, single, scatter } });
    }
    const over = (name: string) => mean(perSeed.map(({ values }) => values[name] as number));
    return {
      measured: Object.fromEntries(['angle', 'angle-awake', 'gain'].map((name) => [name, over(name)])),
      perSeed,
      details: {
        'angle of one draw': over('single'),
        'angle by the scatter of draws alone': over('scatter'),
      },
      note: `${scene.chains} chains persist from update to update, ${scene.steps} steps in each; ${scene.pixels} pixels, ${HIDDEN} hidden units.`,
    };
  },
});

export const ackley1985Dreaming: readonly Claim[] = [
  dreaming(
    bars,
    'ackley1985-dreaming',
    'Hebbian waking and anti-Hebbian dreaming are the two terms of one gradient',
    'On bars',
  ),
  dreaming(
    digits,
    'ackley1985-dreaming-digits',
    'The two terms of one gradient, on handwritten digits',
    'On handwritten digits',
  ),
];
