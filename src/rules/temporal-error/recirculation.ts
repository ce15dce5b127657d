import { z } from 'zod';
import { feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Projection } from '../../network/area.ts';
import type { Activation } from '../../tensor/kernels.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { chainOf, refuseBranches } from '../shared/chain.ts';
import {
  hintsOnInverses,
  inverseOptimisers,
  inverseOptions,
  inversionErrors,
  measureInversion,
  wireDown,
} from '../shared/inverses.ts';
import { defineRule } from '../../learning/rule.ts';
import { emitOutput } from '../shared/targets.ts';

/** Options that rules which learn by recirculation share. */
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
 * learning, since both follow the same products. Tied, it is Wᵀ, and both changes meet in one matrix.
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
  options: z.strictObject({
    ...recirculationOptions,
    topDown: z
      .enum(['learned', 'tied'])
      .default('learned')
      .describe('weights of the way down: learned beside those of the way up, or the same, transposed'),
  }),
  dynamics: feedforward,
  network: {
    refuses: (specification) =>
      refuseBranches(specification, 'predictive-coding, feedback-alignment, backprop'),
    wire: (specification, options) => wireDown(specification, options, { outputs: false, input: true }),
  },
  learning: {
    optimisers: (network, optimiserOf, options) => inverseOptimisers(network, optimiserOf, options),
  },
  report: {
    hints: hintsOnInverses,
    measures: inversionErrors,
    evaluate(step, phase) {
      for (const up of chainOf(step.network).slice(0, -1)) {
        measureReconstruction(step, phase, [{ up, said: phase.activity(up.to) }], step.options);
      }
    },
  },

  learn(step) {
    const { network } = step;
    const chain = chainOf(network);
    const phase = step.run('forward');
    for (const up of chain.slice(0, -1)) {
      recirculate(step, phase, [{ up, said: phase.activity(up.to) }], step.options);
    }
    emitOutput(step, phase, chain.at(-1) as Projection);
  },
});

interface Options {
  readonly regression: number;
  readonly visible: Activation;
}

/** A projection up from the area that is reconstructed, and what its end says, (batch, units). */
export interface Way {
  readonly up: Projection;
  readonly said: Tensor;
  /** How much the way up learns by what comes round; 0 for not at all. Default 1. */
  readonly strength?: number;
}

/** The terms of one autoencoder of an area, around the activity of a phase; several ways may share it. */
export function recirculate(
  step: LearningStep,
  phase: Phase,
  ways: readonly [Way, ...Way[]],
  { regression, visible }: Options,
): void {
  const { compute, inputs } = step;
  const { from } = ways[0].up;
  const fresh = 1 - regression;
  /** λ · before + (1 − λ) · now, in the place of what is now. */
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
  const v2 = regressed(reconstructionBelow(step, ways, visible), v0);
  const below = change(v2, v0);
  const factor = 1 / (fresh * inputs.rows);
  if (from.topDownBias && (ways[0].up.feedback ?? ways[0].up).plastic) {
    step.emit(from.topDownBias, { kind: 'outer', post: below, factor });
  }
  for (const { up, said, strength = 1 } of ways) {
    const down = up.feedback;
    // Tied, the way down is the way up: the same product, transposed.
    if (!down && up.plastic) step.emit(up, { kind: 'outer', pre: below, post: said, factor });
    if (down?.plastic) {
      step.emit(down, { kind: 'outer', pre: said, post: below, factor });
    }
    if (strength === 0 || !up.plastic) continue;
    const again = compute.temporary(said.shape);
    up.send(compute, again, v2);
    compute.activate(again, again, up.to.bias?.values, up.to.activation);
    const post = change(regressed(again, said), said);
    const scaled = (strength * factor) / fresh;
    step.emit(up, { kind: 'outer', pre: v2, post, factor: scaled });
    if (up.to.bias) step.emit(up.to.bias, { kind: 'outer', post, factor: scaled });
  }
}

/** How far what comes down to an area at the activity of a phase is from that area's own. */
export function measureReconstruction(
  step: LearningStep,
  phase: Phase,
  ways: Parameters<typeof potentialBelow>[1],
  { visible }: Pick<Options, 'visible'>,
): void {
  measureInversion(step, phase, ways[0].up.from, reconstructionBelow(step, ways, visible));
}

/**
 * What comes down to an area from above, as its units would say it, (batch, units), a temporary; the example's units as
 * `visible` has them, or as the area does where it is left out.
 */
export function reconstructionBelow(
  step: LearningStep,
  ways: Parameters<typeof potentialBelow>[1],
  visible?: Activation,
): Tensor {
  const { from } = ways[0].up;
  const below = potentialBelow(step, ways);
  const activation = from === step.network.input ? (visible ?? from.activation) : from.activation;
  step.compute.activate(below, below, undefined, activation);
  return below;
}

/**
 * What an area hears from above, (batch, units), a temporary: through the inverses of the projections that leave it, or
 * where there are none through those projections themselves, backwards; with its thresholds for that, or else its own.
 */
export function potentialBelow(
  { compute }: LearningStep,
  ways: readonly [Pick<Way, 'up' | 'said'>, ...Pick<Way, 'up' | 'said'>[]],
): Tensor {
  const { from } = ways[0].up;
  const potential = compute.temporary([ways[0].said.rows, from.units]);
  for (const [index, { up, said }] of ways.entries()) {
    const beta = index === 0 ? 0 : 1;
    if (up.feedback) up.feedback.send(compute, potential, said, beta);
    else up.sendBack(compute, potential, said, beta);
  }
  const thresholds = from.topDownBias ?? from.bias;
  if (thresholds) compute.activate(potential, potential, thresholds.values, 'linear');
  return potential;
}
