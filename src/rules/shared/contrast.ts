import type { LearningStep, Moment, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * Emits terms that are Hebbian in the positive phase and anti-Hebbian in the negative one, for every plastic synapse
 * and bias:
 *
 *   ΔW_ij = η · factor · Σ over the batch of ( ρ_i⁺ ρ_j⁺ − ρ_i⁻ ρ_j⁻ ),   Δb_j = η · factor · Σ ( ρ_j⁺ − ρ_j⁻ )
 *
 * The terms are written as Δρ_i ρ_j⁺ + ρ_i⁻ Δρ_j, which preserves small differences. One product suffices if an area
 * has the same rate in both phases. `scale` is a further factor of projections onto an area. A matrix that carries
 * signals in both directions changes by the sum of both products. If feedback has weights of its own, each matrix
 * changes by half.
 *
 * @example
 * ```ts
 * import { emitContrast, type LearningStep, type Phase } from 'apical/rules';
 *
 * export const contrast = (step: LearningStep, clamped: Phase, free: Phase) =>
 *   emitContrast(step, clamped, free, 1 / step.inputs.rows);
 * ```
 */
export function emitContrast(
  step: LearningStep,
  positive: Phase,
  negative: Phase,
  factor: number,
  scale: (to: Area) => number = () => 1,
): void {
  const change = changesBetween(step, positive, negative);
  for (const projection of plasticProjections(step)) {
    const { kind, from, to, feedback } = projection;
    const isFeedback = kind === 'feedback';
    const share = -factor * scale(isFeedback ? from : to) * (isFeedback || feedback ? 0.5 : 1);
    const [pre, post] = [change(from), change(to)];
    if (post) step.emit(projection, { kind: 'outer', pre: negative.activity(from), post, factor: share });
    if (pre) step.emit(projection, { kind: 'outer', pre, post: positive.activity(to), factor: share });
  }
  emitBiases(step, change, (area) => -factor * scale(area));
}

/**
 * Emits the half of the contrast that remains for weights used in one direction only, for every plastic synapse and bias:
 *
 *   ΔW_ij = η · factor · Σ ρ_i ( ρ_j⁺ − ρ_j⁻ ),   Δb_j = η · factor · Σ ( ρ_j⁺ − ρ_j⁻ )
 *
 * `sent` returns ρ_i, (batch, units). `scale` is a further factor of projections onto an area.
 *
 * @example
 * ```ts
 * import { emitChange, type LearningStep, type Phase } from 'apical/rules';
 *
 * // Generalised recirculation: presynaptic activity of the minus phase times the postsynaptic change.
 * export const recirculate = (step: LearningStep, plus: Phase, minus: Phase) =>
 *   emitChange(step, (area) => minus.activity(area), plus, minus, 1 / step.inputs.rows);
 * ```
 */
export function emitChange(
  step: LearningStep,
  sent: (area: Area) => Tensor,
  positive: Phase,
  negative: Phase,
  factor: number,
  scale: (to: Area) => number = () => 1,
): void {
  const change = changesBetween(step, positive, negative);
  for (const projection of plasticProjections(step)) {
    emitOneWay(step, projection, sent, change, -factor * scale(projection.to));
  }
  emitBiases(step, change, (area) => -factor * scale(area));
}

/**
 * Returns the per-step hook of a positive phase that starts where the negative one ended. Each call emits, and applies
 * at once,
 *
 *   ΔW_ij = η · factor · Σ ( ρ_i Δρ_j + Δρ_i ρ_j ),   Δb_j = η · factor · Σ Δρ_j
 *
 * with ρ before the step and Δρ its change in the step. `one-way` synapses leave out Δρ_i ρ_j.
 *
 * @example
 * ```ts
 * import { changesOverTime, hopfield, type LearningStep, type Phase } from 'apical/rules';
 *
 * export function nudgeContinually(step: LearningStep, free: Phase, beta: number) {
 *   const each = changesOverTime(step, free, 1 / (beta * step.inputs.rows));
 *   step.run(hopfield, 'nudged', { start: free, nudge: beta, each });
 * }
 * ```
 */
export function changesOverTime(
  step: LearningStep,
  start: Phase,
  factor: number,
  synapses: 'both-ways' | 'one-way' = 'both-ways',
): (moment: Moment) => void {
  const { compute, network } = step;
  const copyOf = (tensor: Tensor): Tensor => {
    const copy = compute.temporary(tensor.shape);
    compute.copy(copy, tensor);
    return copy;
  };
  const before = new Map(network.areas.map((area) => [area, copyOf(start.activity(area))]));
  const rate = (area: Area) => before.get(area) as Tensor;
  return (moment) => {
    const changes = new Map<Area, Tensor>();
    for (const area of network.areas) {
      if (moment.activity(area).offset === start.activity(area).offset) continue; // clamped
      const change = compute.temporary(rate(area).shape);
      compute.subtract(change, moment.activity(area), rate(area));
      changes.set(area, change);
    }
    const change = (area: Area) => changes.get(area);
    if (synapses === 'one-way') {
      for (const projection of plasticProjections(step)) emitOneWay(step, projection, rate, change, -factor);
    } else {
      for (const projection of plasticProjections(step)) {
        const [pre, post] = [change(projection.from), change(projection.to)];
        if (post) step.emit(projection, { kind: 'outer', pre: rate(projection.from), post, factor: -factor });
        if (pre) step.emit(projection, { kind: 'outer', pre, post: rate(projection.to), factor: -factor });
      }
    }
    emitBiases(step, change, () => -factor);
    step.apply();
    // In a probe, terms are not applied yet and still need the previous rates.
    for (const area of changes.keys()) before.set(area, copyOf(moment.activity(area)));
  };
}

/** Returns ρ⁺ − ρ⁻ of an area, (batch, units); undefined for an area with the same rate in both phases. */
export type Change = (area: Area) => Tensor | undefined;

/**
 * Returns a function of an area that gives ρ⁺ − ρ⁻, (batch, units), and computes it once. It gives undefined for an area
 * with the same rate in both phases.
 *
 * @example
 * ```ts
 * import { changesBetween, emitBiases, type LearningStep, type Phase } from 'apical/rules';
 *
 * // Only the biases learn.
 * export const learnBiases = (step: LearningStep, clamped: Phase, free: Phase) =>
 *   emitBiases(step, changesBetween(step, clamped, free), () => -1 / step.inputs.rows);
 * ```
 */
export function changesBetween({ compute }: LearningStep, positive: Phase, negative: Phase): Change {
  const known = new Map<Area, Tensor>();
  return (area) => {
    const [more, less] = [positive.activity(area), negative.activity(area)];
    if (more.offset === less.offset) return undefined;
    let change = known.get(area);
    if (!change) {
      known.set(area, (change = compute.temporary(more.shape)));
      compute.subtract(change, more, less);
    }
    return change;
  };
}

/**
 * Returns the projections that learn.
 *
 * @example
 * ```ts
 * import { changesBetween, plasticProjections, type LearningStep, type Phase } from 'apical/rules';
 *
 * export function learn(step: LearningStep, clamped: Phase, free: Phase) {
 *   const change = changesBetween(step, clamped, free);
 *   for (const projection of plasticProjections(step)) {
 *     const post = change(projection.to);
 *     if (post) step.emit(projection, { kind: 'outer', pre: free.activity(projection.from), post, factor: -1 });
 *   }
 * }
 * ```
 */
export const plasticProjections = ({ network }: LearningStep): readonly Projection[] =>
  network.projections.filter((projection) => projection.plastic);

/** Emits factor · ρ_i Δρ_j for a projection. */
function emitOneWay(
  step: LearningStep,
  projection: Projection,
  sent: (area: Area) => Tensor,
  change: Change,
  factor: number,
): void {
  const { from, to, isSymmetric } = projection;
  const post = change(to);
  if (!post) return;
  step.emit(projection, { kind: 'outer', pre: sent(from), post, factor });
  // A symmetric matrix within an area has one weight for both directions of a pair.
  if (isSymmetric) step.emit(projection, { kind: 'outer', pre: post, post: sent(from), factor });
}

/**
 * Emits the terms of all biases, factor · Σ over the batch of Δρ_j. `change` returns Δρ, (batch, units), of an area that
 * changes.
 *
 * @example
 * ```ts
 * import { changesBetween, emitBiases, type LearningStep, type Phase } from 'apical/rules';
 *
 * export const learnBiases = (step: LearningStep, clamped: Phase, free: Phase) =>
 *   emitBiases(step, changesBetween(step, clamped, free), () => -1 / step.inputs.rows);
 * ```
 */
export function emitBiases(
  { network, emit }: LearningStep,
  change: Change,
  factor: (area: Area) => number,
): void {
  for (const area of network.areas) {
    const post = area.bias && change(area);
    if (area.bias && post) emit(area.bias, { kind: 'outer', post, factor: factor(area) });
  }
}
