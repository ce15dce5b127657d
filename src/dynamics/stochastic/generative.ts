import type { Area, Projection } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { PhaseOptions } from '../phase.ts';
import { phaseOf } from '../record.ts';
import type { Accepts, Dynamics } from '../step.ts';
import { drawsIn } from './draws.ts';
import type { Sampling } from './draws.ts';

/** Phase options of a top-down pass. */
export type GenerativeOptions = Pick<PhaseOptions, 'inputs' | 'clamp'> & Sampling;

/**
 * A pass down the feedback projections of stochastic units, from the topmost areas:
 *
 *   p_l = σ( Σ_projections h_{l+1} G + c ),   h_l ~ Bernoulli(p_l)
 *
 * with c the top-down bias, which alone drives the topmost areas unless they are clamped. An area without a top-down
 * bias and without a clamp takes no part. The number of rows is that of the examples.
 *
 * Source: Hinton, Dayan, Frey & Neal (1995), Science 268.
 */
export const generative: Dynamics<GenerativeOptions> = {
  id: 'generative',
  title: 'Top-down pass of stochastic units',
  accepts: { clamp: true, sample: true } satisfies Accepts<GenerativeOptions>,

  run({ compute, network, inputs, stream, step }, name, options) {
    const count = network.areas.length;
    const make = () => new Array<Tensor | undefined>(count).fill(undefined);
    const [rates, activities] = [make(), make()];
    for (const area of [...network.areas].reverse()) {
      const given = options.clamp?.(area);
      if (given) {
        rates[area.index] = given;
        activities[area.index] = given;
        continue;
      }
      if (!area.topDownBias) continue;
      const potential = compute.temporary([inputs.rows, area.units]);
      compute.fill(potential, 0);
      for (const projection of generatingProjections(area)) {
        const above = activities[projection.from.index];
        if (above) projection.send(compute, potential, above, 1);
      }
      const drawn = compute.temporary(potential.shape);
      const bias = area.topDownBias.values;
      compute.fire(drawn, potential, potential, bias, 1, stream(`${name} ${area.id}`), step);
      rates[area.index] = potential;
      activities[area.index] = drawsIn(options, area) ? drawn : potential;
    }
    return phaseOf(compute, name, { activities, rates, outputs: activities, gains: make() });
  },
};

/**
 * Returns the feedback projections that generate an area's activity from the areas above.
 *
 * @example
 * ```ts
 * import { generatingProjections, Network, openBackend, parseOptions, stack, wakeSleep } from 'apical/rules';
 *
 * const chain = stack({ layers: [4, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * const machine = wakeSleep.network!.wire!(chain, parseOptions(wakeSleep, {}));
 * const network = new Network(await openBackend(), machine, 1);
 * console.log(generatingProjections(network.input).map(({ id }) => id)); // ['feedback:hidden1→input']
 * network.dispose();
 * ```
 */
export const generatingProjections = (area: Area): readonly Projection[] =>
  area.incoming.filter(({ kind }) => kind === 'feedback');
