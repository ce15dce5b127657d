import { z } from 'zod';
import { emitIncoming, feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { chainOf, refuseBranches } from '../shared/chain.ts';
import {
  inverseHints,
  inverseOptimisers,
  inversionErrors,
  measureInverses,
  inverseOptions,
  learnToInvert,
  withInverses,
} from '../shared/inverses.ts';
import { defineRule } from '../../learning/rule.ts';
import { differenceBelow, emitOutputGradient, targetStep } from '../shared/targets.ts';
import type { TargetDifference } from '../shared/targets.ts';

/**
 * Difference target propagation: every area receives a target instead of an error. Learned inverses carry targets down,
 * corrected for what they fail to invert.
 *
 *   ĥ_{L−1} = h_{L−1} − η̂ ∂L/∂h_{L−1},   ĥ_{l−1} = h_{l−1} − g_l(h_l) + g_l(ĥ_l),   g_l(h) = f( h V_l + c_l )
 *   ΔW_l = −(η/η̂) h_{l−1}ᵀ [ (h_l − ĥ_l) ⊙ f′ ]
 *   inverses: the gradient of ½ ‖ g_l( f_l(h_{l−1} + ε) ) − (h_{l−1} + ε) ‖²,   ε ~ N(0, σ²)
 *
 * Only the target of the last hidden area comes from a gradient, through the output's own weights. For a small η̂ the
 * difference ĥ − h is −η̂ times that gradient, multiplied by the Jacobians of the inverses. If these are the transposes
 * of the forward Jacobians, the update is backpropagation's; if they are the inverses, it is that of a Gauss–Newton
 * step (Bengio 2020; Meulemans et al. 2020). Updates are divided by η̂, so they have the size of the gradient.
 *
 * Source: Lee, Zhang, Fischer & Bengio (2015), ECML; parallel and alternating: Bartunov et al. (2018), NeurIPS 31.
 */
export const differenceTargetPropagation = defineRule({
  id: 'difference-target-propagation',
  family: 'Target propagation',
  title: 'Difference target propagation',
  summary: 'Learned inverses send targets down instead of errors, corrected for what they fail to invert.',
  equation: String.raw`\Delta W_l = -\frac{\eta}{\hat\eta} \left[ (h_l - \hat h_l) \odot f' \right] h_{l-1}^\top, \qquad \hat h_{l-1} = h_{l-1} - g_l(h_l) + g_l(\hat h_l)`,
  cites: ['lee2015', 'bartunov2018', 'meulemans2020'],
  options: z.strictObject({
    ...inverseOptions,
    targetStep,
  }),
  dynamics: feedforward,
  network: {
    refuses: (specification) =>
      refuseBranches(specification, 'predictive-coding, feedback-alignment, backprop'),
    wire: (specification, options) => withInverses(specification, options, { outputs: false }),
  },
  learning: {
    optimisers: (network, optimiserOf, options) => inverseOptimisers(network, optimiserOf, options),
  },
  report: {
    hints: inverseHints,
    measures: inversionErrors,
    evaluate: (step, phase) => measureInverses(step, phase, chainOf(step.network)),
  },

  learn(step) {
    const { inputs, network, options } = step;
    const chain = chainOf(network);
    const phase = step.run('forward');
    for (const projection of chain) {
      if (projection.feedback) learnToInvert(step, phase, projection, options.noise);
    }
    if (options.order === 'alternating') step.apply();

    const output = chain.at(-1) as Projection;
    const delta = emitOutputGradient(step, phase, output);
    if (chain.length === 1) return;
    const top = gradientTarget(step, output, delta, options.targetStep);
    const factor = 1 / (options.targetStep * inputs.rows);
    for (const { area, difference } of targetsBelow(step, phase, chain, top)) {
      // −(1/η̂) h_{l−1} ⊗ ( (ĥ_l − h_l) ⊙ f′ )
      emitIncoming(step, phase, area, phase.slope(area, difference), -factor);
    }
  },
});

/** Returns the first difference, ĥ_{L−1} − h_{L−1} = −η̂ δ Wᵀ, of the area below an output with errors δ. */
export function gradientTarget(
  step: LearningStep,
  output: Projection,
  delta: Tensor,
  size: number,
): TargetDifference {
  const values = step.like(output.from);
  output.sendBack(step.compute, values, delta);
  step.compute.scale(values, values, -size);
  return { values, fromOutput: { output, delta, factor: -size } };
}

/** The difference ĥ − h of a hidden area, (batch, units). */
export interface AreaTarget {
  readonly area: Area;
  readonly difference: Tensor;
}

/**
 * Yields ĥ_l − h_l of every hidden area of a chain, from the last one down, and sends each difference through the
 * inverse below:
 *
 *   ĥ_{l−1} − h_{l−1} = g_l(ĥ_l) − g_l(h_l)
 *
 * `top` is the difference of the last hidden area, and `chain` ends in the output. Targets may lie outside the range of
 * a bounded activation function.
 */
export function* targetsBelow(
  step: LearningStep,
  phase: Phase,
  chain: readonly Projection[],
  top: TargetDifference,
): Generator<AreaTarget> {
  let difference = top;
  for (let layer = chain.length - 2; layer >= 0; layer--) {
    const projection = chain[layer] as Projection;
    yield { area: projection.to, difference: difference.values };
    if (layer > 0) difference = differenceBelow(step, phase, projection, difference);
  }
}
