import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { Sequence, stream } from '../../../random/stream.ts';
import { autoencoder } from '../../../rules/generative/autoencoder.ts';
import { Learner } from '../../../learning/learner.ts';
import { parseOptions } from '../../../learning/rule.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

const HIDDEN = 400;
const ACTIVE = 20;
const EXAMPLES = 100;
const SIZES = [2000, 8000] as const;

/**
 * Measures the relative squared error of recovered causes. From h ≥ 0 with `ACTIVE` of `HIDDEN` units not silent,
 *
 *   x = relu( α W h ), α = 2/n,     ĥ = relu( Wᵀ x )
 *
 * with W ~ N(0, 1) of a tied autoencoder. Each ĥ_i is h_i plus noise of variance about 2‖h‖²/n, half of which relu
 * keeps if h_i = 0. The relative squared error is therefore about m/n.
 */
function recoveryError(compute: Compute, seed: number, visible: number): number {
  const learner = new Learner(compute, {
    specification: stack({
      layers: [visible, HIDDEN, 1],
      activation: 'relu',
      objective: 'squared-error',
      bias: false,
      initialisation: { kind: 'normal', scale: 1 },
    }),
    rule: autoencoder,
    options: parseOptions(autoencoder, { tied: true, decoder: 'relu' }),
    optimiserOf: () => plainDescent(0),
    seed,
    epochs: 1,
  });
  const { network } = learner;
  let error = NaN;
  compute.scope(() => {
    const draws = new Sequence(stream(seed, 'causes'));
    const causes = new Float64Array(EXAMPLES * HIDDEN);
    for (let example = 0; example < EXAMPLES; example++) {
      const units = Int32Array.from({ length: HIDDEN }, (_, unit) => unit);
      draws.shuffle(units);
      for (const unit of units.subarray(0, ACTIVE)) causes[example * HIDDEN + unit] = draws.uniform();
    }
    const hidden = compute.temporary([EXAMPLES, HIDDEN]).set(causes);
    const inputs = compute.temporary([EXAMPLES, visible]);
    network.projection('input→hidden1').sendBack(compute, inputs, hidden);
    compute.scale(inputs, inputs, 2 / visible);
    compute.activate(inputs, inputs, undefined, 'relu');
    learner.respond(inputs, (phase) => {
      let [difference, power] = [0, 0];
      for (const [index, value] of phase.rate(network.area('hidden1')).data.entries()) {
        difference += (value - (causes[index] as number)) ** 2;
        power += (causes[index] as number) ** 2;
      }
      error = difference / power;
    });
  });
  learner.dispose();
  return error;
}

const reversible: Claim = {
  id: 'arora2015-reversible',
  title: 'The transpose of random weights recovers their input',
  systems: ['S24'],
  checks: [42],
  source: 'arora2015',
  provenance: 'derived',
  statement:
    'From the output of a random rectified layer the transposed weights recover a few active causes, the better the more units there are: the relative squared error is about m/n.',
  tier: 'exact',
  backend: 'wasm',
  seeds: seedsUpTo(5),
  conditions: [
    {
      id: 'ratio',
      statement: 'Error with 2000 units over that with 8000, mean over the seeds',
      unit: '',
      expected: { minimum: 3, maximum: 5, text: '3 to 5' },
    },
    {
      id: 'error-2000',
      statement:
        'Relative squared error with 2000 units for 400 causes, 20 of them active, mean over the seeds',
      unit: '',
      expected: { minimum: 0.18, maximum: 0.24, text: '.21 ± .03' },
    },
    {
      id: 'error-8000',
      statement: 'The same with 8000',
      unit: '',
      expected: { minimum: 0.045, maximum: 0.065, text: '.055 ± .01' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const [index, seed] of seeds.entries()) {
      const [few = NaN, many = NaN] = SIZES.map((size) => recoveryError(compute, seed, size));
      perSeed.push({ seed, values: { 'error-2000': few, 'error-8000': many, ratio: few / many } });
      await progress((index + 1) / seeds.length);
    }
    return {
      measured: Object.fromEntries(
        ['ratio', 'error-2000', 'error-8000'].map((id) => [
          id,
          mean(perSeed.map(({ values }) => values[id] as number)),
        ]),
      ),
      perSeed,
    };
  },
};

export const arora2015Reversible: readonly Claim[] = [reversible];
