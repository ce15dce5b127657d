import { compareDirections } from '../../../analysis/angle.ts';
import type { NetworkSpecification } from '../../../network/specification.ts';
import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { stream } from '../../../random/stream.ts';
import { autoencoder } from '../../../rules/generative/autoencoder.ts';
import { Learner } from '../../../learning/learner.ts';
import { parseOptions } from '../../../learning/rule.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';

const INPUTS = 20;
const BATCH = 10;
const STEPS = 20_000;
const RATE = 0.003;
const DECAY = 1e-4;
/** Fraction of silenced inputs. */
const SILENCED = 0.2;
/** Standard deviation of the initial weights. */
const START = 0.1;

/*
 * Why the transpose. For an encoder W and a decoder B, gradient flow conserves WᵀW − BBᵀ, and weight decay takes it to 0;
 * for ReLU units the same holds unit by unit (‖w‖ = ‖d‖). Linear units converge to WB = C (C + N)⁻¹ within their subspace,
 * with C the covariance of the examples and N that of the noise. This is symmetric if C and N commute, and then equal norms
 * leave W = Bᵀ. Silencing units has N ∝ diag(C): for correlated inputs WB is not symmetric, for white inputs it is. Biases
 * break the symmetry too: the flow then conserves ‖w‖² + b² − ‖d‖² of a ReLU unit, and a unit that is always on uses b.
 */

const NETS = [
  { id: 'linear', hidden: 5 },
  { id: 'relu', hidden: 10 },
] as const;

/** A stack without biases. */
const netOf = ({ id, hidden }: (typeof NETS)[number]): NetworkSpecification => {
  const net = stack({
    layers: [INPUTS, hidden, 1],
    activation: id,
    objective: 'squared-error',
    bias: false,
    initialisation: { kind: 'normal', scale: START },
  });
  return { ...net, areas: net.areas.map((area) => ({ ...area, topDownBias: false })) };
};

/** Returns the degrees between the encoder and the transposed decoder. */
function encoderAngle(compute: Compute, { network }: Learner): number {
  return compute.scope(() => {
    const { weights, feedback } = network.projection('input→hidden1');
    if (!feedback) throw new Error('The hidden area has no decoder.');
    const transposed = compute.temporary(weights.shape);
    compute.transpose(transposed, feedback.weights);
    return compareDirections(compute, weights, transposed).angle ?? NaN;
  });
}

async function learn(
  compute: Compute,
  net: (typeof NETS)[number],
  seed: number,
  progress: (share: number) => Promise<void>,
): Promise<{ before: number; after: number }> {
  const learner = new Learner(compute, {
    specification: netOf(net),
    rule: autoencoder,
    options: parseOptions(autoencoder, { noise: 'silence', strength: SILENCED }),
    optimiserOf: () => ({ ...plainDescent(RATE), decay: DECAY }),
    seed,
    epochs: 1,
  });
  const before = encoderAngle(compute, learner);
  for (let step = 0; step < STEPS; step++) {
    compute.scope(() => {
      const inputs = compute.temporary([BATCH, INPUTS]);
      compute.drawNormal(inputs, 0, 1, stream(seed, 'examples'), step);
      const targets = compute.temporary([BATCH, 1]);
      compute.fill(targets, 0);
      learner.learn({ inputs, targets }, step, 0);
    });
    if (step % 500 === 0) await progress(step / STEPS);
  }
  const after = encoderAngle(compute, learner);
  learner.dispose();
  return { before, after };
}

const symmetry: Claim = {
  id: 'vincent2010-symmetry',
  title: 'Autoencoders without tied weights become symmetric',
  systems: ['S24'],
  checks: [41],
  source: 'vincent2010',
  provenance: 'derived',
  statement:
    'In an untied denoising autoencoder of white inputs the encoder starts at right angles to the transposed decoder, and ends close to it.',
  tier: 'quick',
  backend: 'wasm',
  seeds: seedsUpTo(5),
  conditions: [
    ...NETS.map(({ id, hidden }) => ({
      id: `${id}-angle`,
      statement: `Angle of the encoder to the transposed decoder after ${STEPS} batches, ${hidden} ${id} units, largest over the seeds`,
      unit: 'degrees',
      expected: { maximum: 10, text: 'below 10' },
    })),
    {
      id: 'angle-before',
      statement: 'The same before learning, mean over seeds and networks',
      unit: 'degrees',
      expected: { minimum: 80, maximum: 100, text: '90 ± 10' },
    },
  ] as unknown as Claim['conditions'],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const [index, seed] of seeds.entries()) {
      const values: Record<string, number> = {};
      let before = 0;
      for (const [which, net] of NETS.entries()) {
        const angles = await learn(compute, net, seed, (share) =>
          progress((index + (which + share) / NETS.length) / seeds.length),
        );
        values[`${net.id}-angle`] = angles.after;
        before += angles.before / NETS.length;
      }
      perSeed.push({ seed, values: { ...values, 'angle-before': before } });
    }
    return {
      measured: {
        ...Object.fromEntries(
          NETS.map(({ id }) => [
            `${id}-angle`,
            Math.max(...perSeed.map(({ values }) => values[`${id}-angle`] as number)),
          ]),
        ),
        'angle-before': mean(perSeed.map(({ values }) => values['angle-before'] as number)),
      },
      perSeed,
      note: `${INPUTS} white inputs, a fifth of them silenced, no biases, rate ${RATE}, decay ${DECAY}, batch ${BATCH}. Also tried: with inputs mixed from five causes the angles end at 21 to 38 degrees (linear) and 30 to 44 (ReLU), since silencing correlated inputs makes noise whose best inverse is not symmetric; biases do not change the linear net and take the ReLU net to 26.`,
    };
  },
};

export const vincent2010Symmetry: readonly Claim[] = [symmetry];
