import { z } from 'zod';
import { dendrites, dropoutGain, emitIncoming, sharesOf, spikingDendrites } from '../../dynamics/index.ts';
import type {
  DendriticPhase,
  LearningStep,
  SpikingDendritesOptions,
  Teaching,
} from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import { hasDerivative } from '../../network/objective.ts';
import type { Objective } from '../../network/objective.ts';
import { projectionId } from '../../network/specification.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { backpropagateBasal } from '../../dynamics/dendrites/basal-backpropagation.ts';
import type { Activation } from '../../tensor/kernels.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { conductance, openConductance } from './conductances.ts';
import { connectObjectives, feedbackOptions } from '../shared/feedback.ts';
import { isClassified } from '../shared/reconstruction.ts';
import { defineRule } from '../../learning/rule.ts';

/** Units that stay from 0 to 1, so that a teacher may drive them to either end, and their rates may be probabilities. */
const BOUNDED: ReadonlySet<Activation> = new Set<Activation>(['logistic', 'hard-sigmoid']);

const options = z
  .strictObject({
    version: z
      .enum(['rate', 'spiking'])
      .default('rate')
      .describe('whether cells send their rates, or Poisson spikes of those rates, evaluations included'),
    leak: openConductance().default(0.1).describe('g_L: leak of every soma'),
    basal: openConductance().default(0.6).describe('g_B: from basal dendrite to soma, and g_D of the output'),
    apical: conductance()
      .default(0.05)
      .describe('g_A: from apical dendrite to soma; 0: only plateau potentials get through'),
    teacher: openConductance()
      .default(1)
      .describe('conductance of the synapses that teach the output in the target phase'),
    excitation: z
      .number()
      .min(-1e3)
      .max(1e3)
      .default(8)
      .describe('E_E: potential towards which the teacher draws outputs that should be on'),
    inhibition: z
      .number()
      .min(-1e3)
      .max(1e3)
      .default(-8)
      .describe('E_I: the same of those that should be off'),
    ...feedbackOptions,
    sweeps: z
      .int()
      .min(1)
      .max(1e4)
      .default(2)
      .describe('rate: sweeps in which cells come to rest in each phase; 1 is a pass up and a pass down'),
    duration: z.number().positive().max(1e6).default(50).describe('spiking: length of a phase, in ms'),
    averaged: z
      .number()
      .positive()
      .max(1e6)
      .default(20)
      .describe('spiking: end of a phase over which potentials are averaged, in ms'),
    timeStep: z.number().positive().max(1e3).default(1).describe('spiking: step of time, in ms'),
    maximalRate: z
      .number()
      .positive()
      .max(1e3)
      .default(0.2)
      .describe('spiking: λ_max, spikes a ms of a cell whose rate is 1'),
    rise: z
      .number()
      .positive()
      .max(1e6)
      .default(3)
      .describe('spiking: τ_s, rise of a postsynaptic potential, in ms'),
    fall: z.number().positive().max(1e6).default(10).describe('spiking: τ_L, its fall, in ms'),
  })
  .refine(({ excitation, inhibition }) => excitation > inhibition, {
    path: ['excitation'],
    error: ({ input }) => {
      const its = input as { excitation: number; inhibition: number };
      return `${its.excitation} does not lie above inhibition, ${its.inhibition}, so that on and off would be the same or exchanged`;
    },
  })
  .refine((its) => its.version === 'rate' || its.timeStep <= its.rise, {
    path: ['timeStep'],
    error: ({ input }) => {
      const its = input as { timeStep: number; rise: number };
      return `${its.timeStep} ms is too long for potentials that rise with a time constant of ${its.rise} ms: give at most that`;
    },
  })
  .refine((its) => its.version === 'rate' || its.timeStep * its.maximalRate <= 1, {
    path: ['maximalRate'],
    error: ({ input }) => {
      const its = input as { maximalRate: number; timeStep: number };
      return `${its.maximalRate} spikes a ms are more than one in a step of ${its.timeStep} ms: give at most ${1 / its.timeStep}, or shorter steps`;
    },
  })
  .refine((its) => its.version === 'rate' || its.rise < its.fall, {
    path: ['rise'],
    error: ({ input }) => {
      const its = input as { rise: number; fall: number };
      return `a postsynaptic potential must rise faster than it falls, and ${its.rise} ms is not below ${its.fall} ms`;
    },
  })
  .refine((its) => its.version === 'rate' || (its.timeStep <= its.averaged && its.averaged <= its.duration), {
    path: ['averaged'],
    error: ({ input }) => {
      const its = input as { averaged: number; duration: number; timeStep: number };
      return `${its.averaged} ms must be at least a step of time, ${its.timeStep} ms, and at most a phase, ${its.duration} ms`;
    },
  });

type Options = z.infer<typeof options>;

