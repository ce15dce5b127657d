import { defineRule, feedbackOptions, recurrent, withDirectFeedback, z } from 'apical/rules';
import type { Area, LearningStep, Parameter, RecurrentStep } from 'apical/rules';

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
const synapsesOnto = ({ incoming, bias }: Area): Parameter[] =>
  [...incoming.filter((projection) => isForward(projection) && projection.plastic), bias].filter(
    (each) => !!each,
  );

/** Emits the terms of one step in time. */
function learnAt(step: LearningStep<z.output<typeof options>>, now: RecurrentStep): void {
  const { compute, network, batch } = step;
  const errors = network.objectives.map((objective) => [objective.area, step.error(now, objective)] as const);
  for (const area of network.areas.filter(({ isInput }) => !isInput)) {
    const [signal, post] = [compute.temporary([batch, area.units]), compute.temporary([batch, area.units])];
    compute.fill(signal, 0);
    for (const [from, error] of errors) {
      if (from === area) compute.add(signal, signal, error);
      const feedback = network.feedbackTo(area).filter((projection) => projection.from === from);
      for (const projection of feedback) projection.send(compute, signal, error, 1);
    }
    const alpha = area.outgoing.some(isForward) ? step.options.leak : 1;
    compute.fill(post, alpha);
    now.slope(area, post, { out: post, gain: false });
    for (const synapses of synapsesOnto(area)) {
      const arriving = area.incoming.find(({ id }) => id === synapses.id);
      const common = {
        trace: step.state(synapses.id),
        decay: 1 - alpha,
        signal,
        post,
        factor: 1 / step.count,
      };
      const pre = arriving && compute.temporary([batch, arriving.from.units]);
      if (pre) compute.copy(pre, now.presynaptic(arriving));
      step.emit(synapses, { kind: 'eligibility', ...common, ...(pre ? { pre } : {}) });
    }
  }
}
