import { pseudoInverseOf } from '../../../analysis/alignment.ts';
import type { Area, Projection } from '../../../network/area.ts';
import { plainDescent } from '../../../network/optimiser.ts';
import { stack } from '../../../network/specification.ts';
import { stream } from '../../../random/stream.ts';
import { Learner } from '../../../learning/learner.ts';
import { parseOptions } from '../../../learning/rule.ts';
import { simplifiedTargetPropagation } from '../../../rules/targets/simplified-target-propagation.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { seedsUpTo } from '../../fixtures/statistics.ts';

const EXAMPLES = 6;
const INPUTS = 5;
/** Number of units of every layer above the input: equal, so that each layer has an inverse. */
const UNITS = 4;

/**
 * Returns the largest difference, over units and examples, between f(ĥ_l) and the target above: ĥ_{l+1}, or ŷ at the
 * top. Targets are those of the rule, and f(h) = h W + b is the forward map of a layer. Inverses are random, as drawn,
 * or exact: V = W⁻¹, c = −b W⁻¹.
 */
function missed(compute: Compute, seed: number, inverses: 'exact' | 'random'): number {
  const learner = new Learner(compute, {
    specification: stack({
      layers: [INPUTS, UNITS, UNITS, UNITS],
      activation: 'linear',
      objective: 'squared-error',
    }),
    rule: simplifiedTargetPropagation,
    options: parseOptions(simplifiedTargetPropagation, {}),
    optimiserOf: () => plainDescent(0),
    seed,
    epochs: 1,
  });
  const { network } = learner;
  for (const { bias } of network.areas) {
    // The random numbers depend on the stream's name, which must therefore not change.
    if (bias) compute.drawNormal(bias.values, 0, 1, stream(seed, `thresholds ${bias.id}`), 0);
  }
  if (inverses === 'exact') {
    for (const projection of network.projections) if (projection.feedback) invert(compute, projection);
  }
  const largest = compute.scope(() => {
    const inputs = compute.temporary([EXAMPLES, INPUTS]);
    const targets = compute.temporary([EXAMPLES, UNITS]);
    compute.drawNormal(inputs, 0, 1, stream(seed, 'inputs'), 0);
    compute.drawNormal(targets, 0, 1, stream(seed, 'targets'), 0);
    const aimed = targetsOf(compute, learner, inputs, targets);
    const chain = network.projections.filter(({ kind, from }) => kind === 'forward' && !from.isInput);
    return Math.max(
      ...chain.flatMap(({ from, to, weights }) => {
        const reached = compute.temporary(targets.shape);
        compute.matmul(reached, aimed.get(from) as Tensor, weights);
        compute.activate(reached, reached, to.bias?.values, 'linear');
        compute.subtract(reached, reached, aimed.get(to) ?? targets);
        return reached.toArray().map(Math.abs);
      }),
    );
  });
  learner.dispose();
  return largest;
}

function invert(compute: Compute, { weights, feedback, from, to }: Projection): void {
  const inverse = feedback as Projection;
  const topDownBias = from.topDownBias?.values;
  inverse.weights.set(pseudoInverseOf(weights) as Float64Array);
  if (!topDownBias || !to.bias) return;
  compute.matmul(topDownBias, to.bias.values, inverse.weights);
  compute.scale(topDownBias, topDownBias, -1);
}

/**
 * Returns ĥ = h − (h − ĥ) of every hidden area, (batch, units), in temporaries. For linear units the term of the bias, which
 * is a mean, holds h − ĥ.
 */
function targetsOf(
  compute: Compute,
  learner: Learner,
  inputs: Tensor,
  targets: Tensor,
): ReadonlyMap<Area, Tensor> {
  const hidden = learner.network.areas.filter(({ id }) => id.startsWith('hidden'));
  const aimed = new Map(hidden.map((area) => [area, compute.temporary([EXAMPLES, area.units])]));
  learner.respond(inputs, (phase) => {
    for (const [area, target] of aimed) compute.copy(target, phase.activity(area));
  });
  learner.estimate({ inputs, targets }, 0, (terms) => {
    for (const [area, target] of aimed) {
      const [term] = (area.bias && terms.get(area.bias)) ?? [];
      if (term?.kind !== 'outer') throw new Error(`The rule emitted nothing for ${area.id}.`);
      compute.addScaled(target, term.post, -EXAMPLES * (term.factor ?? 1));
    }
  });
  return aimed;
}

const exact: Claim = {
  id: 'bartunov2018-exact-inverse',
  title: 'With exact inverses the layers above map a simplified target to the label',
  systems: ['S14'],
  checks: [12],
  source: 'bartunov2018',
  provenance: 'derived',
  statement:
    'In linear layers with exact inverses the difference correction vanishes, and every target is ĥ = f⁻¹(ŷ) of the target ŷ above it.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(10),
  conditions: [
    {
      id: 'error',
      statement:
        'Difference of f(ĥ) from the target above, largest over two hidden areas, units, examples and seeds',
      unit: '',
      expected: { maximum: 1e-10, text: 'below 1e-10' },
    },
    {
      id: 'random',
      statement: 'The same with random inverses, before they learn, smallest over the seeds',
      unit: '',
      expected: { minimum: 0.1, text: 'above 0.1' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const values = { error: missed(compute, seed, 'exact'), random: missed(compute, seed, 'random') };
      perSeed.push({ seed, values });
      await progress(perSeed.length / seeds.length);
    }
    const all = (name: string) => perSeed.map(({ values }) => values[name] as number);
    return {
      measured: { error: Math.max(...all('error')), random: Math.min(...all('random')) },
      perSeed,
      note: '5-4-4-4 linear units with biases, regression; targets are computed from the terms of the rule.',
    };
  },
};

export const bartunov2018ExactInverse: readonly Claim[] = [exact];
