import { z } from 'zod';
import { feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Projection } from '../../network/area.ts';
import type { ActivationReference } from '../../tensor/activation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { chainOf, refuseBranches } from '../shared/chain.ts';
import {
  inverseHints,
  inverseOptimisers,
  inverseOptions,
  inversionErrors,
  measureInversion,
  withTopDownPath,
} from '../shared/inverses.ts';
import { defineRule } from '../../learning/rule.ts';
import { emitOutputGradient } from '../shared/targets.ts';

/** Options of rules that learn by recirculation. */
export const recirculationOptions = {
  feedback: inverseOptions.feedback,
  scale: inverseOptions.scale,
  density: inverseOptions.density,
  inverseRate: inverseOptions.inverseRate,
  regression: z
    .number()
    .min(0)
    .lt(1)
    .default(0.75)
    .describe('λ: share of its old activity that a unit keeps on the second pass'),
  visible: z
    .enum(['linear', 'logistic'])
    .default('logistic')
    .describe(
      'activation of the units that reconstruct the input: linear, or logistic for values from 0 to 1',
    ),
};

/**
 * Recirculation: activity goes up, comes back as a reconstruction, and goes up once more. A synapse changes by its
 * presynaptic activity times the change of its postsynaptic unit, with the sign reversed.
 *
 *   h₁ = f( v₀ W + b ),   v₂ = λ v₀ + (1 − λ) g( h₁ V + c ),   h₃ = λ h₁ + (1 − λ) f( v₂ W + b )
 *   ΔV = η h₁ᵀ (v₀ − v₂) / (1 − λ),      ΔW = η v₂ᵀ (h₁ − h₃) / (1 − λ)²
 *
 * The first update is the delta rule. In the second, h₁ − h₃ ≈ (1 − λ) f′ ⊙ [ (v₀ − v₂) W ] = (1 − λ)² f′ ⊙ [ (v₀ − v̂) W ],
 * up to terms of relative order 1 − λ. If V = Wᵀ, this change in time descends the reconstruction error: ½‖v₀ − v̂‖² for
 * linear visible units, cross-entropy for logistic ones. V approaches Wᵀ by learning, because both follow the same
 * products. Tied weights are one matrix, V = Wᵀ, which receives both changes.
 *
 * Every hidden area of a chain learns in this way to code the area below. The output reads out the last hidden area by
 * the delta rule and sends no error further down.
 *
 * Source: Hinton & McClelland (1988), NIPS, 358–366.
 */
export const recirculation = defineRule({
  id: 'recirculation',
  family: 'Error as a change in time',
  title: 'Recirculation',
  summary:
    'Autoencoders whose synapses learn from the change of activity between two passes; the output reads out the codes.',
  equation: String.raw`\Delta W = \frac{\eta}{(1-\lambda)^2}\, (h_1 - h_3)\, v_2^\top, \qquad \Delta V = \frac{\eta}{1-\lambda}\, (v_0 - v_2)\, h_1^\top`,
  cites: ['hinton1988'],
  options: z.strictObject({
    ...recirculationOptions,
    topDown: z
      .enum(['learned', 'tied'])
      .default('learned')
      .describe('weights of the feedback path: learned, or tied to the transposed forward weights'),
  }),
  dynamics: feedforward,
  network: {
    refuses: (specification) =>
      refuseBranches(specification, 'predictive-coding, feedback-alignment, backprop'),
    wire: (specification, options) =>
      withTopDownPath(specification, options, { outputs: false, input: true }),
  },
  learning: {
    optimisers: (network, optimiserOf, options) => inverseOptimisers(network, optimiserOf, options),
  },
  report: {
    hints: inverseHints,
    measures: inversionErrors,
    evaluate(step, phase) {
      for (const projection of chainOf(step.network).slice(0, -1)) {
        const signal = phase.activity(projection.to);
        measureReconstruction(step, phase, [{ projection, signal }], step.options);
      }
    },
  },

  learn(step) {
    const { network } = step;
    const chain = chainOf(network);
    const phase = step.run('forward');
    for (const projection of chain.slice(0, -1)) {
      recirculate(step, phase, [{ projection, signal: phase.activity(projection.to) }], step.options);
    }
    emitOutputGradient(step, phase, chain.at(-1) as Projection);
  },
});

