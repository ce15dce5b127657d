import { z } from 'zod';
import { emitIncoming } from '../dynamics/index.ts';
import type { LearningStep, Phase } from '../dynamics/index.ts';
import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import type { Objective } from '../network/objective.ts';
import type { Projection } from '../network/projection.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { downward } from './inverses.ts';
import type { Beside } from './inverses.ts';
import { saidBy } from './reconstruction.ts';

/**
 * Targets come down a chain of layers by differences of inverses, and every hidden area goes towards its own:
 *
 *   ĥ_{l−1} = h_{l−1} − g_l(h_l) + g_l(ĥ_l),     term of W_l: factor · h_{l−1} ⊗ ( (h_l − ĥ_l) ⊙ f′ )
 *
 * `top` is ĥ of the last hidden area, (batch, units). `chain` ends in the output. Targets of areas whose activation functions are bounded may lie beyond.
 */
export function emitTowardsTargets(
  step: LearningStep,
  phase: Phase,
  chain: readonly Projection[],
  top: Tensor,
  factor: number,
): void {
  const { compute } = step;
  let target = top;
  for (let layer = chain.length - 2; layer >= 0; layer--) {
    const projection = chain[layer] as Projection;
    const area = projection.to;
    const activity = phase.activity(area);
    const post = compute.temporary(activity.shape);
    compute.combine(post, activity, target, 1, -1);
    const gain = phase.gain(area);
    if (area.activation !== 'linear' || gain) {
      compute.multiplyBySlope(post, post, phase.rate(area), gain, area.activation);
    }
    emitIncoming(step, phase, area, post, factor);
    if (layer === 0) return;
    target = targetBelow(step, phase, projection, target);
  }
}

/** h − g(h_above) + g(ĥ_above), (batch, units of the area below). What is heard `beside` is alike in both. */
export function targetBelow(
  step: LearningStep,
  phase: Phase,
  projection: Projection,
  target: Tensor,
  beside?: Beside,
): Tensor {
  const { compute } = step;
  const below = downward(step, projection, target, beside);
  const reconstructed = downward(step, projection, saidBy(step, phase, projection.to), beside);
  compute.combine(below, below, reconstructed, 1, -1);
  compute.combine(below, below, phase.activity(projection.from), 1, 1);
  return below;
}

/**
 * The output area's own terms, from its error as ever. Returns δ of its potentials, (batch, units).
 */
export function emitOutput(step: LearningStep, phase: Phase, output: Projection): Tensor {
  const { compute, network, inputs } = step;
  const area = output.to;
  const error = step.error(phase, objectiveOf(network, area));
  if (area.activation !== 'linear') {
    compute.multiplyBySlope(error, error, phase.rate(area), undefined, area.activation);
  }
  emitIncoming(step, phase, area, error, 1 / inputs.rows);
  return error;
}

/** How far the first target lies down the gradient: an option of rules that make it from one. */
export const targetStep = z
  .number()
  .positive()
  .max(1e6)
  .default(0.1)
  .describe('η̂: how far the target of the last hidden area lies down the gradient');

/**
 * The terms of a whole chain whose last hidden area goes `size` down the gradient, and all others towards what comes down
 * from there; divided by `size`, so that they are of the gradient's size.
 */
export function emitDownGradient(
  step: LearningStep,
  phase: Phase,
  chain: readonly Projection[],
  size: number,
): void {
  const output = chain.at(-1) as Projection;
  const delta = emitOutput(step, phase, output);
  if (chain.length === 1) return;
  const top = targetDownGradient(step, phase, output, delta, size);
  emitTowardsTargets(step, phase, chain, top, 1 / (size * step.inputs.rows));
}

/** h − η̂ ∂L/∂h, (batch, units), of the area below the output: its target, through the output's own weights. */
function targetDownGradient(
  { compute }: LearningStep,
  phase: Phase,
  output: Projection,
  delta: Tensor,
  size: number,
): Tensor {
  const target = compute.temporary(phase.activity(output.from).shape);
  output.sendBack(compute, target, delta);
  compute.combine(target, phase.activity(output.from), target, 1, -size);
  return target;
}

/** What an area should have said, (batch, units): what it said less its error. */
export function targetOf(step: LearningStep, phase: Phase, area: Area): Tensor {
  const said = saidBy(step, phase, area);
  const target = step.compute.temporary(said.shape);
  step.compute.combine(target, said, step.error(phase, objectiveOf(step.network, area)), 1, -1);
  return target;
}

/** The objective of an area that has one. */
function objectiveOf({ objectives }: Network, area: Area): Objective {
  const objective = objectives.find((its) => its.area === area);
  if (!objective) throw new Error(`Area "${area.id}" has no objective.`);
  return objective;
}
