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
import { mean, seedsUpTo } from '../../fixtures/linear-task.ts';

/** Few enough to go through all their states: then the gradient is exact, whatever the number of pixels. */
const HIDDEN = 10;
const EXAMPLES = 500;

/** What a machine sees, and how it dreams of it. */
interface Scene {
  readonly pixels: number;
  /** Chains that dream on from update to update. */
  readonly chains: number;
  /** Of Gibbs sampling an update: the longer the dreams, the nearer the sum of the terms to the gradient. */
  readonly steps: number;
  readonly updates: number;
  readonly rate: number;
  /** What those updates must gain in ln P of an example, nats. */
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

/** Grey is the probability of a pixel. At four times this rate the machine runs away from its chains: angles of 90 degrees. */
const digits: Scene = {
  pixels: 28 * 28,
  ...{ chains: 500, steps: 10, updates: 300, rate: 0.005, gain: 100 },
  examples: async () => (await openDataset('mnist')).train,
};

/** The update of which angles are taken: early, while there is much to learn. */
const LOOKED_AT = 100;
/**
 * Updates of which that angle is: one has the noise of its chains, an angle of about atan( √(Σ Var v_i h_j / chains) / ‖∇‖ )
 * to its own mean, which so many as are drawn divide by their root.
 */
const DRAWN = 16;
/** Steps from which those draws are keyed: none that learning takes. */
const DREAMS = 1e6;

/** ln P(v) of the examples, mean, by enumeration. */
function logLikelihood(compute: Compute, learner: Learner, examples: readonly (readonly number[])[]): number {
  return compute.scope(() => {
    const [machine] = machinesOf(learner.network);
    if (!machine) throw new Error('There is no machine.');
    const inputs = compute.temporary([examples.length, learner.network.input.units]).set(examples.flat());
    const given = new Map([[learner.network.input, inputs]]);
    return meanLogLikelihood(compute, machine, given, logNormaliserOf(compute, machine));
  });
}

/** The terms of one update that are Hebbian (awake) and anti-Hebbian (asleep), by the sign of their factor. */
const halvesOf = (terms: readonly Term[]) => ({
  awake: terms.filter(({ factor = 1 }) => factor < 0),
  asleep: terms.filter(({ factor = 1 }) => factor > 0),
});

interface Angles {
  /** Of the mean of so many updates drawn from the same chains, in degrees to the exact gradient. */
  readonly angle: number;
  readonly awakeAngle: number;
  /** The mean of their own angles. */
  readonly single: number;
  /** What their scatter alone would give each: atan of its root mean square over the norm of the gradient. */
  readonly scatter: number;
}

/** Angles to the exact gradient. Nothing is learned, and chains stay as they are. */
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
    const angle = (its: Tensor) => compareDirections(compute, its, gradient).angle ?? NaN;
    const square = (its: Tensor) => its.toArray().reduce((total, value) => total + value ** 2, 0);
    const single = mean(updates.map(angle));
    const spread = updates.map((update) => {
      compute.subtract(update, update, sum);
      return square(update);
    });
    const noise = spread.reduce((total, its) => total + its, 0) / (DRAWN - 1);
    const scatter = (180 / Math.PI) * Math.atan(Math.sqrt(noise / square(gradient)));
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
    Array.from(split.inputs.subarray(row * scene.pixels, (row + 1) * scene.pixels), (its) => its / 255),
  );
  const inputs = compute.allocate([EXAMPLES, scene.pixels]).set(examples.flat());
  // The readout, which no figure here depends on, is taught one class.
  const targets = compute.allocate([EXAMPLES], 'i32');
  const before = logLikelihood(compute, learner, examples);
  let angles: Angles = { angle: NaN, awakeAngle: NaN, single: NaN, scatter: NaN };
  for (let step = 0; step < scene.updates; step++) {
    if (step === LOOKED_AT) angles = anglesOf(compute, learner, { inputs, targets }, step);
    learner.learn({ inputs, targets }, step, 0);
    if (step % 10 === 0) await progress(step / scene.updates);
  }
  const gain = logLikelihood(compute, learner, examples) - before;
  learner.dispose();
  for (const tensor of [inputs, targets]) compute.free(tensor);
  return { ...angles, gain };
}

/** The claim of one scene; `subject` says what is seen, at the start of the statement. */
const dreaming = (scene: Scene, id: string, title: string, subject: string): Claim => ({
  id,
  title,
  systems: ['S27', 'S17'],
  checks: [],
  source: 'ackley1985',
  provenance: 'derived',
  statement: `${subject}, what fires together awake is wired together, and what fires together in free dreams is torn apart: the two terms that the rule emits sum to the gradient of the likelihood, and neither is it alone.`,
  tier: 'quick',
  backend: 'wasm',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'angle',
      statement: `Angle of waking and dreaming together, mean of ${DRAWN} draws, to the exact gradient of the likelihood after ${LOOKED_AT} updates, by enumeration, mean over the seeds`,
      unit: 'degrees',
      expected: { maximum: 20, text: 'below 20' },
    },
    {
      id: 'angle-awake',
      statement: 'The same of the Hebbian term alone',
      unit: 'degrees',
      expected: { minimum: 45, text: 'above 45' },
    },
    {
      id: 'gain',
      statement: `What ${scene.updates} updates gain in ln P of an example, by enumeration, mean over the seeds`,
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
      note: `${scene.chains} chains dream on from update to update, ${scene.steps} steps each; ${scene.pixels} pixels, ${HIDDEN} hidden units.`,
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
