import { defineRule, emitIncoming, feedforward, z } from 'apical/rules';
import type { Area, LearningStep, NetworkSpecification, Tensor } from 'apical/rules';

const options = z.strictObject({
  scale: z
    .number()
    .positive()
    .default(0.05)
    .describe('standard deviation of F, which projects the error to the input'),
});

/**
 * PEPITA: present the error to perturb the input to modulate activity. A second forward pass sees the input with a fixed
 * random projection F of the output error added; hidden synapses learn from the difference of the two passes:
 *
 *   e = ∂L/∂y,   x^e = x + e F,   h_l and h_l^e the activities evoked by x and x^e
 *   ΔW_l = −η h_{l−1}^e ⊗ ( h_l − h_l^e ),     ΔW_L = −η h_{L−1}^e ⊗ e
 *
 * No error goes down from area to area: it enters at the input and travels along the forward path.
 *
 * Source: Dellaferrera & Kreiman (2022), ICML, algorithm 1.
 */
export default defineRule({
  id: 'pepita',
  family: 'Feedback pathways',
  title: 'PEPITA',
  summary: 'Adds a projection of the error to the input, and learns from what the second pass changes.',
  equation: String.raw`\Delta W_l = -\eta\, \left( h_l - h_l^{e} \right) \left( h_{l-1}^{e} \right)^\top, \qquad x^{e} = x + F e`,
  cites: [],
  options,
  dynamics: feedforward,
  network: { wire: (specification, { scale }) => withErrorToInput(specification, scale) },

  learn(step) {
    const { compute, network, inputs } = step;
    const first = step.run('forward');
    for (const objective of network.objectives) {
      const error = step.error(first, objective);
      const second = step.run('modulated', { inputs: inputsWith(step, objective.area, error) });
      for (const area of network.areas) {
        const change = step.like(area);
        compute.subtract(change, first.activity(area), second.activity(area));
        emitIncoming(step, second, area, area === objective.area ? error : change, 1 / inputs.rows);
      }
    }
  },
});

/** Returns x + e F of an area's error, (batch, units of the input). */
function inputsWith(step: LearningStep, area: Area, error: Tensor): Tensor {
  const modulated = step.like(step.network.input);
  const feedback = step.network.feedbackTo(step.network.input).find(({ from }) => from === area);
  feedback?.send(step.compute, modulated, error);
  step.compute.add(modulated, modulated, step.inputs);
  return modulated;
}

/** Adds F, fixed random feedback from the output to the input, as dense as the forward path. */
function withErrorToInput(specification: NetworkSpecification, scale: number): NetworkSpecification {
  const { input, objectives, projections } = specification;
  const { density = 1 } = projections[0] ?? {};
  const added = objectives.map(({ area }) => ({
    ...{ from: area, to: input, kind: 'feedback' as const, density },
    initialisation: { kind: 'normal' as const, scale },
  }));
  return { ...specification, projections: [...projections, ...added] };
}
