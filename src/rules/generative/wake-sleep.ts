import { z } from 'zod';
import { emitReadouts, generative, stochastic } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { refuseDisjointWiring } from '../shared/feedback.ts';
import { sourcesOf, untaughtAreas, withTopDownBias } from './readout.ts';
import { reconstructionOf, refusePooling } from './restricted-boltzmann.ts';
import { defineRule } from '../../learning/rule.ts';
import { emitSleep, emitWake, generatedAreas, withGeneratingFeedback } from './top-down.ts';

/**
 * The wake–sleep algorithm for a Helmholtz machine: bottom-up synapses recognise, top-down synapses generate, and each
 * set teaches the other.
 *
 *   wake:   h_l ~ σ( h_{l−1} W + b ) from the data,     ΔG = η h_{l+1} ⊗ ( h_l − σ( h_{l+1} G + c ) )
 *   sleep:  h_l ~ σ( h_{l+1} G + c ) from the top,      ΔW = η h_{l−1} ⊗ ( h_l − σ( h_{l−1} W + b ) )
 *
 * In the wake phase, top-down synapses descend the expected description length −⟨ln p(v, h)⟩ under the recognition
 * distribution, along its exact gradient (compared with finite differences by test). In the sleep phase, bottom-up
 * synapses learn from fantasies, whose causes are known. The topmost hidden area is generated from its bias alone. In a
 * dream the input sends probabilities, because pictures are grey.
 *
 * Areas with an objective read out the area below by the delta rule, from probabilities, as in evaluation.
 * Metric: ‖v − p(v|h)‖² of the input in the wake phase.
 *
 * Source: Hinton, Dayan, Frey & Neal (1995), Science 268.
 */
export const wakeSleep = defineRule({
  id: 'wake-sleep',
  family: 'Energy and equilibrium',
  title: 'Wake–sleep',
  summary:
    'Awake, top-down synapses learn to generate the input; asleep, bottom-up synapses learn to recognise dreams.',
  equation: String.raw`\Delta G_l = \eta\, (h_l - p_l)\, h_{l+1}^\top \ \text{(wake)}, \qquad \Delta W_l = \eta\, (h_l - q_l)\, h_{l-1}^\top \ \text{(sleep)}`,
  cites: ['hinton1995'],
  options: z.strictObject({
    dreams: z.int().min(1).max(1e4).default(1).describe('number of dreams per example'),
  }),
  dynamics: stochastic,
  network: {
    refuses: (specification) => refusePooling(specification) ?? refuseDisjointWiring(specification),
    wire: (specification) => withGeneratingFeedback(withGeneratedAreas(specification)),
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
      return {
        inputs: dream.rate(input),
        caption: 'Dreams: one top-down pass from the bias of the topmost area.',
      };
    },
  },

  learn(step) {
    const { network, options } = step;
    emitReadouts(step, step.run('readout'));
    const wake = step.run('wake', { sample: true });
    emitWake(step, wake, generatedAreas(network));
    measure(step, wake);
    const asleep = step.repeated(options.dreams);
    const dream = asleep.run(generative, 'dream', {
      sample: (area) => !area.isInput,
    });
    emitSleep(asleep, dream);
  },
});

/** Adds a top-down bias to the input and to hidden areas; for the topmost ones it is the only top-down input. */
function withGeneratedAreas(specification: NetworkSpecification): NetworkSpecification {
  const { objectives, projections } = specification;
  const isReadout = (id: string) => objectives.some(({ area }) => area === id);
  const above = projections.flatMap(({ to, kind = 'forward' }) =>
    kind === 'forward' && !isReadout(to) ? [to] : [],
  );
  return withTopDownBias(specification, new Set([...sourcesOf(specification), ...above]));
}

/** Measures ‖v − p(v|h)‖² of each example. */
function measure(step: LearningStep, awake: Phase): void {
  const { compute, network, inputs } = step;
  const { input } = network;
  if (!input.topDownBias || untaughtAreas(network).length === 0) return;
  const generated = step.run(generative, 'reconstruction', {
    clamp: (area) => (area === input ? undefined : awake.output(area)),
  });
  const difference = compute.temporary(inputs.shape);
  compute.subtract(difference, inputs, generated.rate(input));
  const squares = compute.temporary([inputs.rows]);
  compute.dotRows(squares, difference, difference);
  step.measure(reconstructionOf(input), squares);
}
