import { compareDirections } from '../../analysis/angle.ts';
import { materialise } from '../../network/terms.ts';
import type { Parameter } from '../../network/projection.ts';
import type { Term } from '../../network/terms.ts';
import { plainDescent } from '../../network/optimiser.ts';
import { stack } from '../../network/specification.ts';
import { generateDataset } from '../../datasets/index.ts';
import { Sequence, stream } from '../../random/stream.ts';
import { modelOf } from '../../references/restricted-boltzmann.ts';
import { contrastiveDivergence } from '../../rules/contrastive-divergence.ts';
import { Learner } from '../../rules/learner.ts';
import type { Batch } from '../../rules/learner.ts';
import { machinesOf } from '../../rules/restricted-boltzmann.ts';
import { parseOptions } from '../../rules/rule.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Claim, SeedValues } from '../claim.ts';
import { mean, seedsUpTo } from './linear-task.ts';

const SIDE = 4;
const HIDDEN = 10;
const EXAMPLES = 500;
const CHAINS = 2000;
const UPDATES = 1000;
/** Of Gibbs sampling an update: the longer the dreams, the nearer the sum of the terms to the gradient. */
const STEPS = 25;
const RATE = 0.1;
/** The update of which angles are taken: early, while there is much to learn. */
const LOOKED_AT = 100;

/** ln P(v) of the examples, mean, by enumeration. */
function logLikelihood(compute: Compute, learner: Learner, examples: readonly (readonly number[])[]): number {
  return compute.scope(() => {
    const [machine] = machinesOf(learner.network);
    if (!machine) throw new Error('There is no machine.');
    const { logNormaliser } = modelOf({ compute }, machine);
    const { upper, lowers, projections } = machine;
    const rows = examples.length;
    const inputs = compute.temporary([rows, SIDE * SIDE]).set(examples.flat());
    const soft = compute.temporary([rows, upper.units]);
    projections[0]?.send(compute, soft, inputs);
    compute.activate(soft, soft, upper.bias?.values, 'softplus');
    const bias = lowers[0]?.topDownBias?.values.toArray() ?? [];
    let total = 0;
    for (const value of soft.data) total += value;
    for (const example of examples) for (const [i, v] of example.entries()) total += v * (bias[i] ?? NaN);
    return total / rows - logNormaliser;
  });
}

/** The terms of one update that are Hebbian (awake) and anti-Hebbian (asleep), by the sign of their factor. */
const halvesOf = (terms: readonly Term[]) => ({
  awake: terms.filter(({ factor = 1 }) => factor < 0),
  asleep: terms.filter(({ factor = 1 }) => factor > 0),
});

/** Angles to the exact gradient, of an update and of its Hebbian half alone. */
function anglesOf(compute: Compute, learner: Learner, batch: Batch, step: number) {
  let [angle, awakeAngle] = [NaN, NaN];
  const projection = learner.network.projection('input→hidden1');
  const gradientOf = (terms: readonly Term[]) => {
    const gradient = compute.temporary(projection.weights.shape);
    materialise(compute, projection, gradient, terms);
    return gradient;
  };
  const own = (terms: ReadonlyMap<Parameter, readonly Term[]>) => terms.get(projection) ?? [];
  learner.estimate(batch, step, (terms) => {
    const update = gradientOf(own(terms));
    const awake = gradientOf(halvesOf(own(terms)).awake);
    learner.estimate(
      batch,
      step,
      (exact) => {
        const gradient = gradientOf(own(exact));
        angle = compareDirections(compute, update, gradient).angle ?? NaN;
        awakeAngle = compareDirections(compute, awake, gradient).angle ?? NaN;
      },
      learner.reference,
    );
  });
  return { angle, awakeAngle };
}

interface Outcome {
  readonly angle: number;
  readonly awakeAngle: number;
  readonly gain: number;
}

async function dream(
  compute: Compute,
  seed: number,
  progress: (share: number) => Promise<void>,
): Promise<Outcome> {
  const learner = new Learner(compute, {
    specification: stack({
      layers: [SIDE * SIDE, HIDDEN, 2],
      activation: 'logistic',
      objective: 'cross-entropy',
      initialisation: { kind: 'normal', scale: 0.1 },
    }),
    rule: contrastiveDivergence,
    options: parseOptions(contrastiveDivergence, { chains: CHAINS, steps: STEPS }),
    optimiserOf: () => plainDescent(RATE),
    seed,
    epochs: 1,
  });
  const data = generateDataset(
    'bars',
    { side: SIDE, trainCount: EXAMPLES, testCount: 1 },
    new Sequence(stream(seed, 'bars')),
  );
  const examples = Array.from({ length: EXAMPLES }, (_, row) =>
    Array.from(data.train.inputs.subarray(row * SIDE * SIDE, (row + 1) * SIDE * SIDE), (v) => v / 255),
  );
  const inputs = compute.allocate([EXAMPLES, SIDE * SIDE]).set(examples.flat());
  const targets = compute.allocate([EXAMPLES], 'i32').set(data.train.targets);
  const before = logLikelihood(compute, learner, examples);
  let angles = { angle: NaN, awakeAngle: NaN };
  for (let step = 0; step < UPDATES; step++) {
    if (step === LOOKED_AT) angles = anglesOf(compute, learner, { inputs, targets }, step);
    learner.learn({ inputs, targets }, step, 0);
    if (step % 50 === 0) await progress(step / UPDATES);
  }
  const gain = logLikelihood(compute, learner, examples) - before;
  learner.dispose();
  for (const tensor of [inputs, targets]) compute.free(tensor);
  return { ...angles, gain };
}

const dreaming: Claim = {
  id: 'ackley1985-dreaming',
  title: 'Hebbian waking and anti-Hebbian dreaming are the two terms of one gradient',
  systems: ['S27', 'S17'],
  checks: [],
  source: 'ackley1985',
  provenance: 'derived',
  statement:
    'On bars, what fires together awake is wired together, and what fires together in free dreams is torn apart: the two terms that the rule emits sum to the gradient of the likelihood, and neither is it alone.',
  tier: 'quick',
  backend: 'wasm',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'angle',
      statement: `Angle of waking and dreaming together to the exact gradient of the likelihood after ${LOOKED_AT} updates, by enumeration, mean over the seeds`,
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
      statement: `What ${UPDATES} updates gain in ln P of an example, by enumeration, mean over the seeds`,
      unit: 'nats',
      expected: { minimum: 3, text: 'above 3' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const [index, seed] of seeds.entries()) {
      const { angle, awakeAngle, gain } = await dream(compute, seed, (share) =>
        progress((index + share) / seeds.length),
      );
      perSeed.push({ seed, values: { angle, 'angle-awake': awakeAngle, gain } });
    }
    return {
      measured: Object.fromEntries(
        ['angle', 'angle-awake', 'gain'].map((id) => [
          id,
          mean(perSeed.map(({ values }) => values[id] as number)),
        ]),
      ),
      perSeed,
      note: `${CHAINS} chains dream on from update to update, ${STEPS} steps each; ${HIDDEN} hidden units, ${SIDE} × ${SIDE} pixels.`,
    };
  },
};

export const ackley1985Dreaming: readonly Claim[] = [dreaming];
