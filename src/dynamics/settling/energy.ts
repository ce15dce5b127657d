import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Moment, Phase } from '../phase.ts';

/** Where an energy is evaluated: in a phase, or in a moment of a phase. */
type At = Pick<Phase | Moment, 'activity' | 'state'>;

/**
 * Returns the terms of the energy that `hopfield` descends, one number per example:
 *
 *   E = ½ Σ s² − Σ_{i<j} W_ij ρ_i ρ_j − Σ b ρ
 *
 * by name: "leak of hidden1", the projection's id, "bias of hidden1". Clamped areas, by default the input, contribute
 * no leak. The tensors, (batch), are temporaries.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { defineRule, energyTerms, equilibriumPropagation } from 'apical/rules';
 *
 * // Equilibrium propagation that reports the leak of the hidden area in evaluations.
 * const rule = defineRule({
 *   ...equilibriumPropagation,
 *   id: 'leak-reporter',
 *   report: {
 *     measures: () => ['leak'],
 *     evaluate(step, phase) {
 *       const terms = energyTerms(step.compute, step.network, phase);
 *       step.measure('leak', terms.get('leak of hidden1')!);
 *     },
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8], activation: 'tanh' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function energyTerms(
  compute: Compute,
  network: Network,
  at: At,
  isClamped: (area: Area) => boolean = (area) => area.isInput,
): ReadonlyMap<string, Tensor> {
  const terms = new Map<string, Tensor>();
  for (const area of network.areas) {
    if (isClamped(area)) continue;
    const state = at.state(area);
    const leak = compute.temporary([state.rows]);
    compute.dotRows(leak, state, state);
    compute.scale(leak, leak, 0.5);
    terms.set(`leak of ${area.id}`, leak);
    if (area.bias) {
      const activity = at.activity(area);
      const pushed = compute.temporary(activity.shape);
      compute.fill(pushed, 0);
      compute.activate(pushed, pushed, area.bias.values, 'linear');
      const bias = compute.temporary([state.rows]);
      compute.dotRows(bias, activity, pushed);
      compute.scale(bias, bias, -1);
      terms.set(`bias of ${area.id}`, bias);
    }
  }
  for (const projection of network.projections) {
    if (projection.kind === 'feedback') continue;
    const { from, to } = projection;
    const post = at.activity(to);
    const sent = compute.temporary(post.shape);
    projection.send(compute, sent, at.activity(from));
    const coupling = compute.temporary([post.rows]);
    compute.dotRows(coupling, sent, post);
    // Within an area ρ W ρ counts each pair twice.
    compute.scale(coupling, coupling, from === to ? -0.5 : -1);
    terms.set(projection.id, coupling);
  }
  return terms;
}

/**
 * Returns the energy of each example, the sum of `energyTerms`, (batch), as a temporary. Throws a `RangeError` for a
 * network without areas.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { defineRule, energyOf, equilibriumPropagation } from 'apical/rules';
 *
 * // Equilibrium propagation that reports the mean energy in evaluations.
 * const rule = defineRule({
 *   ...equilibriumPropagation,
 *   id: 'energy-reporter',
 *   report: {
 *     measures: () => ['energy'],
 *     evaluate: (step, phase) => step.measure('energy', energyOf(step.compute, step.network, phase)),
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8], activation: 'tanh' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function energyOf(...parameters: Parameters<typeof energyTerms>): Tensor {
  const [compute] = parameters;
  const [first, ...others] = energyTerms(...parameters).values();
  if (!first) throw new RangeError('A network without areas has no energy.');
  for (const term of others) compute.add(first, first, term);
  return first;
}
