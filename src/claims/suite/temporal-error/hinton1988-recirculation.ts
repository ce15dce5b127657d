import type { Projection } from '../../../network/area.ts';
import { recirculation } from '../../../rules/temporal-error/recirculation.ts';
import type { Batch } from '../../../learning/learner.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Claim, Condition, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { relativeDifference, withLearner } from '../../fixtures/updates.ts';

const REGRESSIONS = [0.5, 0.75, 0.9];

/**
 * Returns ‖(h₃ − h₁)/(1 − λ)² − δ‖ / ‖δ‖ over all examples. This compares the postsynaptic factor that recirculation
 * emits for the forward weights with δ = ∂/∂a of ½‖v₀ − v̂‖², where a are the potentials of the hidden units. Weights
 * are tied, hidden units logistic and visible units linear.
 */
const difference = (compute: Compute, seed: number, regression: number): number =>
  withLearner(
    compute,
    {
      ...{ rule: recirculation, options: { regression, visible: 'linear' }, seed, examples: 50 },
      ...{ layers: [12, 6, 3], activation: 'logistic', objective: 'squared-error', bias: false },
      // Glorot's scale without the factor of 4 for logistic units, since curvature must hardly affect the change.
      initialisation: { kind: 'glorot', scale: 0.25 },
    },
    (learner, batch) => {
      const up = learner.network.projection('input→hidden1');
      compute.transpose((up.feedback as Projection).weights, up.weights);
      const exact = errorOfCode(compute, batch, up);
      let emitted: number[] = [];
      learner.estimate(batch, 0, (terms) => {
        const [term] = terms.get(up) ?? [];
        if (term?.kind !== 'outer')
          throw new Error('Recirculation emitted no product for the forward weights.');
        const scale = (term.factor ?? 1) * batch.inputs.rows;
        emitted = term.post.toArray().map((value) => scale * value);
      });
      return relativeDifference(emitted, exact);
    },
  );

/** Returns δ = f′ ⊙ [ (v̂ − v₀) Vᵀ ] with h = f(v₀ W) and v̂ = h V, one row for each example. */
function errorOfCode(compute: Compute, { inputs }: Batch, up: Projection): number[] {
  const down = up.feedback as Projection;
  const make = (units: number): Tensor => compute.temporary([inputs.rows, units]);
  const [code, error, delta] = [make(up.to.units), make(up.from.units), make(up.to.units)];
  up.send(compute, code, inputs);
  compute.activate(code, code, undefined, up.to.activation);
  down.send(compute, error, code);
  compute.subtract(error, error, inputs);
  down.sendBack(compute, delta, error);
  compute.multiplyBySlope(delta, delta, code, undefined, up.to.activation);
  return delta.toArray();
}

const condition = (id: string, from: number, to: number): Condition => ({
  id,
  statement: `Difference from the gradient at λ = ${from} over that at ${to}, mean over the seeds`,
  unit: '',
  expected: { minimum: 1.8, text: 'at least 1.8' },
});

const approximates: Claim = {
  id: 'hinton1988-recirculation',
  title: 'Recirculation follows the gradient of the reconstruction error as λ nears 1',
  systems: ['S12'],
  checks: [10],
  source: 'hinton1988',
  provenance: 'derived',
  statement:
    'With tied weights and linear visible units, the change of activity over one round differs from the gradient of the reconstruction error by an amount of order 1 − λ.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(5),
  conditions: [condition('to-075', 0.5, 0.75), condition('to-09', 0.75, 0.9)],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const seed of seeds) {
      const [half, three, nine] = REGRESSIONS.map((regression) => difference(compute, seed, regression)) as [
        number,
        number,
        number,
      ];
      const values = {
        'to-075': half / three,
        'to-09': three / nine,
        'at-05': half,
        'at-075': three,
        'at-09': nine,
      };
      perSeed.push({ seed, values });
      await progress(perSeed.length / seeds.length);
    }
    const meanOf = (id: string) => mean(perSeed.map(({ values }) => values[id] as number));
    return {
      measured: { 'to-075': meanOf('to-075'), 'to-09': meanOf('to-09') },
      perSeed,
      details: { 'at-05': meanOf('at-05'), 'at-075': meanOf('at-075'), 'at-09': meanOf('at-09') },
    };
  },
};

export const hinton1988Recirculation: readonly Claim[] = [approximates];
