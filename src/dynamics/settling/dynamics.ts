import { hasDerivative } from '../../network/objectives/derivative.ts';
import type { Dynamics } from '../step.ts';
import type { FeedbackGainOptions } from './options.ts';
import { isLinearisable } from './linearisation.ts';
import { recurrentBackpropagateBy } from './recurrent-backpropagation.ts';
import { relax } from './relaxation.ts';
import type { SettlingDynamics } from './relaxation.ts';

/**
 * Returns dynamics that run a relaxation. Their exact reference is recurrent backpropagation, where every objective has
 * a derivative. With a tolerance, a phase throws `dynamics.diverged` once its activity is not finite.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { defineRule, recurrentBackpropagateBy, recurrentBackpropagation } from 'apical/rules';
 * import { RELAXATION_OPTIONS, settlingDynamics, symmetricCouplings } from 'apical/rules';
 *
 * // Rates that approach f of what they receive, with the transposed weights as feedback.
 * const rates = settlingDynamics({
 *   id: 'my-rates', title: 'My rates', accepts: { ...RELAXATION_OPTIONS, feedbackGain: true },
 *   relaxation: {
 *     settles: 'rates', couplings: symmetricCouplings,
 *     update({ compute }, { area, rate, received, drive }, size) {
 *       compute.add(received, received, drive);
 *       compute.activate(received, received, undefined, area.activation);
 *       compute.combine(rate, rate, received, 1 - size, size);
 *     },
 *   },
 * });
 * const learn = recurrentBackpropagateBy(rates);
 * const rule = defineRule({ ...recurrentBackpropagation, id: 'my-rule', dynamics: rates, learn });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [4], activation: 'tanh' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function settlingDynamics<Options extends FeedbackGainOptions>(
  parts: Omit<SettlingDynamics<Options>, 'run' | 'reference'>,
): SettlingDynamics<Options> {
  const dynamics: SettlingDynamics<Options> = {
    ...parts,
    reference: (network) =>
      network.objectives.every((objective) => hasDerivative(objective) && objective.reach === 'network') &&
      isLinearisable(network, parts.relaxation)
        ? recurrentBackpropagateBy(dynamics)
        : undefined,
    run: (setting, name, options) => relax(parts.relaxation, setting, name, options),
  };
  return dynamics;
}

/**
 * Returns whether activity settles under these dynamics, and so whether they have a `relaxation`.
 *
 * @example
 * ```ts
 * import { equilibriumPropagation, feedbackAlignment, isSettling } from 'apical/rules';
 *
 * const { dynamics } = equilibriumPropagation;
 * if (isSettling(dynamics)) console.log(dynamics.relaxation.settles); // states
 * console.log(isSettling(feedbackAlignment.dynamics)); // false
 * ```
 */
export const isSettling = (dynamics: Dynamics): dynamics is SettlingDynamics => 'relaxation' in dynamics;
