import { defineRule, noOptions, recurrent } from 'apical/rules';
import type { Area, LearningStep, RecurrentPhase, Tensor } from 'apical/rules';

/**
 * Backpropagation through time for h_t = f(Σ h_{t−d} W + b), written out. The network runs forwards with a history; then
 * errors go back from step to step, each by the delay of the projection that it crosses:
 *
 *   δ_t = (∂L/∂h_t + Σ_projections δ_{t+d} Wᵀ) ⊙ f′(a_t),   ∂L/∂W = Σ_t h_{t−d} ⊗ δ_t
 *
 * Source: Werbos (1990), Proceedings of the IEEE 78.
 */
export default defineRule({
  id: 'my-backpropagation-through-time',
  family: 'Time',
  title: 'Backpropagation through time',
  summary: 'Sends errors back through the steps of a recurrent network.',
  equation: String.raw`\delta_t = \left( \tfrac{\partial L}{\partial h_t} + \delta_{t+1} W^\top \right) \odot f'(a_t)`,
  cites: [],
  options: noOptions,
  dynamics: recurrent,
  learn(step) {
    const phase = step.run('forward', { history: true });
    const errors = errorsOf(step, phase);
    for (let time = phase.steps - 1; time >= 0; time--) sendBack(step, phase, errors, time);
    for (const [area, post] of errors) {
      const factor = 1 / step.count;
      for (const projection of area.incoming.filter(({ kind, plastic }) => kind !== 'feedback' && plastic)) {
        step.emit(projection, { kind: 'outer', pre: phase.presynaptic(projection), post, factor });
      }
      if (area.bias) step.emit(area.bias, { kind: 'outer', post, factor });
    }
  },
});

/** Returns ∂L/∂h at all steps, (steps · batch, units), which becomes δ step by step. */
function errorsOf(step: LearningStep, phase: RecurrentPhase): ReadonlyMap<Area, Tensor> {
  const { compute, network } = step;
  const errors = new Map<Area, Tensor>();
  for (const area of network.areas) {
    if (area.isInput) continue;
    const error = step.like(area);
    compute.fill(error, 0);
    errors.set(area, error);
  }
  for (const objective of network.objectives) {
    const error = errors.get(objective.area);
    if (error) compute.add(error, error, step.error(phase, objective));
  }
  return errors;
}

/** Turns the errors of one step into δ, from the last area to the first, and adds what they send to earlier activity. */
function sendBack(
  { compute, batch }: LearningStep,
  phase: RecurrentPhase,
  errors: ReadonlyMap<Area, Tensor>,
  time: number,
): void {
  for (const [area, all] of [...errors].reverse()) {
    const delta = all.rowRange(time * batch, batch);
    phase.at(time).slope(area, delta, { out: delta });
    for (const projection of area.incoming) {
      const earlier = time - projection.delay.longest;
      const below = errors.get(projection.from);
      if (!below || earlier < 0) continue;
      projection.sendBack(compute, below.rowRange(earlier * batch, batch), delta, 1);
    }
  }
}