/**
 * Segregated dendrites: what the output says reaches the apical dendrite of every hidden cell by fixed random weights, and
 * hardly its soma. Each of two phases ends in a plateau potential there, and the difference of the two is what a cell
 * should have done differently.
 *
 *   forward phase: α^f = σ( ⟨v_A⟩ ),   target phase, in which the output is taught: α^t = σ( ⟨v_A⟩ )
 *   hidden:  r̂ = r^f + α^t − α^f,      ΔW = η g_B/g ( α^t − α^f ) ⊙ f′(u^f) ⊗ r_below^f
 *   output:                            ΔW = η g_D/g ( r^t − r^f ) ⊙ f′(u^f) ⊗ r_below^f
 *
 * In the target phase a conductance draws outputs that should be on towards E_E, the others towards E_I (a linear output
 * under squared error: towards its target). Under cross-entropy an output's rates are its probabilities, and f′ is left out, as in that
 * loss's gradient. Where feedback weights are the transposed forward ones, α^t − α^f is σ′(v_A) times the gradient's own
 * signal; they are random, and forward weights come to align with them. All hidden areas hear the output directly.
 *
 * `spiking` sends Poisson spikes for `duration` in each phase, and averages over the end of it; a phase begins at rest.
 *
 * Source: Guerguiev, Lillicrap & Richards (2017), eLife 6.
 */
export const segregatedDendrites = defineRule({
  id: 'segregated-dendrites',
  family: 'Dendrites and prediction errors',
  title: 'Segregated dendrites',
  summary: 'Each cell learns by the difference of its plateau potentials without and with a teacher.',
  equation: String.raw`\Delta W = \eta \left( \alpha^{t} - \alpha^{f} \right) \odot f'(u)\, r^\top, \qquad \alpha = \sigma\!\left( \langle v_A \rangle \right), \quad v_A = Y r_{\mathrm{output}}`,
  cites: ['guerguiev2017'],
  options,
  dynamics: dendrites,
  network: {
    refuses: refuse,
    wire: connectObjectives,
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
      if (area === network.input) continue;
      const isOutput = potentials.has(area);
      const post = isOutput ? said(step, forward, area) : plateau(step, forward, area);
      if (!post) continue;
      const wanted = (isOutput ? said(step, target, area) : plateau(step, target, area)) as Tensor;
      compute.subtract(post, post, wanted);
      if (!isClassified(network, area)) {
        const gain = isOutput ? undefined : dropoutGain(step, area);
        compute.multiplyBySlope(post, post, forward.rate(area), gain, area.activation);
      }
      emitIncoming(step, forward, area, post, sharesOf(area, options).basal / inputs.rows);
    }
  },
});

/** Runs a phase of cells that send rates or spikes, as the options say. */
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

/** What an output says, (batch, units), a temporary: its rate, and under cross-entropy its probabilities. */
function said({ compute, network }: LearningStep<Options>, phase: DendriticPhase, area: Area): Tensor {
  const rate = phase.rate(area);
  const copy = compute.temporary(rate.shape);
  if (isClassified(network, area)) compute.softmax(copy, rate);
  else compute.copy(copy, rate);
  return copy;
}

/** α = σ(v_A), (batch, units), a temporary; undefined of an area to which nothing comes down. */
function plateau({ compute }: LearningStep<Options>, phase: DendriticPhase, area: Area): Tensor | undefined {
  if (area.incoming.every(({ kind }) => kind === 'forward')) return undefined;
  const apical = phase.compartment(area, 'apical');
  const alpha = compute.temporary(apical.shape);
  compute.activate(alpha, apical, undefined, 'logistic');
  return alpha;
}

/** E, (batch, units): where the teacher draws an output. */
function teachingOf({ compute, target, options: its }: LearningStep<Options>, objective: Objective): Tensor {
  const values = target(objective);
  const potential = compute.temporary(values.shape);
  if (objective.kind === 'squared-error' && !BOUNDED.has(objective.area.activation)) {
    compute.copy(potential, values);
    return potential;
  }
  compute.fill(potential, 1);
  compute.combine(potential, potential, values, its.inhibition, its.excitation - its.inhibition);
  return potential;
}

function refuse(specification: NetworkSpecification, { version }: Options): string | undefined {
  const { areas, projections, objectives, input } = specification;
  const lateral = projections.find(({ kind }) => kind === 'lateral');
  if (lateral) {
    return `"${projectionId(lateral)}" is lateral, and activity here only goes up and comes down: leave it out. Rules that do: equilibrium-propagation, boltzmann`;
  }
  const odd = objectives.find(({ kind }) => kind !== 'cross-entropy' && kind !== 'squared-error');
  if (odd) {
    return `the objective "${odd.kind}" of area "${odd.area}" names no target that a teacher could draw the output to. Rules that do: node-perturbation, reinforce`;
  }
  if (version === 'rate') return undefined;
  for (const { id, activation = 'linear' } of areas) {
    const isClasses = objectives.some(({ area, kind }) => area === id && kind === 'cross-entropy');
    if (id === input || isClasses || BOUNDED.has(activation)) continue;
    return `"${id}" is ${activation}, and spikes need rates from 0 to 1: make it logistic or hard-sigmoid, or take ruleOptions.version=rate. Rules that do: feedback-alignment, predictive-coding`;
  }
  return undefined;
}
