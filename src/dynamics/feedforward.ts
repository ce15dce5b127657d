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

  run({ compute, network, inputs, step, training, copies, stream }, name, { values, drive } = {}) {
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
          const weights = values?.(projection) ?? projection.weights;
          const presynaptic = activities[projection.from.index] as Tensor;
          projection.send(compute, rate, presynaptic, received === 0 ? 0 : 1, weights);
          received += 1;
        }
        if (received === 0) compute.fill(rate, 0);
        const push = drive?.(area);
        if (push) compute.combine(rate, rate, push, 1, 1);
        const bias = area.bias && (values?.(area.bias) ?? area.bias.values);
        compute.activate(rate, rate, bias, area.activation);
      }
      rates.push(rate);
      if (training && area.dropout > 0) {
        const gain = compute.temporary(rate.shape);
        const activity = compute.temporary(rate.shape);
        const kept = 1 - area.dropout;
        const byCopy = gain.reshape([copies, gain.size / copies]);
        const first = byCopy.rowRange(0, 1);
        compute.drawBernoulli(
          first.reshape([gain.rows / copies, area.units]),
          kept,
          1 / kept,
          stream(`dropout ${area.id}`),
          step,
        );
        for (let copy = 1; copy < copies; copy++) compute.copy(byCopy.rowRange(copy, 1), first);
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
      output: (area: Area) => rates[area.index] as Tensor,
      gain: (area: Area) => gains[area.index],
    };
    return phase;
  },
};
