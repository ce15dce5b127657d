import type { Tensor } from '../../tensor/tensor.ts';
import { withDropout } from '../dropout.ts';
import { phaseOf } from '../phase.ts';
import type { Dynamics } from '../phase.ts';
import { receivedRate } from '../received.ts';

/**
 * One pass along the forward projections:
 *
 *   h_l = f( Σ_projections h_{l−1} W + b ),  then dropout in training
 *
 * The input area's activity is the example.
 */
export const feedforward: Dynamics = {
  id: 'feedforward',
  title: 'Feedforward pass',

  run(setting, name, options = {}) {
    const { network, inputs } = setting;
    const rates: Tensor[] = [];
    const activities: Tensor[] = [];
    const gains: (Tensor | undefined)[] = [];

    for (const area of network.areas) {
      const rate = area === network.input ? inputs : receivedRate(setting, area, activities, options);
      const { activity, gain } = withDropout(setting, area, rate);
      rates.push(rate);
      activities.push(activity);
      gains.push(gain);
    }

    return phaseOf(name, { activities, rates, outputs: rates, gains });
  },
};
