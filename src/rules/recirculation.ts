import { z } from 'zod';
import { feedforward } from '../dynamics/index.ts';
import type { LearningStep, Phase } from '../dynamics/index.ts';
import type { Projection } from '../network/projection.ts';
import type { Activation } from '../tensor/kernels.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { chainOf, refuseBranches } from './chain.ts';
import { inverseOptions } from './difference-target-propagation.ts';
import { inverseOptimisers, withInverses } from './inverses.ts';
import { defineRule } from './rule.ts';
import { emitOutput } from './targets.ts';

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
    .describe('λ: how much of its old activity a unit keeps when the signal comes round again'),
  visible: z
    .enum(['linear', 'logistic'])
    .default('logistic')
    .describe('units that reconstruct the example: linear, or logistic for values from 0 to 1'),
};

/**
 * Recirculation: activity goes up, comes down as a reconstruction, and goes up once more. What it changed on its way is
 * all that a synapse needs: pre × the change of post, with the sign reversed.
 *
 *   h₁ = f( v₀ W + b ),   v₂ = λ v₀ + (1 − λ) g( h₁ V + c ),   h₃ = λ h₁ + (1 − λ) f( v₂ W + b )
 *   ΔV = η h₁ᵀ (v₀ − v₂) / (1 − λ),      ΔW = η v₂ᵀ (h₁ − h₃) / (1 − λ)²
 *
 * The first is the delta rule. In the second h₁ − h₃ ≈ (1 − λ) f′ ⊙ [ (v₀ − v₂) W ] = (1 − λ)² f′ ⊙ [ (v₀ − v̂) W ]: where
 * V = Wᵀ that is the descent of the reconstruction error, ½‖v₀ − v̂‖² of linear visible units or the cross-entropy of
 * logistic ones, by what a unit's activity changed in time; the difference is of order 1 − λ. V comes near Wᵀ by
 * learning, since both follow the same products.
 *
 * Every hidden area of a chain so learns to code the one below it. The output reads the last one out, by the delta rule;
 * no error of its goes further down.
 *
 * Source: Hinton & McClelland (1988), NIPS, 358–366.
 */
export const recirculation = defineRule({
  id: 'recirculation',
  family: 'Error as a change in time',
  title: 'Recirculation',
  summary:
    'Autoencoders whose synapses change by what activity changes as it comes round; the output reads the codes out.',
  equation: String.raw`\Delta W = \frac{\eta}{(1-\lambda)^2}\, (h_1 - h_3)\, v_2^\top, \qquad \Delta V = \frac{\eta}{1-\lambda}\, (v_0 - v_2)\, h_1^\top`,
  cites: ['hinton1988'],
  options: z.strictObject(recirculationOptions),
  dynamics: feedforward,
  refuses: (specification) =>
    refuseBranches(specification, 'predictive-coding, feedback-alignment, backprop'),
  wire: (specification, options) => withInverses(specification, options, { outputs: false, input: true }),
  optimisers: (network, optimiserOf, options) => inverseOptimisers(network, optimiserOf, options),

  learn(step) {
    const { network } = step;
    const chain = chainOf(network);
    const phase = step.run('forward');
    for (const projection of chain)
      if (projection.feedback) recirculate(step, phase, projection, step.options);
    emitOutput(step, phase, chain.at(-1) as Projection);
  },
});

interface Options {
  readonly regression: number;
  readonly visible: Activation;
}

/** The terms of one autoencoder, around the activity of a phase; `strength` scales those of the way up. */
export function recirculate(
  step: LearningStep,
  phase: Phase,
  up: Projection,
  { regression, visible }: Options,
  strength = 1,
): void {
  const { compute, network, inputs } = step;
  const down = up.feedback as Projection;
  const { from, to } = up;
  const fresh = 1 - regression;
  /** λ · before + (1 − λ) · f( signal through a projection + thresholds ). */
  const regressed = (
    projection: Projection,
    signal: Tensor,
    before: Tensor,
    thresholds: Tensor | undefined,
    activation: Activation,
  ): Tensor => {
    const after = compute.temporary(before.shape);
    projection.send(compute, after, signal);
    compute.activate(after, after, thresholds, activation);
    compute.combine(after, after, before, fresh, regression);
    return after;
  };
  const v0 = phase.activity(from);
  const h1 = phase.activity(to);
  const v2 = regressed(down, h1, v0, down.bias?.values, from === network.input ? visible : from.activation);
  const h3 = regressed(up, v2, h1, to.bias?.values, to.activation);

  const emitChange = (
    projection: Projection,
    bias: typeof down.bias,
    pre: Tensor,
    after: Tensor,
    before: Tensor,
    factor: number,
  ) => {
    if (!projection.plastic) return;
    const post = compute.temporary(after.shape);
    compute.combine(post, after, before, 1, -1);
    step.emit(projection, { kind: 'outer', pre, post, factor });
    if (bias) step.emit(bias, { kind: 'outer', post, factor });
  };
  emitChange(down, down.bias, h1, v2, v0, 1 / (fresh * inputs.rows));
  if (strength > 0) emitChange(up, to.bias, v2, h3, h1, strength / (fresh ** 2 * inputs.rows));
}
