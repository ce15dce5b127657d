import type { Phase } from '../phase.ts';
import type { LearningStep } from '../step.ts';
import type { SettlingDynamics } from './relaxation.ts';
import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Linearisation } from './linearisation.ts';
import type { RelaxationOptions, SettledPhase } from './options.ts';

/** How far, and of which free phase, backpropagation through time goes back. */
export interface Unrolled {
  /** Options of the free phase that differ from the rule's, such as its number of steps T. */
  readonly phase?: RelaxationOptions;
  /** Number of last steps to go back through. Default: all. */
  readonly back?: number;
  /** Called after the terms of each step are emitted: with 1 after those of the last step, then 2, … */
  readonly each?: (stepsBack: number) => void;
}

/** An area's activity after one step; tensors (batch, units). */
interface Snapshot {
  readonly activity: Tensor;
  readonly rate: Tensor;
}
type Snapshots = ReadonlyMap<Area, Snapshot>;

/**
 * Runs a free phase and emits the exact gradient of the cost at the end of it, by backpropagation through its steps.
 * With s_t = bound( s_{t−1} + ε F(s_{t−1}) ), t = 1 … T, and λ_T = ∂C/∂s_T,
 *
 *   λ_{t−1} = λ_t + ε (∂F/∂s)ᵀ λ_t,     dC/dθ = Σ_t ε λ_t · ∂F/∂θ,     F and its derivatives at s_{t−1}
 *
 * with λ 0 where a bound cut off the step. It becomes recurrent backpropagation's as T grows. From a fixed point on,
 * the terms of the n-th step back are what equilibrium propagation changes in its n-th nudged step, with the sign
 * reversed.
 *
 * Returns the free phase. Throws `objective.no-derivative` if an objective has none.
 *
 * Source: Ernoult, Grollier, Querlioz, Bengio & Scellier (2019), NeurIPS 32. A test holds it to finite differences in
 * f64.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagateThroughTime, defineRule, hopfield, recurrentBackpropagation } from 'apical/rules';
 *
 * // Back through the last 4 of 10 steps.
 * const rule = defineRule({
 *   ...recurrentBackpropagation,
 *   id: 'truncated-bptt',
 *   learn(step) {
 *     backpropagateThroughTime(step, hopfield, { phase: { steps: 10 }, back: 4 });
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8], activation: 'tanh' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function backpropagateThroughTime(
  step: LearningStep,
  dynamics: SettlingDynamics,
  { phase: options = {}, back = Infinity, each }: Unrolled = {},
): SettledPhase {
  const { compute, inputs, network } = step;
  const keep = (at: Pick<Phase, 'activity' | 'rate'>): Snapshots =>
    new Map(
      network.areas.map((area) => {
        const [activity, rate] = [at.activity(area), at.rate(area)];
        if (area.isInput) return [area, { activity, rate }];
        const copyOf = (tensor: Tensor) => {
          const copy = compute.temporary(tensor.shape);
          compute.copy(copy, tensor);
          return copy;
        };
        return [area, { activity: copyOf(activity), rate: copyOf(rate) }];
      }),
    );
  const record = [keep(step.run(dynamics, 'free', { ...options, steps: 0 }))];
  let size = 1;
  const end = step.run(dynamics, 'free', {
    ...options,
    each: (moment) => {
      ({ size } = moment);
      record.push(keep(moment));
      if (record.length > back + 1) record.shift();
    },
  });
  step.score(end);

  const gain = end.settling.feedbackGain;
  const last = new Linearisation(step, dynamics.relaxation, end, gain);
  const [lambda, change] = [last.make(), last.make()];
  last.pull(lambda);
  for (let stepsBack = 1; stepsBack < record.length; stepsBack++) {
    const [before, after] = [record.at(-1 - stepsBack), record.at(-stepsBack)] as [Snapshots, Snapshots];
    const linear = new Linearisation(
      step,
      dynamics.relaxation,
      {
        activity: (area) => (before.get(area) as Snapshot).activity,
        rate: (area) => (before.get(area) as Snapshot).rate,
        gain: (area) => end.gain(area),
      },
      gain,
    );
    linear.bound(lambda, (area) => (after.get(area) as Snapshot).rate);
    const delta = linear.make(); // terms keep it
    linear.signals(lambda, delta);
    linear.emit(delta, size / inputs.rows);
    linear.transposed(lambda, delta, change);
    for (const [area, tensor] of lambda) compute.addScaled(tensor, change.get(area) as Tensor, size);
    each?.(stepsBack);
  }
  return end;
}
