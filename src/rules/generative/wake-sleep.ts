import { z } from 'zod';
import { emitReadouts, generative, stochastic } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { refuseDisjointWiring } from '../shared/feedback.ts';
import { sourcesOf, untaughtAreas, withTopDownThresholds } from './readout.ts';
import { reconstructionOf, refusePooling } from './restricted-boltzmann.ts';
import { defineRule } from '../../learning/rule.ts';
import { emitSleep, emitWake, madeAreas, withGeneratingFeedback } from './top-down.ts';

/**
 * Wake–sleep, of a Helmholtz machine: one set of synapses recognises, another one makes what is recognised, and each
 * phase of the two teaches the other set.
 *
 *   wake:   h_l ~ σ( h_{l−1} W + b ) from the data,     ΔG = η h_{l+1} ⊗ ( h_l − σ( h_{l+1} G + c ) )
 *   sleep:  h_l ~ σ( h_{l+1} G + c ) from the top,      ΔW = η h_{l−1} ⊗ ( h_l − σ( h_{l−1} W + b ) )
 *
 * Awake, top-down synapses go down the expected description length, −⟨ln p(v, h)⟩ under what is recognised: exactly its
 * gradient (held to finite differences by test). Asleep, bottom-up synapses learn from fantasies, whose causes are known.
 * The topmost hidden area is made by thresholds alone. In a dream the input's probabilities are sent, since pictures are grey.
 *
 * Areas with an objective read out the area below by the delta rule, from probabilities, as in evaluation.
 * Measured: ‖v − p(v|h)‖² of the input, awake.
 *
 * Source: Hinton, Dayan, Frey & Neal (1995), Science 268.
 */
export const wakeSleep = defineRule({
  id: 'wake-sleep',
  family: 'Energy and equilibrium',
  title: 'Wake–sleep',
  summary:
    'Awake, top-down synapses learn to make what is seen; asleep, bottom-up ones learn to recognise what was made.',
  equation: String.raw`\Delta G_l = \eta\, (h_l - p_l)\, h_{l+1}^\top \ \text{(wake)}, \qquad \Delta W_l = \eta\, (h_l - q_l)\, h_{l-1}^\top \ \text{(sleep)}`,
  cites: ['hinton1995'],
  options: z.strictObject({
    dreams: z.int().min(1).max(1e4).default(1).describe('dreams for every example'),
  }),
  dynamics: stochastic,
  network: {
    refuses: (specification) => refusePooling(specification) ?? refuseDisjointWiring(specification),
    wire: (specification) => withGeneratingFeedback(withMadeAreas(specification)),
  },
  learning: {
    reference: () => undefined,
  },
  report: {
    measures: ({ input }) => [reconstructionOf(input)],
    evaluate: (step, phase) => measure(step, phase),
    fantasies(step) {
      const { input } = step.network;
      if (!input.topDownBias) return undefined;
      const dream = step.run(generative, 'dream', { sample: (area) => area !== input });
      return { inputs: dream.rate(input), caption: 'Dreams: one pass down from the topmost thresholds.' };
    },
  },

  learn(step) {
    const { network, options } = step;
    emitReadouts(step, step.run('readout'));
    const wake = step.run('wake', { sample: true });
    emitWake(step, wake, madeAreas(network));
    measure(step, wake);
    const asleep = step.repeated(options.dreams);
    const dream = asleep.run(generative, 'dream', {
      sample: (area) => area !== network.input,
    });
    emitSleep(asleep, dream);
  },
});

/** Hidden areas and the input have thresholds from above; the topmost ones have nothing else. */
function withMadeAreas(specification: NetworkSpecification): NetworkSpecification {
  const { objectives, projections } = specification;
  const isReadout = (id: string) => objectives.some(({ area }) => area === id);
  const above = projections.flatMap(({ to, kind = 'forward' }) =>
    kind === 'forward' && !isReadout(to) ? [to] : [],
  );
  return withTopDownThresholds(specification, new Set([...sourcesOf(specification), ...above]));
}

/** ‖v − p(v|h)‖² of every example. */
function measure(step: LearningStep, awake: Phase): void {
  const { compute, network, inputs } = step;
  const { input } = network;
  if (!input.topDownBias || untaughtAreas(network).length === 0) return;
  const made = step.run(generative, 'reconstruction', {
    clamp: (area) => (area === input ? undefined : awake.output(area)),
  });
  const difference = compute.temporary(inputs.shape);
  compute.subtract(difference, inputs, made.rate(input));
  const squares = compute.temporary([inputs.rows]);
  compute.dotRows(squares, difference, difference);
  step.measure(reconstructionOf(input), squares);
}
