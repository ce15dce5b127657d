import { z } from 'zod';
import { dendrites, emitIncoming, sharesOf, spikingDendrites } from '../../dynamics/index.ts';
import type {
  DendriticPhase,
  LearningStep,
  SpikingDendritesOptions,
  Teaching,
} from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import { hasDerivative } from '../../network/objectives/derivative.ts';
import { lossOf } from '../../network/objectives/resolve.ts';
import type { Objective } from '../../network/objectives/objective.ts';
import { projectionId } from '../../network/specification.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { backpropagateBasal } from '../../dynamics/dendrites/basal-backpropagation.ts';
import { activationOf, nameOfActivation } from '../../tensor/activation.ts';
import type { ActivationReference } from '../../tensor/activation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { conductance, positiveConductance } from './conductances.ts';
import { withDirectFeedback, feedbackOptions } from '../shared/feedback.ts';
import { hasCrossEntropy } from '../shared/reconstruction.ts';
import { defineRule } from '../../learning/rule.ts';

/** Whether rates lie between 0 and 1: then a teacher can drive them to either end, and they can be probabilities. */
function isProbability(activation: ActivationReference): boolean {
  const [low, high] = activationOf(activation).bounds;
  return low >= 0 && high <= 1;
}

const options = z
  .strictObject({
    version: z
      .enum(['rate', 'spiking'])
      .default('rate')
      .describe('signals that cells send, also in evaluations: rates, or Poisson spikes at these rates'),
    leak: positiveConductance().default(0.1).describe('leak g_L of every soma'),
    basal: positiveConductance()
      .default(0.6)
      .describe('conductance g_B from basal dendrite to soma, and g_D of the output'),
    apical: conductance()
      .default(0.05)
      .describe(
        'conductance g_A from apical dendrite to soma; with 0 only plateau potentials reach the soma',
      ),
    teacher: positiveConductance()
      .default(1)
      .describe('conductance of the synapses that teach the output in the target phase'),
    excitation: z
      .number()
      .min(-1e3)
      .max(1e3)
      .default(8)
      .describe('potential E_E towards which the teacher pulls outputs that should be on'),
    inhibition: z
      .number()
      .min(-1e3)
      .max(1e3)
      .default(-8)
      .describe('potential E_I towards which the teacher pulls outputs that should be off'),
    ...feedbackOptions,
    sweeps: z
      .int()
      .min(1)
      .max(1e4)
      .default(2)
      .describe('rate version: sweeps in each phase until cells rest; 1 is a forward and a feedback pass'),
    duration: z
      .number()
      .positive()
      .max(1e6)
      .default(50)
      .describe('spiking version: duration of a phase, in ms'),
    averaged: z
      .number()
      .positive()
      .max(1e6)
      .default(20)
      .describe('spiking version: time at the end of a phase over which potentials are averaged, in ms'),
    timeStep: z.number().positive().max(1e3).default(1).describe('spiking version: time step, in ms'),
    maximalRate: z
      .number()
      .positive()
      .max(1e3)
      .default(0.2)
      .describe('spiking version: λ_max, spikes per ms of a cell with rate 1'),
    rise: z
      .number()
      .positive()
      .max(1e6)
      .default(3)
      .describe('spiking version: rise time τ_s of a postsynaptic potential, in ms'),
    fall: z
      .number()
      .positive()
      .max(1e6)
      .default(10)
      .describe('spiking version: fall time τ_L of a postsynaptic potential, in ms'),
  })
  .refine(({ excitation, inhibition }) => excitation > inhibition, {
    path: ['excitation'],
    error: ({ input }) => {
      const { excitation, inhibition } = input as { excitation: number; inhibition: number };
      return `excitation must lie above inhibition (${inhibition}), but is ${excitation}`;
    },
  })
  .refine(({ version, timeStep, rise }) => version === 'rate' || timeStep <= rise, {
    path: ['timeStep'],
    error: ({ input }) => {
      const { timeStep, rise } = input as { timeStep: number; rise: number };
      return `${timeStep} ms is too long for potentials whose rise time is ${rise} ms: give at most ${rise}`;
    },
  })
  .refine(({ version, timeStep, maximalRate }) => version === 'rate' || timeStep * maximalRate <= 1, {
    path: ['maximalRate'],
    error: ({ input }) => {
      const { maximalRate, timeStep } = input as { maximalRate: number; timeStep: number };
      return `${maximalRate} spikes per ms are more than one spike in a time step of ${timeStep} ms: give at most ${1 / timeStep}, or a shorter timeStep`;
    },
  })
  .refine(({ version, rise, fall }) => version === 'rate' || rise < fall, {
    path: ['rise'],
    error: ({ input }) => {
      const { rise, fall } = input as { rise: number; fall: number };
      return `a postsynaptic potential must rise faster than it falls, but ${rise} ms is not below ${fall} ms: give less, or a larger fall`;
    },
  })
  .refine(
    ({ version, timeStep, averaged, duration }) =>
      version === 'rate' || (timeStep <= averaged && averaged <= duration),
    {
      path: ['averaged'],
      error: ({ input }) => {
        const { averaged, duration, timeStep } = input as {
          averaged: number;
          duration: number;
          timeStep: number;
        };
        return `averaged must be from timeStep (${timeStep} ms) to duration (${duration} ms), but is ${averaged} ms`;
      },
    },
  );

