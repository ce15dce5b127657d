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
 * Generalised recirculation: a synapse changes by its presynaptic activity times the change of its postsynaptic unit,
 * from a minus phase with free outputs to a plus phase with outputs held at their targets.
 *
 *   plain:      Δw_ij = η x_i⁻ ( y_j⁺ − y_j⁻ )
 *   midpoint:   Δw_ij = η ½ ( x_i⁻ + x_i⁺ ) ( y_j⁺ − y_j⁻ )
 *   symmetric:  the midpoint form, averaged over both directions of a connection
 *   Δb_j = η ( y_j⁺ − y_j⁻ )
 *
 * The phases are those of contrastive Hebbian learning. A factor γ^(k−L) undoes the attenuation of errors at level k by a
 * weak feedback gain γ. γ = 1 is the original rule, and works with any wiring. `weights` chooses between
 *
 * - `shared`: both directions use one matrix. In the first two variants only the forward direction changes it, in the
 *   third both. The terms of the third are those of contrastive Hebbian learning, because the midpoint forms of both
 *   directions add up to them:
 *
 *     ½ ( x⁻ + x⁺ )( y⁺ − y⁻ ) + ½ ( y⁻ + y⁺ )( x⁺ − x⁻ ) = x⁺ y⁺ − x⁻ y⁻
 *
 * - `separate`: feedback has random weights of its own, and each matrix changes by its own pre- and postsynaptic
 *   activity. In the third variant both change by the mean of the two changes, which keeps their difference constant.
 *
 * A difference of activities carries the error, because a small change Δy of the outputs propagates as in the adjoint
 * network. With d_k = γ^(k−L) ( x_k⁺ − x_k⁻ ), to first order in Δy and with symmetric weights,
 *
 *   d_k = f′ ⊙ ( d_{k+1} W_{k+1}ᵀ + γ d_{k−1} W_k ),     d_L = Δy.
 *
 * The −δ_k of recurrent backpropagation obey the same equation. If outputs move by −δ_L, synapses therefore change by
 * this gradient (feedback synapses by 1/γ of it, which keeps pace with the forward weights). Held outputs move by
 * −∂C/∂x_L, which differs from −δ_L by the loop through the outputs, of order γ, and by the slope of the outputs. (Claims
 * and tests compare both limits.)
 *
 * Source: O'Reilly (1996), Neural Computation 8; the feedback gain: Xie & Seung (2003), Neural Computation 15.
 */
export const generec = defineRule({
  id: 'generec',
  family: 'Error as a change in time',
  title: 'Generalised recirculation (GeneRec)',
  summary:
    'Presynaptic activity times the postsynaptic change between a phase with free outputs and a phase with outputs held at their targets.',
  equation: String.raw`\Delta w_{ij} = \eta\, x_i^- \left( y_j^+ - y_j^- \right), \qquad \Delta w_{ij}^{\mathrm{midpoint}} = \eta\, \tfrac{1}{2} \left( x_i^- + x_i^+ \right) \left( y_j^+ - y_j^- \right)`,
  cites: ['oreilly1996', 'xie2003'],
  options: z.strictObject({
    variant: z
      .enum(['plain', 'midpoint', 'symmetric'])
      .default('midpoint')
      .describe(
        'presynaptic activity: of the minus phase, mean of both phases, or that mean for both directions alike',
      ),
    weights: z
      .enum(['shared', 'separate'])
      .default('shared')
      .describe('one matrix for both directions, or separate feedback weights that also learn'),
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

/** Returns a function of an area that gives ½ ( x⁻ + x⁺ ), (batch, units), and computes it once. */
function midpoint({ compute }: LearningStep, before: Phase, after: Phase): (area: Area) => Tensor {
  const known = new Map<Area, Tensor>();
  return (area) => {
    const [less, more] = [before.activity(area), after.activity(area)];
    if (less.offset === more.offset) return less; // clamped in both phases
    let mean = known.get(area);
    if (!mean) {
      known.set(area, (mean = compute.temporary(less.shape)));
      compute.combine(mean, less, more, 0.5, 0.5);
    }
    return mean;
  };
}
