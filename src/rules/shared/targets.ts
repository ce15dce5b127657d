import { z } from 'zod';
import { emitIncoming } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Objective } from '../../network/objective.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { becomeSignals, potentialDown } from './inverses.ts';
import type { Beside } from './inverses.ts';
import { outputOf } from './reconstruction.ts';

/** ĥ − h: how far the target of an area lies from what the area said. */
export interface Change {
  /** (batch, units). */
  readonly values: Tensor;
  /** Where it is what an output's errors come to through its weights, once more: factor · δ Wᵀ. */
  readonly made?: { readonly output: Projection; readonly delta: Tensor; readonly factor: number };
}

/**
 * Targets come down a chain of layers by differences of inverses, and every hidden area goes towards its own:
 *
 *   ĥ_{l−1} − h_{l−1} = g_l(ĥ_l) − g_l(h_l),     term of W_l: −factor · h_{l−1} ⊗ ( (ĥ_l − h_l) ⊙ f′ )
 *
 * What comes down is the difference itself, so that a small one keeps its digits. `top` is that of the last hidden area.
 * `chain` ends in the output. Targets of areas whose activation functions are bounded may lie beyond.
 */
export function emitTowardsTargets(
  step: LearningStep,
  phase: Phase,
  chain: readonly Projection[],
  top: Change,
  factor: number,
): void {
  const { compute } = step;
  let change = top;
  for (let layer = chain.length - 2; layer >= 0; layer--) {
    const projection = chain[layer] as Projection;
    const area = projection.to;
    const gain = phase.gain(area);
    let post = change.values;
    if (area.activation !== 'linear' || gain) {
      post = compute.temporary(change.values.shape);
      compute.multiplyBySlope(post, change.values, phase.rate(area), gain, area.activation);
    }
    emitIncoming(step, phase, area, post, -factor);
    if (layer === 0) return;
    change = changeBelow(step, phase, projection, change);
  }
}

/** g(h + change) − g(h) of the inverse of a projection onto h. What is heard `beside` is alike in both. */
export function changeBelow(
  step: LearningStep,
  phase: Phase,
  projection: Projection,
  change: Change,
  beside?: Beside,
): Change {
  const { compute } = step;
  const inverse = projection.feedback as Projection;
  const said = potentialDown(step, projection, outputOf(step, phase, projection.to), beside);
  const target = compute.temporary(said.shape);
  compute.copy(target, said);
  sendChange(step, target, inverse, change);
  for (const below of [said, target]) becomeSignals(step, projection, below);
  compute.subtract(target, target, said);
  return { values: target };
}

/**
 * Adds to potentials what a change sends through an inverse. A change that a few outputs made is sent as what each of them
 * would, δ (Wᵀ V) in place of (δ Wᵀ) V, where that takes fewer products.
 */
function sendChange(
  { compute }: LearningStep,
  potential: Tensor,
  inverse: Projection,
  { values, made }: Change,
): void {
  const outputs = made?.output.to.units ?? Infinity;
  if (!made || outputs * (inverse.from.units + values.rows) >= values.rows * inverse.from.units) {
    inverse.send(compute, potential, values, 1);
    return;
  }
  const { output, delta, factor } = made;
  const each = compute.temporary([outputs], 'i32');
  each.set(Array.from({ length: outputs }, (_, unit) => unit));
  const alone = compute.temporary([outputs, outputs]);
  compute.oneHot(alone, each);
  const above = compute.temporary([outputs, output.from.units]);
  output.sendBack(compute, above, alone);
  const below = compute.temporary([outputs, inverse.to.units]);
  inverse.send(compute, below, above);
  compute.matmul(potential, delta, below, { alpha: factor, beta: 1 });
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
  const values = step.compute.temporary(phase.activity(output.from).shape);
  output.sendBack(step.compute, values, delta);
  step.compute.scale(values, values, -size);
  const top = { values, made: { output, delta, factor: -size } };
  emitTowardsTargets(step, phase, chain, top, 1 / (size * step.inputs.rows));
}

/** What an area should have said less what it said, (batch, units): its error, turned round. */
export function lackOf(step: LearningStep, phase: Phase, area: Area): Tensor {
  const error = step.error(phase, objectiveOf(step.network, area));
  step.compute.scale(error, error, -1);
  return error;
}

/** The objective of an area that has one. */
function objectiveOf({ objectives }: Network, area: Area): Objective {
  const objective = objectives.find((its) => its.area === area);
  if (!objective) throw new Error(`Area "${area.id}" has no objective.`);
  return objective;
}
