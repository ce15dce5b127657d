import { hasDerivative } from '../../network/objectives/derivative.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { withDropout } from '../dropout.ts';
import type { PhaseOptions } from '../phase.ts';
import { receivedRate } from '../received.ts';
import { phaseOf } from '../record.ts';
import type { Accepts, Dynamics } from '../step.ts';
import { backpropagateBy } from './backpropagation.ts';

/** Phase options of a feedforward pass. A clamped area's rate is what it is clamped to. */
export type FeedforwardOptions = Pick<PhaseOptions, 'inputs' | 'clamp' | 'drive' | 'values'>;

/**
 * One pass along the forward projections:
 *
 *   h_l = f( Σ_projections h_{l−1} W + b ),  then dropout in training
 *
 * The input area's activity is the example.
 */
export const feedforward: Dynamics<FeedforwardOptions> = {
  id: 'feedforward',
  title: 'Feedforward pass',
  severalInputs: true,
  accepts: { clamp: true, drive: true, values: true } satisfies Accepts<FeedforwardOptions>,
  reference: ({ objectives }) => (objectives.every(hasDerivative) ? backpropagate : undefined),

  run(setting, name, options) {
    const { compute, network, inputOf } = setting;
    const rates: Tensor[] = [];
    const activities: Tensor[] = [];
    const gains: (Tensor | undefined)[] = [];
    const potentials: (Tensor | undefined)[] = [];

    for (const area of network.areas) {
      const given = options.clamp?.(area) ?? (area.isInput ? inputOf(area) : undefined);
      const rate = given ?? receivedRate(setting, area, activities, options, potentials);
      const { activity, gain } = withDropout(setting, area, rate);
      rates.push(rate);
      activities.push(activity);
      gains.push(gain);
    }

    return phaseOf(compute, name, { activities, rates, outputs: rates, gains, potentials });
  },
};

/**
 * Runs a feedforward pass and emits the exact gradient of the objectives. Throws `objective.no-derivative` if one of
 * them has none.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagate, backpropagation, defineRule, plasticProjections } from 'apical/rules';
 *
 * // Backpropagation with weight decay as a term of the rule.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'decaying-backprop',
 *   learn(step) {
 *     backpropagate(step);
 *     for (const projection of plasticProjections(step)) {
 *       step.emit(projection, { kind: 'direction', direction: projection.weights, factor: 1e-3 });
 *     }
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export const backpropagate = backpropagateBy(feedforward);