type Options = z.infer<typeof options>;

/**
 * Segregated dendrites: the output reaches the apical dendrite of every hidden cell through fixed random weights, but
 * hardly the soma. Each of two phases ends in a plateau potential of the apical dendrite, and the difference between the
 * two plateaus tells the cell how to change.
 *
 *   forward phase: α^f = σ( ⟨v_A⟩ ),   target phase, in which the output is taught: α^t = σ( ⟨v_A⟩ )
 *   hidden:  r̂ = r^f + α^t − α^f,      ΔW = η g_B/g ( α^t − α^f ) ⊙ f′(u^f) ⊗ r_below^f
 *   output:                            ΔW = η g_D/g ( r^t − r^f ) ⊙ f′(u^f) ⊗ r_below^f
 *
 * In the target phase a conductance pulls outputs that should be on towards E_E and the others towards E_I; it pulls
 * linear outputs under squared error towards their targets. Under cross-entropy the rates of an output are its
 * probabilities, and f′ is left out, as in the gradient of that loss. If the feedback weights were the transposed forward
 * weights, α^t − α^f would be σ′(v_A) times the error signal of the gradient. They are random, and the forward weights
 * align with them. All hidden areas receive the output directly.
 *
 * With `version: 'spiking'`, cells start each phase at rest and send Poisson spikes for `duration`; potentials are
 * averaged over the end of the phase.
 *
 * Source: Guerguiev, Lillicrap & Richards (2017), eLife 6.
 */
export const segregatedDendrites = defineRule({
  id: 'segregated-dendrites',
  family: 'Dendrites and prediction errors',
  title: 'Segregated dendrites',
  summary:
    'Lets each cell learn from the difference between its plateau potentials without and with a teacher.',
  equation: String.raw`\Delta W = \eta \left( \alpha^{t} - \alpha^{f} \right) \odot f'(u)\, r^\top, \qquad \alpha = \sigma\!\left( \langle v_A \rangle \right), \quad v_A = Y r_{\mathrm{output}}`,
  cites: ['guerguiev2017'],
  options,
  dynamics: dendrites,
  network: {
    refuses: refuse,
    wire: withDirectFeedback,
  },
  learning: {
    phase: (options) => ({ ...ratePhase(options), steps: options.sweeps }),
    evaluation: (step) => run(step, 'evaluation'),
    reference: (network, options) =>
      network.objectives.every(hasDerivative) ? backpropagateBasal(options) : undefined,
  },

  learn(step) {
    const { compute, network, inputs, options } = step;
    const forward = run(step, 'forward');
    step.score(forward);
    const potentials = new Map(
      network.objectives.map((objective) => [objective.area, teachingOf(step, objective)]),
    );
    const target = run(step, 'target', {
      start: forward,
      teach: (area) => {
        const potential = potentials.get(area);
        return potential && { potential, conductance: options.teacher };
      },
    });
    for (const area of network.areas) {
      if (area.isInput) continue;
      const isOutput = potentials.has(area);
      const post = isOutput ? copyOfOutput(step, forward, area) : plateau(step, forward, area);
      if (!post) continue;
      const taught = (isOutput ? copyOfOutput(step, target, area) : plateau(step, target, area)) as Tensor;
      compute.subtract(post, post, taught);
      if (!hasCrossEntropy(network, area)) {
        forward.slope(area, post, { out: post, gain: !isOutput });
      }
      emitIncoming(step, forward, area, post, sharesOf(area, options).basal / inputs.rows);
    }
  },
});

