import { z } from 'zod';
import { feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Projection } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { chainOf, refuseBranches } from '../shared/chain.ts';
import {
  hintsOnInverses,
  downward,
  emitInverse,
  inverseOptimisers,
  inverseOptions,
  upward,
  withInverses,
} from '../shared/inverses.ts';
import { defineRule } from '../../learning/rule.ts';
import { emitDownGradient, targetStep } from '../shared/targets.ts';

/**
 * Target propagation by local difference reconstruction: targets come down as in difference target propagation, but what
 * brings them down does not learn to invert: it learns to have the transposed Jacobian, so that targets carry
 * backpropagation's errors.
 *
 *   inverses: the gradient of  −εᵀ [ g(f(h + ε)) − g(f(h)) ] + ½ ‖ g(s + η) − g(s) ‖²,   s = f(h),   ε, η ~ N(0, σ²)
 *
 * To first order its mean is σ² ( −tr(J_g J_f) + ½ ‖J_g‖² ), which is least where J_g = J_fᵀ. Of a linear layer the terms
 * are −(s⁺ − s) ⊗ ε + η ⊗ ηV, whose mean, σ² (V − Wᵀ), lets V go to Wᵀ and nowhere else. Terms are divided by σ².
 *
 * Source: Ernoult, Normandin, Moudgil, Spinney, Belilovsky, Rish, Richards & Bengio (2022), ICML.
 */
export const localDifferenceReconstruction = defineRule({
  id: 'local-difference-reconstruction',
  family: 'Target propagation',
  title: 'Local difference reconstruction',
  summary: 'Target propagation through feedback that learns to have the transposed Jacobian of the way up.',
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
        'updates of the feedback in a step, each with noise of its own; more than one only if alternating',
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
    hints: hintsOnInverses,
  },

  learn(step) {
    const { network, options } = step;
    const chain = chainOf(network);
    const phase = step.run('forward');
    for (let update = 0; update < options.inverseUpdates; update++) {
      for (const projection of chain) {
        if (projection.feedback) learnTransposedJacobian(step, phase, projection, options.noise, update);
      }
      if (options.order === 'alternating') step.apply();
    }
    emitDownGradient(step, phase, chain, options.targetStep);
  },
});

/** The terms of ∇[ −εᵀ(g₁ − g₀) + ½ ‖g₂ − g₀‖² ] / σ², with g₁ = g(f(h + ε)), g₀ = g(s), g₂ = g(s + η). */
function learnTransposedJacobian(
  step: LearningStep,
  phase: Phase,
  projection: Projection,
  noise: number,
  update: number,
): void {
  const { compute } = step;
  const activity = phase.activity(projection.from);
  const drawn = (shape: Tensor['shape'], name: string) => {
    const deviation = compute.temporary(shape);
    compute.drawNormal(deviation, 0, noise, step.stream(`${name} ${projection.id} ${update}`), step.step);
    return deviation;
  };
  const sum = (a: Tensor, b: Tensor, factor = 1) => {
    const total = compute.temporary(a.shape);
    compute.combine(total, a, b, 1, factor);
    return total;
  };
  const epsilon = drawn(activity.shape, 'lower noise');
  const settled = upward(step, projection, activity);
  const moved = upward(step, projection, sum(activity, epsilon));
  const shaken = sum(settled, drawn(settled.shape, 'upper noise'));
  const [g0, g1, g2] = [settled, moved, shaken].map((signal) => downward(step, projection, signal)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const change = sum(g2, g0, -1);
  const atRest = sum(epsilon, change, -1);
  compute.scale(epsilon, epsilon, -1);
  const factor = 1 / (noise * noise * activity.rows);
  emitInverse(step, projection, { signal: moved, below: g1, error: epsilon, factor });
  emitInverse(step, projection, { signal: shaken, below: g2, error: change, factor });
  emitInverse(step, projection, { signal: settled, below: g0, error: atRest, factor });
}
