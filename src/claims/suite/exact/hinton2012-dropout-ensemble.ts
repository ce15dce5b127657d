import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { stream } from '../../../random/stream.ts';
import { backpropagation } from '../../../rules/exact/backpropagation.ts';
import { Learner } from '../../../learning/learner.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { seedsUpTo } from '../../fixtures/statistics.ts';

const INPUTS = 6;
const HIDDEN = 10;
const CLASSES = 4;
const EXAMPLES = 20;

/**
 * Compares a network after dropout with the exact ensemble of all masked networks.
 *
 * Each of the 2ᴴ masks m ∈ {0,1}ᴴ of H hidden units h makes a network with the probabilities
 * p_m(k) ∝ exp( Σ_j m_j h_j w_jk + b_k ). Their geometric mean, normalised, is
 *
 *   p̄(k) ∝ Π_m p_m(k)^{1/2ᴴ} ∝ exp( ⟨m⟩·h W + b )_k = exp( ½ hW + b )_k,
 *
 * since the normaliser of p_m does not depend on k. This is the whole network with halved outgoing weights; with the
 * gains 2m of inverted dropout, as here, it is the network as used after training.
 */
function deviation(compute: Compute, seed: number): { deviation: number; spread: number } {
  const learner = new Learner(compute, {
    specification: stack({
      layers: [INPUTS, HIDDEN, CLASSES],
      activation: 'relu',
      objective: 'cross-entropy',
      dropout: 0.5,
      initialisation: { kind: 'normal', scale: 0.7 },
    }),
    rule: backpropagation,
    options: {},
    optimiserOf: () => plainDescent(0.1),
    seed,
    epochs: 1,
  });
  const { network } = learner;
  const output = network.area('output');
  const hidden = network.area('hidden1');
  const result = compute.scope(() => {
    const inputs = compute.temporary([EXAMPLES, INPUTS]);
    compute.drawNormal(inputs, 0, 1, stream(seed, 'examples'), 0);
    const targets = compute.temporary([EXAMPLES], 'i32');
    targets.set(Array.from({ length: EXAMPLES }, (_, example) => example % CLASSES));
    // A few updates with dropout train the network and make biases differ from 0.
    for (let step = 0; step < 50; step++) learner.learn({ inputs, targets }, step, 0);

    const mean = compute.temporary([EXAMPLES, CLASSES]);
    const rate = compute.temporary([EXAMPLES, HIDDEN]);
    learner.evaluate({ inputs, targets }, (phase) => {
      compute.softmax(mean, phase.output(output));
      compute.copy(rate, phase.rate(hidden));
    });

    const logarithms = new Float64Array(EXAMPLES * CLASSES);
    let spread = 0;
    const masks = 2 ** HIDDEN;
    for (let mask = 0; mask < masks; mask++) {
      compute.scope(() => {
        const gain = compute.temporary([HIDDEN]);
        gain.set(Array.from({ length: HIDDEN }, (_, unit) => ((mask >> unit) & 1) * 2));
        const activity = compute.temporary(rate.shape);
        compute.scaleColumns(activity, rate, gain, 1, 0);
        const logits = compute.temporary([EXAMPLES, CLASSES]);
        network.projection('hidden1→output').send(compute, logits, activity);
        compute.activate(logits, logits, output.bias?.values, 'linear');
        compute.softmax(logits, logits);
        for (const [index, probability] of logits.data.entries()) {
          logarithms[index] = (logarithms[index] as number) + Math.log(probability) / masks;
          spread = Math.max(spread, Math.abs(probability - (mean.data[index] as number)));
        }
      });
    }
    let worst = 0;
    for (let example = 0; example < EXAMPLES; example++) {
      const row = Array.from(logarithms.subarray(example * CLASSES, (example + 1) * CLASSES), Math.exp);
      const total = row.reduce((sum, value) => sum + value, 0);
      for (const [k, value] of row.entries()) {
        worst = Math.max(worst, Math.abs(value / total - (mean.data[example * CLASSES + k] as number)));
      }
    }
    return { deviation: worst, spread };
  });
  learner.dispose();
  return result;
}

const ensemble: Claim = {
  id: 'hinton2012-dropout-ensemble',
  title: 'Dropout is an exact ensemble of exponentially many networks',
  systems: ['S45'],
  checks: [45],
  source: 'hinton2012',
  provenance: 'derived',
  statement:
    'With one hidden layer and a softmax, the mean network of dropout gives exactly the normalised geometric mean of the predictions of all masked networks.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'deviation',
      statement: `Largest difference of a probability between the mean network and the geometric mean of all ${2 ** HIDDEN} masks of ${HIDDEN} units, over ${EXAMPLES} examples, ${CLASSES} classes and the seeds`,
      unit: '',
      expected: { maximum: 1e-12, text: 'below 10⁻¹²' },
    },
    {
      id: 'spread',
      statement:
        'Largest difference between a single masked network and the mean network, smallest over the seeds: masked networks do differ',
      unit: '',
      expected: { minimum: 0.1, text: 'above 0.1' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      perSeed.push({ seed, values: deviation(compute, seed) });
      await progress(perSeed.length / seeds.length);
    }
    return {
      measured: {
        deviation: Math.max(...perSeed.map(({ values }) => values.deviation as number)),
        spread: Math.min(...perSeed.map(({ values }) => values.spread as number)),
      },
      perSeed,
    };
  },
};

export const hinton2012DropoutEnsemble: readonly Claim[] = [ensemble];
