import type { Area, Projection } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { drawsIn, phaseOf } from '../phase.ts';
import type { Dynamics } from '../phase.ts';

/**
 * A pass down the feedback projections of stochastic units, from areas that nothing is above:
 *
 *   p_l = σ( Σ_projections h_{l+1} G + c ),   h_l ~ Bernoulli(p_l)
 *
 * with c the top-down thresholds, which alone decide what the topmost areas do unless they are clamped. An area that
 * may be reached neither so nor by a clamp takes no part. The number of rows is that of the examples.
 *
 * Source: Hinton, Dayan, Frey & Neal (1995), Science 268.
 */
export const generative: Dynamics = {
  id: 'generative',
  title: 'Top-down pass of stochastic units',

  run({ compute, network, inputs, stream, step }, name, options = {}) {
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
    return phaseOf(name, { activities, rates, outputs: activities, gains: make() });
  },
};

/** The feedback projections that make an area's activity from those above. */
export const generatingProjections = (area: Area): readonly Projection[] =>
  area.incoming.filter(({ kind }) => kind === 'feedback');
