import type { LearningStep, Phase, PhaseOptions, Relaxation } from '../index.ts';
import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Linearisation } from './linearisation.ts';

export interface Unrolled {
  /** Of the free phase: its `steps` T and what else differs from the rule's. */
  readonly phase?: PhaseOptions;
  /** How many of its last steps to go back through; default all. */
  readonly back?: number;
  /** Called after the terms of each step were emitted: with 1 after those of the last step, and so on. */
  readonly each?: (stepsBack: number) => void;
}

/** An area's activity after one step; tensors (batch, units). */
interface Snapshot {
  readonly activity: Tensor;
  readonly rate: Tensor;
}
type Snapshots = ReadonlyMap<Area, Snapshot>;

/**
 * The exact gradient of the cost at the end of a relaxation, by backpropagation through its steps. With
 * s_t = bound( s_{t−1} + ε F(s_{t−1}) ), t = 1 … T, and λ_T = ∂C/∂s_T,
 *
 *   λ_{t−1} = λ_t + ε (∂F/∂s)ᵀ λ_t,     dC/dθ = Σ_t ε λ_t · ∂F/∂θ,     F and its derivatives at s_{t−1}
 *
 * with λ 0 where a bound cut off the step. It becomes recurrent backpropagation's as T grows. From a fixed point on, the
 * terms of the n-th step back are what equilibrium propagation changes in its n-th nudged step, with the sign reversed.
 *
 * Source: Ernoult, Grollier, Querlioz, Bengio & Scellier (2019), NeurIPS 32. Held to finite differences in f64 by test.
 */
export function backpropagateThroughTime(
  step: LearningStep,
  relaxation: Relaxation,
  { phase: options = {}, back = Infinity, each }: Unrolled = {},
): Phase {
  const { compute, inputs, network } = step;
  const keep = (at: Pick<Phase, 'activity' | 'rate'>): Snapshots =>
    new Map(
      network.areas.map((area) => {
        const [activity, rate] = [at.activity(area), at.rate(area)];
        if (area === network.input) return [area, { activity, rate }];
        const copyOf = (tensor: Tensor) => {
          const copy = compute.temporary(tensor.shape);
          compute.copy(copy, tensor);
          return copy;
        };
        return [area, { activity: copyOf(activity), rate: copyOf(rate) }];
      }),
    );
  const record = [keep(step.run('free', { ...options, steps: 0 }))];
  let size = 1;
  const end = step.run('free', {
    ...options,
    each: (moment) => {
      ({ size } = moment);
      record.push(keep(moment));
      if (record.length > back + 1) record.shift();
    },
  });
  step.judge(end);

  const gain = end.settling?.feedbackGain ?? 1;
  const last = new Linearisation(step, relaxation, end, gain);
  const [lambda, change] = [last.make(), last.make()];
  last.pull(lambda);
  for (let stepsBack = 1; stepsBack < record.length; stepsBack++) {
    const [before, after] = [record.at(-1 - stepsBack), record.at(-stepsBack)] as [Snapshots, Snapshots];
    const linear = new Linearisation(
      step,
      relaxation,
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
    for (const [area, its] of lambda) compute.combine(its, its, change.get(area) as Tensor, 1, size);
    each?.(stepsBack);
  }
  return end;
}
