import { z } from 'zod';
import { mustSettle, settlingRates } from '../dynamics/index.ts';
import type { LearningStep, Phase } from '../dynamics/index.ts';
import type { Area } from '../network/area.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import { projectionId } from '../network/specification.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { emitContrast } from './contrast.ts';
import { defineRule } from './rule.ts';
import { freePhase, settleFreely, settlingOptions } from './settling.ts';

/**
 * Contrastive Hebbian learning: let the network settle freely, then with its outputs held at their targets; what fires
 * together in the second phase is learned, what does in the first is unlearned.
 *
 *   dx_k/dt = −x_k + f( x_{k−1} W_k + γ x_{k+1} W_{k+1}ᵀ + b_k ),   free: x̌,   outputs held: x̂
 *   ΔW_k = η γ^(k−L) ( x̂_{k−1} x̂_k − x̌_{k−1} x̌_k ),     Δb_k = η γ^(k−L) ( x̂_k − x̌_k )
 *
 * This goes down the difference of the Lyapunov functions of the two phases. A weak feedback gain γ carries an error that
 * has shrunk to γ^(L−k) when it reaches level k, which γ^(k−L) undoes. As γ → 0
 *
 *   x̂_k − x̌_k → γ^(L−k) δ_k,     δ_k = f′ ⊙ ( δ_{k+1} W_{k+1}ᵀ ),     δ_L = x̂_L − x̌_L
 *
 * which is backpropagation, up to an error of the order of γ (held to it by test and claim).
 *
 * - Outputs are held at x̌_L − ∂C/∂x_L. With the squared error that is the target, as in the source (whose outputs are linear); with cross-entropy it
 *   is one step of descent from the potentials. δ_L thus leaves out the slope f′ of outputs that have one: for
 *   logistic outputs it is the gradient of their cross-entropy, for linear ones of the cost itself.
 * - γ^(k−L) needs levels: every projection (but those from the input, which is held in both phases) leads one level up, or stays in
 *   its area. γ = 1 is contrastive Hebbian learning as it was first given, and serves any wiring.
 * - The exact gradient that it is compared with is that of the cost at the free fixed point, feedback included.
 *
 * Source: Xie & Seung (2003), Neural Computation 15.
 */
export const contrastiveHebbian = defineRule({
  id: 'contrastive-hebbian',
  family: 'Energy and equilibrium',
  title: 'Contrastive Hebbian learning',
  summary:
    'Hebbian with outputs held at their targets, anti-Hebbian without; weak feedback makes it backpropagation.',
  equation: String.raw`\Delta W_k = \eta\, \gamma^{k-L} \left( \hat x_k \hat x_{k-1}^\top - \check x_k \check x_{k-1}^\top \right), \qquad \frac{dx_k}{dt} = -x_k + f\!\left( W_k x_{k-1} + \gamma W_{k+1}^\top x_{k+1} + b_k \right)`,
  cites: ['xie2003', 'hopfield1984'],
  options: z.strictObject({
    gain: z
      .number()
      .positive()
      .max(1)
      .default(0.1)
      .describe('γ: signals that come back are multiplied by this'),
    ...settlingOptions,
    start: settlingOptions.start.default('feedforward'),
    clampedSteps: z.int().min(1).max(1e6).default(20).describe('steps of the phase with outputs held'),
  }),
  dynamics: settlingRates,
  refuses: (specification, { gain }) => (gain === 1 ? undefined : refuseWithoutLevels(specification)),
  phase: (options, name) => ({
    ...freePhase(options, name),
    ...(name === 'clamped' ? { steps: options.clampedSteps } : {}),
    feedbackGain: options.gain,
  }),

  learn(step) {
    const { network, options, inputs } = step;
    const free = settleFreely(step);
    const held = heldOutputs(step, free);
    const clamped = mustSettle(
      step.run('clamped', { start: free, clamp: (area) => held.get(area) }),
      options.tolerance,
    );
    const below = levelsBelowObjectives(network.specification);
    emitContrast(step, clamped, free, 1 / inputs.rows, ({ id }) => options.gain ** -(below.get(id) ?? 0));
  },
});

/** x̌ − ∂C/∂x of every area with an objective, (batch, units). */
function heldOutputs(step: LearningStep, free: Phase): ReadonlyMap<Area, Tensor> {
  return new Map(
    step.network.objectives.map((objective) => {
      const output = free.output(objective.area);
      const held = step.compute.temporary(output.shape);
      step.pull(objective, output, held);
      step.compute.combine(held, output, held, 1, -1);
      return [objective.area, held];
    }),
  );
}

/** How many forward projections lead from an area to the nearest objective, by id; without those from which none does. */
function levelsBelowObjectives({
  objectives,
  projections,
}: NetworkSpecification): ReadonlyMap<string, number> {
  const levels = new Map(objectives.map(({ area }) => [area, 0]));
  let found = [...levels.keys()];
  for (let level = 1; found.length > 0; level++) {
    const next = new Set(
      projections
        .filter(({ kind = 'forward', to }) => kind === 'forward' && found.includes(to))
        .map(({ from }) => from)
        .filter((from) => !levels.has(from)),
    );
    for (const area of next) levels.set(area, level);
    found = [...next];
  }
  return levels;
}

function refuseWithoutLevels(specification: NetworkSpecification): string | undefined {
  const below = levelsBelowObjectives(specification);
  for (const projection of specification.projections) {
    const { kind = 'forward', from, to } = projection;
    const [lower, upper] = [below.get(from), below.get(to)];
    if (from === specification.input || (kind === 'lateral' && from === to)) continue;
    if (kind === 'forward' && lower !== undefined && upper !== undefined && lower === upper + 1) continue;
    return (
      `with a feedback gain other than 1 every projection must lead one level nearer to the outputs, and ` +
      `"${projectionId(projection)}" does not: set ruleOptions.gain=1, or choose equilibrium-propagation`
    );
  }
  return undefined;
}
