import type { Area, Projection } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Phase } from './phase.ts';
import type { LearningStep } from './step.ts';

/** How an error crosses a projection from the area above to the one below: below ← …(above) + beta · below. */
export type SendDown = (projection: Projection, above: Tensor, below: Tensor, beta: number) => void;

/**
 * Errors of every area from the objectives down, and the terms that follow from them:
 *
 *   δ_output = ∂L/∂y ⊙ f′,   δ_l = (what is sent down from δ_{l+1}) ⊙ f′ ⊙ gain,   term of W_l: h_{l−1} ⊗ δ_l / batch
 *
 * What is sent down is all in which backpropagation and its feedback kin differ. Where a soma takes on only a share of
 * what its dendrite receives, f(share · (h W + b)), `shareOf` says so, and δ is that of the dendrite.
 *
 * Returns δ of every area that has one, (batch, units).
 */
export function descend(
  step: LearningStep,
  phase: Phase,
  sendDown: SendDown,
  shareOf: (area: Area) => number = () => 1,
): (area: Area) => Tensor | undefined {
  const { compute, network, inputs } = step;
  const errors: (Tensor | undefined)[] = [];

  for (let index = network.areas.length - 1; index >= 0; index--) {
    const area = network.areas[index] as Area;
    if (area === network.input) continue;
    let error: Tensor | undefined;
    for (const projection of area.outgoing) {
      const above = errors[projection.to.index];
      if (projection.kind !== 'forward' || !above) continue;
      const below: Tensor = error ?? compute.temporary([inputs.rows, area.units]);
      // Without weights there is only one way back, for every rule.
      if (projection.hasWeights) sendDown(projection, above, below, error ? 1 : 0);
      else projection.sendBack(compute, below, above, error ? 1 : 0, { sent: phase.activity(area) });
      error = below;
    }
    let gain = error && phase.gain(area);
    const objective = network.objectives.find((candidate) => candidate.area === area);
    if (objective) {
      // An objective looks at the rate, before dropout: the gain belongs to what came down alone.
      const own = step.error(phase, objective);
      if (error && gain) compute.multiply(error, error, gain);
      if (error) compute.add(own, own, error);
      error = own;
      gain = undefined;
    }
    if (!error) continue; // nothing downstream is trained
    if (area.activation !== 'linear' || gain) {
      compute.multiplyBySlope(error, error, phase.rate(area), gain, area.activation);
    }
    const share = shareOf(area);
    if (share !== 1) compute.scale(error, error, share);
    errors[area.index] = error;
  }

  const factor = 1 / inputs.rows;
  for (const area of network.areas) {
    const error = errors[area.index];
    if (error) emitIncoming(step, phase, area, error, factor);
  }
  return (area) => errors[area.index];
}

/** For every plastic forward synapse onto an area, and its thresholds: the term factor · h ⊗ post, h of the phase. */
export function emitIncoming(
  step: LearningStep,
  phase: Pick<Phase, 'activity'>,
  area: Area,
  post: Tensor,
  factor: number,
): void {
  for (const projection of area.incoming) {
    if (projection.kind !== 'forward' || !projection.plastic) continue;
    step.emit(projection, { kind: 'outer', pre: phase.activity(projection.from), post, factor });
  }
  if (area.bias) step.emit(area.bias, { kind: 'outer', post, factor });
}

/**
 * The delta rule for areas with an objective, by which what rules without a teacher have found is read out:
 *
 *   ΔW = −η h ⊗ (∂L/∂y ⊙ f′)
 *
 * Nothing is sent down, so the areas below do not hear of the objective.
 */
export function emitReadouts(step: LearningStep, phase: Phase): void {
  const { compute, network, inputs } = step;
  for (const objective of network.objectives) {
    const { area } = objective;
    const error = step.error(phase, objective);
    if (area.activation !== 'linear') {
      compute.multiplyBySlope(error, error, phase.rate(area), undefined, area.activation);
    }
    emitIncoming(step, phase, area, error, 1 / inputs.rows);
  }
}
