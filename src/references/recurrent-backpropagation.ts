import { symmetricCouplings } from '../dynamics/index.ts';
import type { LearningStep, Phase } from '../dynamics/index.ts';
import type { Area } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Steps of either relaxation, at most; the adjoint's are of this size, in membrane time constants. */
const MOST_STEPS = 2000;
const STEP_SIZE = 0.5;
const STEPS_A_CHECK = 10;
/** When a relaxation counts as at its fixed point, in the two precisions. */
const TOLERANCES = { f32: 1e-6, f64: 1e-12 } as const;

/**
 * The exact gradient of the cost at the fixed point of a continuous Hopfield network, by recurrent backpropagation.
 * Where ∂E/∂s = 0, ds⁰/dθ = −H⁻¹ ∂²E/∂s∂θ with H = ∂²E/∂s². So with μ the fixed point of a linear relaxation,
 *
 *   dμ/dt = −H μ − ∂C/∂s,    H μ = (1 − κ) ⊙ μ − ρ′ ⊙ (ρ′ ⊙ μ) W,    κ = ρ″ ⊙ (ρ W + b) = s ⊙ ρ″ / ρ′
 *   dC/dθ = μ · ∂²E/∂s∂θ:    dC/dW_ij = −( ρ_i δ_j + δ_i ρ_j ),    dC/db_i = −δ_i,    δ = ρ′ ⊙ μ
 *
 * κ is s(1 − 2ρ) of logistic units, −2sρ of tanh, and 0 of hard sigmoids and linear ones. A unit at a bound does not
 * move: there μ and δ are 0.
 *
 * Source: Almeida (1987), ICNN; Pineda (1987), Physical Review Letters 59. Held to finite differences in f64 by test.
 */
export function recurrentBackpropagate(step: LearningStep): void {
  const tolerance = TOLERANCES[step.compute.backend.float];
  const free = step.run('free', { steps: MOST_STEPS, tolerance });
  step.judge(free);
  emitAdjoint(step, free, tolerance);
}

/** The gradient's terms, from a free phase that has settled. */
export function emitAdjoint(step: LearningStep, free: Phase, tolerance: number): void {
  const { network, inputs } = step;
  const deltas = adjointSignals(step, free, tolerance);
  const factor = -1 / inputs.rows;
  for (const projection of network.projections) {
    if (projection.kind === 'feedback' || !projection.plastic) continue;
    const { from, to } = projection;
    const [pre, post] = [deltas.get(from), deltas.get(to)];
    if (post) step.emit(projection, { kind: 'outer', pre: free.activity(from), post, factor });
    if (pre) step.emit(projection, { kind: 'outer', pre, post: free.activity(to), factor });
  }
  for (const [{ bias }, post] of deltas) if (bias) step.emit(bias, { kind: 'outer', post, factor });
}

/** δ = ρ′ ⊙ gain ⊙ μ of every area but the input, (batch, units). */
function adjointSignals(step: LearningStep, free: Phase, tolerance: number): ReadonlyMap<Area, Tensor> {
  const { compute, network, inputs } = step;
  const areas = network.areas.filter((area) => area !== network.input);
  const make = (area: Area) => compute.temporary([inputs.rows, area.units]);
  const deltas = new Map(areas.map((area) => [area, make(area)]));
  const relaxing = areas.map((area) => {
    const objective = network.objectives.find((its) => its.area === area);
    const pull = make(area);
    if (objective) {
      step.pull(objective, free.output(area), pull);
      compute.multiplyBySlope(pull, pull, free.rate(area), undefined, area.activation);
    } else compute.fill(pull, 0);
    const couplings = symmetricCouplings(network, area).filter(({ from }) => deltas.has(from));
    const mu = make(area);
    compute.fill(mu, 0);
    return { area, couplings, pull, mu, leak: leakOf(step, area, free), change: make(area) };
  });
  for (const delta of deltas.values()) compute.fill(delta, 0);

  for (let taken = 1; taken <= MOST_STEPS; taken++) {
    for (const { area, couplings, pull, mu, leak, change } of relaxing) {
      compute.fill(change, 0);
      for (const { projection, from, back } of couplings) {
        const sent = deltas.get(from) as Tensor;
        if (back) projection.sendBack(compute, change, sent, 1);
        else projection.send(compute, change, sent, 1);
      }
      compute.multiplyBySlope(change, change, free.rate(area), free.gain(area), area.activation);
      compute.combine(change, change, pull, 1, -1);
      if (leak) {
        const leaked = compute.temporary(mu.shape);
        compute.multiply(leaked, leak, mu);
        compute.combine(change, change, leaked, 1, -1);
      } else compute.combine(change, change, mu, 1, -1);
    }
    for (const { area, mu, change } of relaxing) {
      compute.combine(mu, mu, change, 1, STEP_SIZE);
      const delta = deltas.get(area) as Tensor;
      compute.multiplyBySlope(delta, mu, free.rate(area), free.gain(area), area.activation);
    }
    if (taken % STEPS_A_CHECK !== 0) continue;
    if (
      rootMeanSquare(
        step,
        relaxing.map(({ change }) => change),
      ) <=
      tolerance *
        rootMeanSquare(
          step,
          relaxing.map(({ mu }) => mu),
        )
    )
      break;
  }
  return deltas;
}

/** 1 − κ, (batch, units); undefined where it is 1. */
function leakOf({ compute }: LearningStep, area: Area, free: Phase): Tensor | undefined {
  if (area.activation !== 'logistic' && area.activation !== 'tanh') return undefined;
  const [state, rate] = [free.state(area), free.rate(area)];
  const leak = compute.temporary(state.shape);
  compute.multiply(leak, state, rate);
  compute.scale(leak, leak, 2);
  if (area.activation === 'logistic') compute.combine(leak, leak, state, 1, -1);
  const one = compute.temporary(state.shape);
  compute.fill(one, 1);
  compute.combine(leak, leak, one, 1, 1);
  return leak;
}

/** Over all elements. A reference may read values back. */
function rootMeanSquare({ compute }: LearningStep, tensors: readonly Tensor[]): number {
  return compute.scope(() => {
    const sum = compute.temporary([1], 'f64');
    let [square, count] = [0, 0];
    for (const tensor of tensors) {
      compute.dot(sum, tensor, tensor);
      square += sum.data[0] as number;
      count += tensor.size;
    }
    return Math.sqrt(square / count);
  });
}
