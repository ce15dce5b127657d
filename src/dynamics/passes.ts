import type { Area, Projection } from '../network/area.ts';
import type { Objective } from '../network/objectives/objective.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Phase } from './phase.ts';
import type { LearningStep } from './step.ts';

/** Sends an error across a projection from the area above to the one below: below ← …(above) + beta · below. */
export type SendDown = (projection: Projection, above: Tensor, below: Tensor, beta: number) => void;

/**
 * Computes the errors of every area from the objectives down, and emits the terms that follow from them:
 *
 *   δ_output = ∂L/∂y ⊙ f′,   δ_l = (what is sent down from δ_{l+1}) ⊙ f′ ⊙ gain,   term of W_l: h_{l−1} ⊗ δ_l / batch
 *
 * `sendDown` says how an error crosses a projection with weights, the one point at which backpropagation and rules with
 * feedback of their own differ. Objectives whose reach is their layer act on the
 * synapses onto their area alone. Where a soma takes on only a share of what its dendrite receives, f(share · (h W + b)),
 * `shareOf` returns it, and δ is that of the dendrite.
 *
 * Returns a function that gives δ of an area, (batch, units), or undefined where no objective is above. Throws
 * `objective.no-derivative` if an objective has none.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, descend } from 'apical/rules';
 *
 * // Half of each error gets lost on the way down.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'fading-errors',
 *   learn(step) {
 *     descend(step, step.run('forward'), (projection, above, below, beta) => {
 *       const faded = step.like(projection.to);
 *       step.compute.scale(faded, above, 0.5);
 *       projection.sendBack(step.compute, below, faded, beta);
 *     });
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function descend(
  step: LearningStep,
  phase: Phase,
  sendDown: SendDown,
  shareOf: (area: Area) => number = () => 1,
): (area: Area) => Tensor | undefined {
  const { compute, network } = step;
  /** δ of what is sent down, and δ of what the synapses onto an area learn from, which adds objectives that reach no further. */
  const errors: (Tensor | undefined)[] = [];
  const taught: (Tensor | undefined)[] = [];

  for (let index = network.areas.length - 1; index >= 0; index--) {
    const area = network.areas[index] as Area;
    if (area.isInput) continue;
    let error: Tensor | undefined;
    for (const projection of area.outgoing) {
      const above = errors[projection.to.index];
      if (projection.kind !== 'forward' || !above) continue;
      const below: Tensor = error ?? step.like(area);
      // Without weights there is only one way back, for every rule.
      if (projection.hasWeights) sendDown(projection, above, below, error ? 1 : 0);
      else projection.sendBack(compute, below, above, error ? 1 : 0, { sent: phase.activity(area) });
      error = below;
    }
    const gain = error && phase.gain(area);
    // Objectives look at the rate, before dropout: the gain belongs to what came down alone.
    const through = ownError(step, phase, area, 'network');
    if (through) {
      if (error && gain) compute.multiply(error, error, gain);
      if (error) compute.add(through, through, error);
      error = through;
    }
    const share = shareOf(area);
    /** Turns ∂L/∂rate into δ. */
    const atDendrite = (signal: Tensor, withGain: boolean): void => {
      phase.slope(area, signal, { out: signal, gain: withGain });
      if (share !== 1) compute.scale(signal, signal, share);
    };
    if (error) atDendrite(error, !through);
    errors[area.index] = error;
    const within = ownError(step, phase, area, 'layer');
    if (within) {
      atDendrite(within, false);
      if (error) compute.add(within, within, error);
    }
    taught[area.index] = within ?? error; // undefined where nothing downstream is trained
  }

  const factor = 1 / step.count;
  for (const area of network.areas) {
    const error = taught[area.index];
    if (error) emitIncoming(step, phase, area, error, factor);
  }
  return (area) => taught[area.index];
}

/** Returns Σ ∂L/∂output over the objectives of an area with this reach, (batch, units); undefined without any. */
function ownError(
  step: LearningStep,
  phase: Phase,
  area: Area,
  reach: Objective['reach'],
): Tensor | undefined {
  let sum: Tensor | undefined;
  for (const objective of step.network.objectives) {
    if (objective.area !== area || objective.reach !== reach) continue;
    const error = step.error(phase, objective);
    if (sum) step.compute.add(sum, sum, error);
    else sum = error;
  }
  return sum;
}

/**
 * Emits the term factor · h ⊗ post for every plastic forward projection onto an area, with h the presynaptic activity
 * of the phase, and factor · post for the bias. `post` is (batch, units).
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, emitIncoming } from 'apical/rules';
 *
 * // Units become less active on examples with a large loss, a number that reaches all synapses.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'loss-modulated',
 *   learn(step) {
 *     const phase = step.run('forward');
 *     const losses = step.losses(phase);
 *     for (const area of step.network.areas) {
 *       if (area.isInput) continue;
 *       const post = step.like(area);
 *       step.compute.scaleRows(post, phase.rate(area), losses, 1, 0);
 *       emitIncoming(step, phase, area, post, 0.01 / post.rows);
 *     }
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function emitIncoming(
  step: LearningStep,
  phase: Pick<Phase, 'activity'>,
  area: Area,
  post: Tensor,
  factor: number,
): void {
  for (const projection of area.incoming) {
    if (projection.kind !== 'forward' || !projection.plastic) continue;
    step.emit(projection, { kind: 'outer', pre: phase.activity(projection.from), post, factor });
  }
  if (area.bias) step.emit(area.bias, { kind: 'outer', post, factor });
}

/**
 * Emits the delta rule for areas with an objective, by which what rules without a teacher have found is read out:
 *
 *   ΔW = −η h ⊗ (∂L/∂y ⊙ f′)
 *
 * No error is sent down, so the objective does not affect the areas below. Throws `objective.no-derivative` if an
 * objective has none.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { backpropagation, defineRule, emitReadouts } from 'apical/rules';
 *
 * // Only the output learns, on hidden areas that stay random: a baseline for rules that train them.
 * const rule = defineRule({
 *   ...backpropagation,
 *   id: 'random-features',
 *   learn: (step) => emitReadouts(step, step.run('forward')),
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [32] }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function emitReadouts(step: LearningStep, phase: Phase): void {
  for (const objective of step.network.objectives) {
    const { area } = objective;
    const error = step.error(phase, objective);
    phase.slope(area, error, { out: error, gain: false });
    emitIncoming(step, phase, area, error, 1 / step.count);
  }
}
