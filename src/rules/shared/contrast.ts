import type { LearningStep, Moment, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * Emits terms that are Hebbian in one phase and anti-Hebbian in another, for every plastic synapse and bias:
 *
 *   ΔW_ij = η · factor · Σ over the batch of ( ρ_i⁺ ρ_j⁺ − ρ_i⁻ ρ_j⁻ ),   Δb_j = η · factor · Σ ( ρ_j⁺ − ρ_j⁻ )
 *
 * emitted as Δρ_i ρ_j⁺ + ρ_i⁻ Δρ_j, which keeps small differences. One product suffices if an area sends the same in both
 * phases. `scale` is a further factor of projections onto an area. A matrix that carries signals in both directions
 * changes by the sum of both products; where a feedback projection has weights of its own, each matrix changes by half.
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
 * Emits the half of these terms that remains for weights used in one direction only, for every plastic synapse and bias:
 *
 *   ΔW_ij = η · factor · Σ ρ_i ( ρ_j⁺ − ρ_j⁻ ),   Δb_j = η · factor · Σ ( ρ_j⁺ − ρ_j⁻ )
 *
 * with ρ_i, (batch, units), given by `sent`. `scale` is a further factor of projections onto an area.
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
 * Returns what to call after every step of the positive phase, which must start where the negative one ended. Each call
 * emits, and applies at once,
 *
 *   ΔW_ij = η · factor · Σ ( ρ_i Δρ_j + Δρ_i ρ_j ),   Δb_j = η · factor · Σ Δρ_j
 *
 * with ρ before the step and Δρ the change in the step; for `one-way` synapses without Δρ_i ρ_j.
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
    // Terms that were not applied yet still need the previous rates.
    for (const area of changes.keys()) before.set(area, copyOf(moment.activity(area)));
  };
}

/** Returns ρ⁺ − ρ⁻ of an area, (batch, units); undefined for an area that sends the same in both phases. */
export type Change = (area: Area) => Tensor | undefined;

/** Returns ρ⁺ − ρ⁻ of areas, each computed once. */
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

/** Returns the projections that learn. */
export const plasticProjections = ({ network }: LearningStep): readonly Projection[] =>
  network.projections.filter((projection) => projection.plastic);

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
  // Within an area a symmetric matrix has one weight for both directions of a pair.
  if (isSymmetric) step.emit(projection, { kind: 'outer', pre: post, post: sent(from), factor });
}

/** Emits the terms of all biases, factor · Σ Δρ_j. */
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
