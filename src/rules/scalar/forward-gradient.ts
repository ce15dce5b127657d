import { z } from 'zod';
import { emitIncoming, feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Forward gradient: a random direction, times the exact derivative of the loss along it, which is computed forward with
 * the activity.
 *
 *   on weights:   v ~ N(0, I),  g_W = (∇_W L · v) v
 *   on activity:  u ~ N(0, I),  g_W = h_{l−1} ⊗ (∇_a L · u) u_l
 *
 * A tangent pass computes the directional derivative: ȧ_l = ḣ_{l−1} W_l + h_{l−1} v_l + u_l, ḣ_l = f′(a_l) ⊙ ȧ_l,
 * and ∇L · v = Σ ∂L/∂y ⊙ ẏ. The estimate is unbiased; it is the limit of perturbation as the noise tends to 0.
 *
 * Source: Baydin, Pearlmutter, Syme, Wood & Torr (2022), arXiv:2202.08587; Ren, Kornblith, Liao & Hinton (2023),
 * ICLR.
 */
export const forwardGradient = defineRule({
  id: 'forward-gradient',
  family: 'Credit from one scalar',
  title: 'Forward gradient',
  summary:
    'Follows a random direction in proportion to the exact derivative of the loss along it, without a backward pass.',
  equation: String.raw`g_a = h_{l-1} \otimes (\nabla_a L \cdot u)\, u_l, \qquad g_W = (\nabla_W L \cdot v)\, v`,
  cites: ['baydin2022', 'ren2023'],
  options: z.strictObject({
    perturb: z
      .enum(['activity', 'weights'])
      .default('activity')
      .describe('space of the random direction: activity or weights'),
  }),
  dynamics: feedforward,

  learn(step) {
    const phase = step.run('clean');
    if (step.options.perturb === 'activity') perturbActivity(step, phase);
    else perturbWeights(step, phase);
  },
});

/** Emits the terms of a direction per example: g = h ⊗ (∇L · u) u / batch. */
function perturbActivity(step: LearningStep, phase: Phase): void {
  const { compute, network, inputs } = step;
  const directions = new Map<Area, Tensor>();
  for (const area of network.areas) {
    if (area.isInput) continue;
    const direction = step.like(area);
    compute.drawNormal(direction, 0, 1, step.stream(`direction ${area.id}`), step.step);
    directions.set(area, direction);
  }
  const derivative = tangent(step, phase, (area, potential) => {
    const direction = directions.get(area);
    if (direction) compute.add(potential, potential, direction);
  });
  const factor = 1 / inputs.rows;
  for (const [area, post] of directions) {
    compute.scaleRows(post, post, derivative, 1, 0);
    emitIncoming(step, phase, area, post, factor);
  }
}

/** Emits the terms of a direction that all examples share: g = (∇ mean L · v) v. */
function perturbWeights(step: LearningStep, phase: Phase): void {
  const { compute, network, inputs } = step;
  const directions = new Map<Parameter, Tensor>();
  for (const parameter of network.parameters) {
    const direction = compute.temporary(parameter.values.shape);
    compute.drawNormal(direction, 0, 1, step.stream(`direction ${parameter.id}`), step.step);
    if (parameter.mask) compute.multiply(direction, direction, parameter.mask);
    directions.set(parameter, direction);
  }
  const derivative = tangent(step, phase, (area, potential) => {
    for (const projection of area.incoming) {
      const direction = directions.get(projection);
      if (projection.kind === 'forward' && direction) {
        projection.send(compute, potential, phase.activity(projection.from), 1, direction);
      }
    }
    const bias = area.bias && directions.get(area.bias);
    if (bias) compute.activate(potential, potential, bias, 'linear');
  });
  const mean = compute.temporary([1]);
  compute.sumRows(mean, derivative.reshape([inputs.rows, 1]), 1 / inputs.rows, 0);
  for (const [parameter, direction] of directions) {
    const scaled = compute.temporary(direction.shape);
    compute.scaleRows(scaled.reshape([1, scaled.size]), direction.reshape([1, scaled.size]), mean, 1, 0);
    step.emit(parameter, { kind: 'direction', direction: scaled });
  }
}

/**
 * Returns the derivative of each example's loss along a direction, (batch). `inject` adds the direction itself to the
 * tangent of an area's potential.
 */
function tangent(step: LearningStep, phase: Phase, inject: (area: Area, potential: Tensor) => void): Tensor {
  const { compute, network, inputs } = step;
  const tangents = new Map<Area, Tensor>();
  const derivative = compute.temporary([inputs.rows]);
  compute.fill(derivative, 0);
  for (const area of network.areas) {
    if (area.isInput) continue;
    const rate = step.like(area);
    compute.fill(rate, 0);
    for (const projection of area.incoming) {
      const below = tangents.get(projection.from);
      if (projection.kind !== 'forward' || !below) continue;
      projection.sendTangent(compute, rate, below, 1, phase.activity(projection.from));
    }
    inject(area, rate);
    phase.slope(area, rate, { out: rate, gain: false });
    for (const objective of network.objectives) {
      if (objective.area !== area) continue;
      const along = compute.temporary([inputs.rows]);
      compute.dotRows(along, step.error(phase, objective), rate);
      compute.add(derivative, derivative, along);
    }
    const gain = phase.gain(area);
    if (gain) compute.multiply(rate, rate, gain);
    tangents.set(area, rate);
  }
  return derivative;
}
