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

/** Forward and lateral projections carry activity. */
const isForward = ({ kind }: Area['incoming'][number]): boolean => kind !== 'feedback';
const learns = (projection: Area['incoming'][number]): boolean => isForward(projection) && projection.plastic;
const synapsesOnto = ({ incoming, bias }: Area): Parameter[] => [
  ...incoming.filter(learns),
  ...(bias ? [bias] : []),
];

type Step = LearningStep<z.output<typeof options>, typeof recurrent>;

/** Emits the terms of one step in time. */
function learnAt(step: Step, now: RecurrentStep): void {
  const { compute, network, batch } = step;
  const errors = new Map(network.objectives.map((objective) => [objective.area, step.error(now, objective)]));
  for (const area of network.areas) {
    const signal = signalTo(step, area, errors);
    if (!signal) continue;
    const alpha = area.outgoing.some(isForward) ? step.options.leak : 1;
    const post = compute.temporary([batch, area.units]);
    compute.fill(post, alpha);
    now.slope(area, post, { out: post, gain: false });
    const emit = (synapses: Parameter, pre?: Tensor) =>
      step.emit(synapses, {
        ...{ kind: 'eligibility', trace: step.state(synapses.id), decay: 1 - alpha, signal, post },
        ...{ factor: 1 / step.count, ...(pre ? { pre } : {}) },
      });
    for (const projection of area.incoming.filter(learns)) {
      const pre = compute.temporary([batch, projection.from.units]);
      compute.copy(pre, now.presynaptic(projection));
      emit(projection, pre);
    }
    if (area.bias) emit(area.bias);
  }
}

/** Returns the learning signal of an area: its own error, and errors that arrive by feedback; undefined without any. */
function signalTo({ compute, network, batch }: Step, area: Area, errors: Errors): Tensor | undefined {
  const own = errors.get(area);
  const feedback = network.feedbackTo(area).filter(({ from }) => errors.has(from));
  if (!own && feedback.length === 0) return undefined;
  const signal = compute.temporary([batch, area.units]);
  if (own) compute.copy(signal, own);
  else compute.fill(signal, 0);
  for (const projection of feedback)
    projection.send(compute, signal, errors.get(projection.from) as Tensor, 1);
  return signal;
}

/** The error of each area with an objective, (batch, units). */
type Errors = ReadonlyMap<Area, Tensor>;
