import type { Area } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Dynamics, Phase } from './phase.ts';

/**
 * One pass along the forward projections:
 *
 *   h_l = f( Σ_projections h_{l−1} W + b ),  then h_l ← h_l ⊙ m_l / (1−p) with m_l ~ Bernoulli(1−p) in training
 *
 * (inverted dropout: Srivastava et al. 2014, section 10). The input area's activity is the example.
 */
export const feedforward: Dynamics = {
  id: 'feedforward',
  title: 'Feedforward pass',

  run({ compute, network, inputs, step, training, stream }, name) {
    const rates: Tensor[] = [];
    const activities: Tensor[] = [];
    const gains: (Tensor | undefined)[] = [];

    for (const area of network.areas) {
      let rate = inputs;
      if (area !== network.input) {
        rate = compute.temporary([inputs.rows, area.units]);
        let received = 0;
        for (const projection of area.incoming) {
          if (projection.kind !== 'forward') continue;
          projection.send(compute, rate, activities[projection.from.index] as Tensor, received === 0 ? 0 : 1);
          received += 1;
        }
        if (received === 0) compute.fill(rate, 0);
        compute.activate(rate, rate, area.bias?.values, area.activation);
      }
      rates.push(rate);
      if (training && area.dropout > 0) {
        const gain = compute.temporary(rate.shape);
        const activity = compute.temporary(rate.shape);
        const kept = 1 - area.dropout;
        compute.drawBernoulli(gain, kept, 1 / kept, stream(`dropout ${area.id}`), step);
        compute.multiply(activity, rate, gain);
        activities.push(activity);
        gains.push(gain);
      } else {
        activities.push(rate);
        gains.push(undefined);
      }
    }

    const phase: Phase = {
      name,
      activity: (area: Area) => activities[area.index] as Tensor,
      rate: (area: Area) => rates[area.index] as Tensor,
      gain: (area: Area) => gains[area.index],
    };
    return phase;
  },
};
