import { defineRule, feedbackOptions, recurrent, withDirectFeedback, z } from 'apical/rules';
import type { Area, LearningStep, Parameter, RecurrentStep, Tensor } from 'apical/rules';

const options = z.strictObject({
  ...feedbackOptions,
  leak: z.number().gt(0).max(1).default(1).describe('α: share of the new activity in h; 1 has no leak'),
});

/**
 * Eligibility propagation in leaky units. Each synapse keeps a trace of how the activity of its own unit depends on its
 * weight, and multiplies it with a learning signal of the unit as errors come in, B being fixed and random:
 *
 *   e_ij(t) = (1 − α) e_ij(t−1) + α f′(a_j(t)) h_i(t−d),   ΔW_ij = −η Σ_t e_ij(t) L_j(t),   L(t) = ∂L/∂y(t) B
 *
 * Nothing travels backwards in time. What a unit's activity does to others later is left out.
 *
 * Source: Bellec et al. (2020), Nature Communications 11, equations 1 to 4.
 */
export default defineRule({
  id: 'my-e-prop',
  family: 'Time',
  title: 'Eligibility propagation',
  summary: 'Multiplies a trace at each synapse with errors as they come in.',
  equation: String.raw`\Delta W_{ij} = -\eta \sum_t e_{ij}(t) \, L_j(t)`,
  cites: [],
  options,
  dynamics: recurrent,
  network: { wire: withDirectFeedback },
  learning: {
    phase: ({ leak }) => ({ leak: ({ outgoing }) => (outgoing.some(isForward) ? leak : 1) }),
    state: ({ areas }) =>
      areas
        .flatMap(synapsesOnto)
        .map(({ id, values }) => ({ name: id, shape: values.shape, scope: 'stream' })),
  },
  learn(step) {
    step.run('forward', { each: (now) => learnAt(step, now) });
  },
});

const isForward = ({ kind }: Area['incoming'][number]): boolean => kind !== 'feedback';
const synapsesOnto = ({ incoming, bias }: Area): Parameter[] => [
  ...incoming.filter(isForward),
  ...(bias ? [bias] : []),
];

/** Emits the terms of one step in time. */
function learnAt(step: LearningStep<z.output<typeof options>, typeof recurrent>, now: RecurrentStep): void {
  const { compute, network, batch } = step;
  for (const objective of network.objectives) {
    const error = step.error(now, objective);
    for (const area of network.areas) {
      const [feedback] = network.feedbackTo(area);
      if (area !== objective.area && !feedback) continue;
      const signal = compute.temporary([batch, area.units]);
      if (feedback) feedback.send(compute, signal, error);
      else compute.copy(signal, error);
      const alpha = feedback ? step.options.leak : 1;
      const post = compute.temporary([batch, area.units]);
      compute.fill(post, alpha);
      now.slope(area, post, { out: post, gain: false });
      const emit = (synapses: Parameter, pre?: Tensor) =>
        step.emit(synapses, {
          ...{ kind: 'eligibility', trace: step.state(synapses.id), decay: 1 - alpha, signal, post },
          ...{ factor: 1 / step.count, ...(pre ? { pre } : {}) },
        });
      for (const projection of area.incoming.filter(isForward)) {
        const pre = compute.temporary([batch, projection.from.units]);
        compute.copy(pre, now.presynaptic(projection));
        emit(projection, pre);
      }
      if (area.bias) emit(area.bias);
    }
  }
}
