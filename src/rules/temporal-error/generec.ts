import { z } from 'zod';
import { settlingRates } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { emitChange, emitContrast } from '../shared/contrast.ts';
import { withFeedback, feedbackOptions } from '../shared/feedback.ts';
import {
  heldOutputOptions,
  heldOutputPhase,
  refuseWithoutLevels,
  settleTwice,
  undoGain,
} from '../shared/held-outputs.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Generalised recirculation: what a synapse sends times how the unit that it reaches changes, from a minus phase, in which
 * the outputs are free, to a plus phase, in which they are held at their targets.
 *
 *   plain:      Δw_ij = η x_i⁻ ( y_j⁺ − y_j⁻ )
 *   midpoint:   Δw_ij = η ½ ( x_i⁻ + x_i⁺ ) ( y_j⁺ − y_j⁻ )
 *   symmetric:  the midpoint form, and for the way back as for the way up
 *   Δb_j = η ( y_j⁺ − y_j⁻ )
 *
 * Rates settle as in contrastive Hebbian learning, whose phases these are; γ^(k−L) undoes what a weak feedback gain γ takes from
 * the error of level k. γ = 1 is the rule as it was first given, and serves any wiring. By `weights`
 *
 * - one matrix is `shared` by both ways. The way up alone then teaches it in the first two variants; both ways in the third,
 *   whose terms are those of contrastive Hebbian learning, since the midpoint forms of both ways add up to them:
 *
 *     ½ ( x⁻ + x⁺ )( y⁺ − y⁻ ) + ½ ( y⁻ + y⁺ )( x⁺ − x⁻ ) = x⁺ y⁺ − x⁻ y⁻
 *
 * - the ways are `separate`: feedback weights of their own, drawn at random, each changing by what it sends and reaches. In the
 *   third variant both change by the mean of the two changes, which keeps their difference as it is.
 *
 * A difference of activities carries the error because the response to outputs moved by a little Δy is that of the
 * adjoint network: with d_k = γ^(k−L) ( x_k⁺ − x_k⁻ ), to first order in Δy and with symmetric weights,
 *
 *   d_k = f′ ⊙ ( d_{k+1} W_{k+1}ᵀ + γ d_{k−1} W_k ),     d_L = Δy,
 *
 * the equation of recurrent backpropagation's −δ_k. So where outputs are moved along its −δ_L, synapses change by its gradient
 * (those of feedback by 1/γ of it, which keeps pace with the way up); towards the targets they are moved by −∂C/∂x_L, which differs by the loop through the
 * outputs, of order γ, and by the outputs' own slope. (Both limits are held to it by claims and tests.)
 *
 * Source: O'Reilly (1996), Neural Computation 8; the feedback gain: Xie & Seung (2003), Neural Computation 15.
 */
export const generec = defineRule({
  id: 'generec',
  family: 'Error as a change in time',
  title: 'Generalised recirculation (GeneRec)',
  summary:
    'What a synapse sends, times the change of the unit it reaches when the outputs come to be held at their targets.',
  equation: String.raw`\Delta w_{ij} = \eta\, x_i^- \left( y_j^+ - y_j^- \right), \qquad \Delta w_{ij}^{\mathrm{midpoint}} = \eta\, \tfrac{1}{2} \left( x_i^- + x_i^+ \right) \left( y_j^+ - y_j^- \right)`,
  cites: ['oreilly1996', 'xie2003'],
  options: z.strictObject({
    variant: z
      .enum(['plain', 'midpoint', 'symmetric'])
      .default('midpoint')
      .describe(
        'what a synapse sends: before outputs are held, or the mean of both phases; symmetric: for both ways alike',
      ),
    weights: z
      .enum(['shared', 'separate'])
      .default('shared')
      .describe('one matrix for both ways, or feedback weights of their own that learn too'),
    ...heldOutputOptions,
    ...feedbackOptions,
  }),
  dynamics: settlingRates,
  network: {
    refuses: (specification, options) => refuseWithoutLevels(specification, options),
    wire: (specification, options) =>
      options.weights === 'separate' ? withFeedback(specification, options, true) : specification,
  },
  learning: {
    phase: (options, name) => heldOutputPhase(options, name),
  },

  learn(step) {
    const { variant } = step.options;
    const { free, clamped } = settleTwice(step);
    const [factor, scale] = [1 / step.inputs.rows, undoGain(step)];
    if (variant === 'symmetric') emitContrast(step, clamped, free, factor, scale);
    else {
      const sent = variant === 'plain' ? (area: Area) => free.activity(area) : midpoint(step, free, clamped);
      emitChange(step, sent, clamped, free, factor, scale);
    }
  },
});

/** ½ ( x⁻ + x⁺ ) of an area, (batch, units), a temporary. */
function midpoint({ compute }: LearningStep, before: Phase, after: Phase): (area: Area) => Tensor {
  const known = new Map<Area, Tensor>();
  return (area) => {
    const [less, more] = [before.activity(area), after.activity(area)];
    if (less.offset === more.offset) return less; // held in both
    let mean = known.get(area);
    if (!mean) {
      known.set(area, (mean = compute.temporary(less.shape)));
      compute.combine(mean, less, more, 0.5, 0.5);
    }
    return mean;
  };
}