/** Options of `recirculate`. */
interface Options {
  readonly regression: number;
  readonly visible: ActivationReference;
}

/** A top-down input of an area: the forward projection it answers, and the signal of the area above, (batch, units). */
export interface TopDownInput {
  readonly projection: Projection;
  readonly signal: Tensor;
  /** Factor of the forward projection's learning by recirculation; 0 for none. Default 1. */
  readonly strength?: number;
}

/** The top-down inputs of one area, at least one. */
export type TopDownInputs = readonly [TopDownInput, ...TopDownInput[]];

/**
 * Emits the terms of one autoencoder of an area, at the activity of a phase. Several areas above may share the
 * reconstruction.
 */
export function recirculate(
  step: LearningStep,
  phase: Phase,
  above: TopDownInputs,
  { regression, visible }: Options,
): void {
  const { compute, inputs } = step;
  const { from } = above[0].projection;
  const fresh = 1 - regression;
  /** Overwrites `now` with λ · before + (1 − λ) · now. */
  const regressed = (now: Tensor, before: Tensor): Tensor => {
    compute.combine(now, now, before, fresh, regression);
    return now;
  };
  const change = (after: Tensor, before: Tensor): Tensor => {
    const difference = compute.temporary(after.shape);
    compute.subtract(difference, after, before);
    return difference;
  };

  const v0 = phase.activity(from);
  const v2 = regressed(reconstruct(step, above, visible), v0);
  const below = change(v2, v0);
  const factor = 1 / (fresh * inputs.rows);
  if (from.topDownBias && (above[0].projection.feedback ?? above[0].projection).plastic) {
    step.emit(from.topDownBias, { kind: 'outer', post: below, factor });
  }
  for (const { projection, signal: h1, strength = 1 } of above) {
    const { feedback, to } = projection;
    // −h₁ᵀ (v₀ − v₂) / (1 − λ). Tied weights receive the same product, transposed.
    if (!feedback && projection.plastic)
      step.emit(projection, { kind: 'outer', pre: below, post: h1, factor });
    if (feedback?.plastic) {
      step.emit(feedback, { kind: 'outer', pre: h1, post: below, factor });
    }
    if (strength === 0 || !projection.plastic) continue;
    const again = compute.temporary(h1.shape);
    projection.send(compute, again, v2);
    compute.activate(again, again, to.bias?.values, to.activation);
    // −v₂ᵀ (h₁ − h₃) / (1 − λ)²
    const post = change(regressed(again, h1), h1);
    const scaled = (strength * factor) / fresh;
    step.emit(projection, { kind: 'outer', pre: v2, post, factor: scaled });
    if (to.bias) step.emit(to.bias, { kind: 'outer', post, factor: scaled });
  }
}

/** Measures the inversion error of an area: its reconstruction from above compared with its activity in a phase. */
export function measureReconstruction(
  step: LearningStep,
  phase: Phase,
  above: TopDownInputs,
  { visible }: Pick<Options, 'visible'>,
): void {
  measureInversion(step, phase, above[0].projection.from, reconstruct(step, above, visible));
}

/**
 * Returns the reconstruction of an area from its top-down inputs, (batch, units), as a temporary. The input uses the
 * activation function `visible`, by default that of the area, like all other areas.
 */
export function reconstruct(step: LearningStep, above: TopDownInputs, visible?: ActivationReference): Tensor {
  const { from } = above[0].projection;
  const below = topDownPotential(step, above);
  const activation = from.isInput ? (visible ?? from.activation) : from.activation;
  step.compute.activate(below, below, undefined, activation);
  return below;
}

/**
 * Returns the top-down potential of an area, (batch, units), as a temporary: its top-down inputs through feedback
 * weights, or through transposed forward weights without feedback, plus the top-down bias, or the bias without one.
 */
export function topDownPotential({ compute }: LearningStep, above: TopDownInputs): Tensor {
  const { from } = above[0].projection;
  const potential = compute.temporary([above[0].signal.rows, from.units]);
  for (const [index, { projection, signal }] of above.entries()) {
    const beta = index === 0 ? 0 : 1;
    if (projection.feedback) projection.feedback.send(compute, potential, signal, beta);
    else projection.sendBack(compute, potential, signal, beta);
  }
  const bias = from.topDownBias ?? from.bias;
  if (bias) compute.activate(potential, potential, bias.values, 'linear');
  return potential;
}
