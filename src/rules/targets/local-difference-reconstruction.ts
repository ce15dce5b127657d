import { z } from 'zod';
import { emitIncoming, feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Projection } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { chainOf, refuseBranches } from '../shared/chain.ts';
import {
  inverseHints,
  applyForward,
  applyInverse,
  emitInverse,
  inverseOptimisers,
  inverseOptions,
  withInverses,
} from '../shared/inverses.ts';
import { defineRule } from '../../learning/rule.ts';
import { emitOutputGradient, targetStep } from '../shared/targets.ts';
import { gradientTarget, targetsBelow } from './difference-target-propagation.ts';

/**
 * Target propagation by local difference reconstruction: targets come from differences, as in difference target
 * propagation, but the feedback learns the transposed Jacobian of the forward path in place of its inverse. Targets
 * then carry the errors of backpropagation.
 *
 *   feedback: the gradient of  −εᵀ [ g(f(h + ε)) − g(f(h)) ] + ½ ‖ g(s + η) − g(s) ‖²,   s = f(h),   ε, η ~ N(0, σ²)
 *
 * To first order its mean is σ² ( −tr(J_g J_f) + ½ ‖J_g‖² ), whose minimum is J_g = J_fᵀ. For a linear layer the terms
 * are −(s⁺ − s) ⊗ ε + η ⊗ ηV. Their mean is σ² (V − Wᵀ), so V converges to Wᵀ. Terms are divided by σ².
 *
 * Source: Ernoult, Normandin, Moudgil, Spinney, Belilovsky, Rish, Richards & Bengio (2022), ICML.
 */
export const localDifferenceReconstruction = defineRule({
  id: 'local-difference-reconstruction',
  family: 'Target propagation',
  title: 'Local difference reconstruction',
  summary: 'Target propagation whose feedback learns the transposed Jacobian of the forward path.',
  equation: String.raw`\Delta V \propto -\nabla_V \left( -\varepsilon^\top \left[ g(f(h+\varepsilon)) - g(f(h)) \right] + \tfrac12 \left\| g(s+\eta) - g(s) \right\|^2 \right)`,
  cites: ['ernoult2022', 'lee2015'],
  options: z.strictObject({
    ...inverseOptions,
    noise: inverseOptions.noise.default(0.1),
    targetStep,
    inverseUpdates: z
      .int()
      .min(1)
      .max(1e4)
      .default(1)
      .describe(
        'number of feedback updates per step, each with its own noise; use order "alternating" for more than one',
      ),
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
  },

  learn(step) {
    const { inputs, network, options } = step;
    const chain = chainOf(network);
    const phase = step.run('forward');
    for (let update = 0; update < options.inverseUpdates; update++) {
      for (const projection of chain) {
        if (projection.feedback) learnTransposedJacobian(step, phase, projection, options.noise, update);
      }
      if (options.order === 'alternating') step.apply();
    }

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

/**
 * Emits the terms of ∇[ −εᵀ(g₁ − g₀) + ½ ‖g₂ − g₀‖² ] / σ², with g₀ = g(s), g₁ = g(f(h + ε)), g₂ = g(s + η). `noise` is
 * σ, and `update` numbers the draws within a step.
 */
function learnTransposedJacobian(
  step: LearningStep,
  phase: Phase,
  projection: Projection,
  noise: number,
  update: number,
): void {
  const { compute } = step;
  const activity = phase.activity(projection.from);
  const draw = (shape: Tensor['shape'], name: string) => {
    const deviation = compute.temporary(shape);
    compute.drawNormal(deviation, 0, noise, step.stream(`${name} ${projection.id} ${update}`), step.step);
    return deviation;
  };
  const sum = (a: Tensor, b: Tensor, factor = 1) => {
    const total = compute.temporary(a.shape);
    compute.combine(total, a, b, 1, factor);
    return total;
  };
  const epsilon = draw(activity.shape, 'lower noise');
  const s0 = applyForward(step, projection, activity);
  const s1 = applyForward(step, projection, sum(activity, epsilon));
  const s2 = sum(s0, draw(s0.shape, 'upper noise'));
  const [g0, g1, g2] = [s0, s1, s2].map((signal) => applyInverse(step, projection, signal)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  // The loss's derivatives by g₂, g₀ and g₁: g₂ − g₀, ε − (g₂ − g₀) and −ε.
  const error2 = sum(g2, g0, -1);
  const error0 = sum(epsilon, error2, -1);
  const error1 = epsilon;
  compute.scale(error1, epsilon, -1);
  const factor = 1 / (noise * noise * activity.rows);
  emitInverse(step, projection, { signal: s1, below: g1, error: error1, factor });
  emitInverse(step, projection, { signal: s2, below: g2, error: error2, factor });
  emitInverse(step, projection, { signal: s0, below: g0, error: error0, factor });
}
