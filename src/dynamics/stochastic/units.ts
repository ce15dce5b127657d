import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import { hasActivation } from '../../tensor/activation.ts';

/**
 * Returns whether an area's units are random: logistic units are on or off, and a linear area with an objective chooses
 * one unit. All others are deterministic.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { defineRule, emitIncoming, isStochastic, reinforce } from 'apical/rules';
 *
 * // REINFORCE without a baseline.
 * const rule = defineRule({
 *   ...reinforce,
 *   id: 'plain-reinforce',
 *   learn(step) {
 *     const phase = step.run('drawn', { sample: true });
 *     const losses = step.losses(phase);
 *     for (const area of step.network.areas) {
 *       if (area.isInput || !isStochastic(step.network, area)) continue;
 *       const post = step.like(area);
 *       step.compute.subtract(post, phase.output(area), phase.rate(area));
 *       step.compute.scaleRows(post, post, losses, 1, 0);
 *       emitIncoming(step, phase, area, post, 1 / post.rows);
 *     }
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [4], activation: 'logistic' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function isStochastic(network: Network, area: Area): boolean {
  if (hasActivation(area, 'logistic')) return true;
  return hasActivation(area, 'linear') && network.objectives.some((objective) => objective.area === area);
}
