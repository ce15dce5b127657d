import type { Area, Projection } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Dynamics, LearningStep, Reference } from '../step.ts';
import type { RecurrentOptions, RecurrentPhase } from './recurrent.ts';

/** The phase options that a reference uses itself. */
type Unrolled = Pick<RecurrentOptions, 'history'>;

/**
 * Returns the exact gradient of dynamics in time, by the chain rule through the steps of a batch:
 *
 *   g_t = ∂L/∂h_t + (1 − α) g_{t+1} + Σ_projections onto other areas δ_{t+d} Wᵀ,   δ_t = α g_t ⊙ f′(a_t)
 *   ∂L/∂W = Σ_t h_{t−d} ⊗ δ_t
 *
 * The error of a later step meets the activity of an earlier one, which must therefore be kept. What was carried into the
 * batch counts as constant: over a window of a longer sequence, this is truncated backpropagation through time.
 *
 * Source: Werbos (1990), Proceedings of the IEEE 78; Williams & Peng (1990), Neural Computation 2 (truncated). A test
 * holds it to finite differences in f64.
 *
 * @example
 * ```ts
 * import { backpropagateInTimeBy, recurrent } from 'apical/rules';
 *
 * // Recurrent units with a leak, and their exact gradient.
 * const leaky: typeof recurrent = {
 *   ...recurrent,
 *   id: 'leaky',
 *   run: (setting, name, options) => recurrent.run(setting, name, { leak: 0.2, ...options }),
 *   reference: () => backpropagateInTimeBy(leaky),
 * };
 * console.log(leaky.reference?.length); // 0
 * ```
 */
export const backpropagateInTimeBy =
  (dynamics: Dynamics<Unrolled & object, RecurrentPhase>): Reference =>
  (step) => {
    const phase = step.run(dynamics, 'forward', { history: true });
    const errors = errorsIn(step, phase);
    for (const area of step.network.areas) {
      const delta = errors.get(area);
      if (delta) emit(step, phase, area, delta);
    }
  };

/** Returns δ of every area that objectives reach, (steps · batch, units). */
function errorsIn(step: LearningStep, phase: RecurrentPhase): ReadonlyMap<Area, Tensor> {
  const { compute, network, batch } = step;
  const trained = network.areas.filter((area) => !area.isInput);
  const blank = (area: Area): Tensor => {
    const tensor = step.like(area);
    compute.fill(tensor, 0);
    return tensor;
  };
  /** ∂L/∂activity from above and from later steps, ∂L/∂rate from objectives, and δ. */
  const above = new Map(trained.map((area) => [area, blank(area)]));
  const own = new Map(trained.map((area) => [area, blank(area)]));
  const deltas = new Map(trained.map((area) => [area, step.like(area)]));
  for (const objective of network.objectives) {
    const error = own.get(objective.area);
    if (error) compute.add(error, error, step.error(phase, objective));
  }
  const at = (all: Tensor, time: number) => all.rowRange(time * batch, batch);

  for (let time = phase.steps - 1; time >= 0; time--) {
    const now = phase.at(time);
    for (const area of [...trained].reverse()) {
      compute.scope(() => {
        const [error, delta] = [at(own.get(area) as Tensor, time), at(deltas.get(area) as Tensor, time)];
        const sent = at(above.get(area) as Tensor, time);
        const gain = phase.gain(area);
        if (gain) compute.multiply(sent, sent, at(gain, time));
        compute.add(error, error, sent);
        const leak = phase.leak(area);
        if (leak !== 1 && time > 0) {
          compute.addScaled(at(own.get(area) as Tensor, time - 1), error, 1 - leak);
        }
        now.slope(area, error, { out: delta, gain: false });
        if (leak !== 1) compute.scale(delta, delta, leak);
        for (const projection of area.incoming) sendBack(step, projection, delta, above, time);
      });
    }
  }
  return deltas;
}

/** Adds what an error contributes to the presynaptic activity of earlier steps. */
function sendBack(
  { compute, batch }: LearningStep,
  projection: Projection,
  delta: Tensor,
  above: ReadonlyMap<Area, Tensor>,
  time: number,
): void {
  const target = above.get(projection.from);
  if (projection.kind === 'feedback' || !target) return;
  const { groups } = projection.delay;
  for (const { steps, units } of groups) {
    if (time < steps) continue;
    const earlier = target.rowRange((time - steps) * batch, batch);
    if (!units) projection.sendBack(compute, earlier, delta, 1);
    else {
      const below = compute.temporary(earlier.shape);
      projection.sendBack(compute, below, delta, 0);
      compute.scaleColumns(earlier, below, units, 1, 1);
    }
  }
}

/** Emits the terms of the synapses onto an area. */
function emit(step: LearningStep, phase: RecurrentPhase, area: Area, delta: Tensor): void {
  const factor = 1 / step.count;
  for (const projection of area.incoming) {
    if (projection.kind === 'feedback' || !projection.plastic) continue;
    step.emit(projection, { kind: 'outer', pre: phase.presynaptic(projection), post: delta, factor });
  }
  if (area.bias) step.emit(area.bias, { kind: 'outer', post: delta, factor });
}