/** Runs a phase of cells that send rates or spikes, depending on the options. */
function run(
  step: LearningStep<Options>,
  name: string,
  given: { readonly start?: DendriticPhase; readonly teach?: (area: Area) => Teaching | undefined } = {},
): DendriticPhase {
  const { version, sweeps } = step.options;
  if (version === 'spiking') {
    const { teach } = given;
    return step.run(spikingDendrites, name, { ...spikingPhase(step.options), teach });
  }
  return step.run(dendrites, name, { ...ratePhase(step.options), steps: sweeps, ...given });
}

const ratePhase = (options: Options) => ({ conductances: options, sendsProbabilities: true });

function spikingPhase(options: Options): SpikingDendritesOptions {
  const { timeStep, duration, averaged, maximalRate, rise, fall } = options;
  return {
    ...ratePhase(options),
    steps: Math.round(duration / timeStep),
    stepSize: timeStep,
    spiking: { maximalRate, rise, fall, averaged: Math.round(averaged / timeStep) },
  };
}

/** Returns an output area's rate, or under cross-entropy its probabilities, (batch, units), as a new temporary. */
function copyOfOutput(
  { compute, network }: LearningStep<Options>,
  phase: DendriticPhase,
  area: Area,
): Tensor {
  const rate = phase.rate(area);
  const copy = compute.temporary(rate.shape);
  if (hasCrossEntropy(network, area)) compute.softmax(copy, rate);
  else compute.copy(copy, rate);
  return copy;
}

/** Returns α = σ(v_A), (batch, units), as a new temporary; undefined for an area without top-down input. */
function plateau({ compute }: LearningStep<Options>, phase: DendriticPhase, area: Area): Tensor | undefined {
  if (area.incoming.every(({ kind }) => kind === 'forward')) return undefined;
  const apical = phase.compartment(area, 'apical');
  const alpha = compute.temporary(apical.shape);
  compute.activate(alpha, apical, undefined, 'logistic');
  return alpha;
}

/** Returns E, (batch, units): the potential towards which the teacher pulls an output area. */
function teachingOf({ compute, target, options }: LearningStep<Options>, objective: Objective): Tensor {
  const values = target(objective);
  const potential = compute.temporary(values.shape);
  if (objective.loss.name === 'squared-error' && !isProbability(objective.area.activation)) {
    compute.copy(potential, values);
    return potential;
  }
  compute.fill(potential, 1);
  compute.combine(potential, potential, values, options.inhibition, options.excitation - options.inhibition);
  return potential;
}

function refuse(specification: NetworkSpecification, { version }: Options): string | undefined {
  const { areas, projections, objectives, input } = specification;
  const lateral = projections.find(({ kind }) => kind === 'lateral');
  if (lateral) {
    return `"${projectionId(lateral)}" is lateral, but this rule uses only forward and feedback projections: leave it out. Rules that do: equilibrium-propagation, boltzmann`;
  }
  const unsupported = objectives.find(({ kind }) => kind !== 'cross-entropy' && kind !== 'squared-error');
  if (unsupported) {
    return `the objective "${lossOf(unsupported).name}" of area "${unsupported.area}" has no target towards which a teacher could pull the output. Rules that do: node-perturbation, reinforce`;
  }
  if (version === 'rate') return undefined;
  for (const { id, activation = 'linear' } of areas) {
    const isClasses = objectives.some(({ area, kind }) => area === id && kind === 'cross-entropy');
    if (id === input || isClasses || isProbability(activation)) continue;
    return `"${id}" is ${nameOfActivation(activation)}, but spikes need rates from 0 to 1: make it logistic or hard-sigmoid, or set ruleOptions.version=rate. Rules that do: feedback-alignment, predictive-coding`;
  }
  return undefined;
}
