import type { LearningStep, Moment, Phase } from '../dynamics/index.ts';
import type { Area } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * What is Hebbian in one phase and anti-Hebbian in another, for every plastic forward and lateral synapse and threshold:
 *
 *   ΔW_ij = η · factor · Σ over the batch of ( ρ_i⁺ ρ_j⁺ − ρ_i⁻ ρ_j⁻ ),   Δb_j = η · factor · Σ ( ρ_j⁺ − ρ_j⁻ )
 *
 * An area that sends the same in both phases makes it one product, ρ_i ( ρ_j⁺ − ρ_j⁻ ).
 */
export function emitContrast(step: LearningStep, positive: Phase, negative: Phase, factor: number): void {
  const { compute, network } = step;
  const isHeld = (area: Area) => positive.activity(area).offset === negative.activity(area).offset;
  const changes = new Map<Area, Tensor>();
  /** ρ⁺ − ρ⁻, (batch, units). */
  const change = (area: Area): Tensor => {
    let known = changes.get(area);
    if (!known) {
      known = compute.temporary(positive.activity(area).shape);
      compute.combine(known, positive.activity(area), negative.activity(area), 1, -1);
      changes.set(area, known);
    }
    return known;
  };
  for (const projection of network.projections) {
    const { kind, from, to } = projection;
    if (kind === 'feedback' || !projection.plastic) continue;
    if (isHeld(from) && isHeld(to)) continue;
    if (isHeld(from)) {
      step.emit(projection, {
        kind: 'outer',
        pre: positive.activity(from),
        post: change(to),
        factor: -factor,
      });
    } else if (isHeld(to)) {
      step.emit(projection, {
        kind: 'outer',
        pre: change(from),
        post: positive.activity(to),
        factor: -factor,
      });
    } else {
      const [pre, post] = [positive.activity(from), positive.activity(to)];
      step.emit(projection, { kind: 'outer', pre, post, factor: -factor });
      step.emit(projection, {
        kind: 'outer',
        pre: negative.activity(from),
        post: negative.activity(to),
        factor,
      });
    }
  }
  for (const area of network.areas) {
    if (!area.bias || isHeld(area)) continue;
    step.emit(area.bias, { kind: 'outer', post: change(area), factor: -factor });
  }
}

/**
 * The same difference as it comes about: to be called after every step of the positive phase, which began where the
 * negative one ended. Each step emits, and applies at once,
 *
 *   ΔW_ij = η · factor · Σ ( ρ_i Δρ_j + Δρ_i ρ_j ),   Δb_j = η · factor · Σ Δρ_j
 *
 * with ρ before the step and Δρ what it changed.
 */
export function changesOverTime(step: LearningStep, start: Phase, factor: number): (moment: Moment) => void {
  const { compute, network } = step;
  const before = new Map<Area, Tensor>();
  for (const area of network.areas) {
    const copy = compute.temporary(start.activity(area).shape);
    compute.copy(copy, start.activity(area));
    before.set(area, copy);
  }
  return (moment) => {
    const changes = new Map<Area, Tensor>();
    for (const [area, rate] of before) {
      if (moment.activity(area).offset === start.activity(area).offset) continue; // held
      const change = compute.temporary(rate.shape);
      compute.combine(change, moment.activity(area), rate, 1, -1);
      changes.set(area, change);
    }
    for (const projection of network.projections) {
      const { kind, from, to } = projection;
      if (kind === 'feedback' || !projection.plastic) continue;
      const [pre, post] = [changes.get(from), changes.get(to)];
      const rate = (area: Area) => before.get(area) as Tensor;
      if (post) step.emit(projection, { kind: 'outer', pre: rate(from), post, factor: -factor });
      if (pre) step.emit(projection, { kind: 'outer', pre, post: rate(to), factor: -factor });
    }
    for (const [{ bias }, post] of changes) {
      if (bias) step.emit(bias, { kind: 'outer', post, factor: -factor });
    }
    step.apply();
    // Terms that were not applied still need the rates from before.
    for (const area of changes.keys()) {
      const copy = compute.temporary(moment.activity(area).shape);
      compute.copy(copy, moment.activity(area));
      before.set(area, copy);
    }
  };
}
