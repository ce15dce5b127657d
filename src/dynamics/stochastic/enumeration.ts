import { emitIncoming } from '../passes.ts';
import type { PhaseOptions } from '../phase.ts';
import type { Dynamics, LearningStep } from '../step.ts';
import type { Sampling } from './draws.ts';
import { isStochastic } from './units.ts';
import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import { hasActivation } from '../../tensor/activation.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The largest number of joint draws of a network that is enumerated. */
export const MOST_CONFIGURATIONS = 4096;

/**
 * Returns the number of joint draws of a network's stochastic units: 2 for each logistic unit, n for a choice of n.
 *
 * @example
 * ```ts
 * import { configurationsOf, MOST_CONFIGURATIONS, Network, openBackend, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 5, 3], activation: 'logistic', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * console.log(configurationsOf(network)); // 2⁵ · 3 = 96
 * console.log(configurationsOf(network) <= MOST_CONFIGURATIONS); // true: the expected loss can be enumerated
 * network.dispose();
 * ```
 */
export function configurationsOf(network: Network): number {
  return stochasticAreas(network).reduce((product, area) => product * statesOf(area), 1);
}

/**
 * Emits the exact gradient of the expected loss of stochastic units, by a sum over all their joint draws:
 *
 *   E L = Σ_h P(h) L(h),   ∂E L/∂a_l = Σ_h P(h) L(h) (h_l − p_l(h)),   P(h) = Π_l Π_i p^h (1 − p)^(1−h)
 *
 * since ∂ ln P/∂a = h − p for a logistic unit and for a softmax choice. It repeats the batch once per joint draw, so it
 * serves networks with at most `MOST_CONFIGURATIONS`; `dynamics` must draw by `sample` and accept `clamp`. A test holds
 * it to finite differences of E L in f64.
 *
 * Source: Williams (1992), Machine Learning 8.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { configurationsOf, defineRule, enumerateBy, MOST_CONFIGURATIONS, reinforce, stochastic } from 'apical/rules';
 *
 * // The gradient with which a run compares the updates of the rule.
 * const rule = defineRule({
 *   ...reinforce,
 *   id: 'my-reinforce',
 *   learning: {
 *     ...reinforce.learning,
 *     reference: (network) =>
 *       configurationsOf(network) > MOST_CONFIGURATIONS ? undefined : (step) => enumerateBy(stochastic, step),
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [4], activation: 'logistic' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function enumerateBy(
  dynamics: Dynamics<Sampling & Pick<PhaseOptions, 'clamp'>>,
  step: LearningStep,
): void {
  const { compute, network, inputs } = step;
  const areas = stochasticAreas(network);
  const configurations = configurationsOf(network);
  const batch = inputs.rows;
  const all = step.repeated(configurations);
  const drawn = new Map<Area, Tensor>();
  let repeats = 1; // of a state of this area, before the next one comes
  for (const area of areas) {
    const states = compute.temporary([configurations * batch, area.units]);
    const period = repeats;
    states.set(
      Array.from({ length: states.size }, (_, index) => {
        const configuration = Math.floor(index / (batch * area.units));
        const state = Math.floor(configuration / period) % statesOf(area);
        return unitOf(area, state, index % area.units);
      }),
    );
    drawn.set(area, states);
    repeats *= statesOf(area);
  }
  const phase = all.run(dynamics, 'enumerated', { sample: true, clamp: (area) => drawn.get(area) });

  // weight = P(h) L(h): a reference may read values back.
  const weight = Float64Array.from(all.losses(phase).data);
  for (const [area, states] of drawn) {
    const [probability, state] = [phase.rate(area).data, states.data];
    for (let row = 0; row < weight.length; row++) {
      for (let unit = 0; unit < area.units; unit++) {
        const at = row * area.units + unit;
        const [p, h] = [probability[at] as number, state[at] as number];
        if (hasActivation(area, 'logistic')) weight[row] = (weight[row] as number) * (h === 1 ? p : 1 - p);
        else if (h === 1) weight[row] = (weight[row] as number) * p;
      }
    }
  }
  const weights = compute.temporary([weight.length]).set(weight);
  for (const area of areas) {
    const post = compute.temporary([weight.length, area.units]);
    compute.subtract(post, phase.output(area), phase.rate(area));
    compute.scaleRows(post, post, weights, 1, 0);
    emitIncoming(step, phase, area, post, 1 / batch);
  }
}

const stochasticAreas = (network: Network) =>
  network.areas.filter((area) => !area.isInput && isStochastic(network, area));

const statesOf = (area: Area) => (hasActivation(area, 'logistic') ? 2 ** area.units : area.units);

/** Returns what unit number `unit` sends in a state of its area: a bit of its number, or whether it is the chosen unit. */
const unitOf = (area: Area, state: number, unit: number) =>
  hasActivation(area, 'logistic') ? Math.floor(state / 2 ** unit) % 2 : Number(state === unit);
