import { z } from 'zod';
import { dendrites, dendritesInTime, dropoutGain, emitIncoming, sharesOf } from '../../dynamics/index.ts';
import type {
  Conductances,
  DendriticCompartment,
  DendriticPhase,
  LearningStep,
  Moment,
} from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import { hasDerivative } from '../../network/objective.ts';
import { backpropagateBasal } from '../../dynamics/dendrites/basal-backpropagation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { conductance, openConductance } from './conductances.ts';
import { feedbackOptions } from '../shared/feedback.ts';
import type { Microcircuit } from './interneurons.ts';
import {
  interneuronOptimisers,
  microcircuitOf,
  refuseMicrocircuit,
  withInterneurons,
} from './interneurons.ts';
import { defineRule } from '../../learning/rule.ts';

const longestStep = ({
  leak,
  basal,
  apical,
  interneuron,
  teaching,
  nudge,
}: Record<'leak' | 'basal' | 'apical' | 'interneuron' | 'teaching' | 'nudge', number>): number =>
  1 / (leak + Math.max(basal + apical, basal + nudge, interneuron + teaching));

const options = z
  .strictObject({
    form: z
      .enum(['steady-state', 'continuous'])
      .default('steady-state')
      .describe(
        'whether cells rest before synapses change, or potentials and synapses change in time, with no phases',
      ),
    nudge: openConductance()
      .default(1)
      .describe('β: how strongly the target pulls the somata of the output, as a conductance'),
    leak: conductance().default(0.1).describe('g_lk: leak of every soma'),
    basal: openConductance().default(1).describe('g_B: from basal dendrite to soma'),
    apical: openConductance().default(0.8).describe('g_A: from apical dendrite to soma'),
    interneuron: openConductance()
      .default(1)
      .describe('g_D: from the dendrite of an interneuron to its soma'),
    teaching: openConductance()
      .default(0.5)
      .describe('g_SI: from a pyramidal cell above to the interneuron that answers it'),
    topDown: z
      .enum(['random', 'transposed'])
      .default('random')
      .describe(
        'whether fixed top-down weights are random, or the transposes of the forward ones at the start',
      ),
    feedback: feedbackOptions.feedback,
    scale: feedbackOptions.scale,
    density: feedbackOptions.density,
    interneurons: z
      .enum(['self-predicting', 'random'])
      .default('self-predicting')
      .describe('whether interneurons cancel at the start what comes down, or have to learn to'),
    predicting: z
      .enum(['learned', 'in-step'])
      .default('learned')
      .describe(
        'whether interneurons learn from what they hear of the cells above, or change in step with these, as if they learned anew without a target after every update',
      ),
    interneuronRate: z
      .number()
      .min(0)
      .max(1e3)
      .default(1)
      .describe(
        'learning rate onto interneurons that learn, as a multiple of that by which they keep pace with the cells above',
      ),
    cancellingRate: z
      .number()
      .min(0)
      .max(1e3)
      .default(0.01)
      .describe(
        'learning rate from interneurons that learn to apical dendrites, as a multiple of the forward one',
      ),
    sweeps: z
      .int()
      .min(1)
      .max(1e4)
      .default(1)
      .describe('steady state: sweeps in which cells come to rest; 1 is a pass up and a pass down'),
    duration: z
      .number()
      .positive()
      .max(1e6)
      .default(40)
      .describe('continuous: how long an example is shown, in units of time (capacitance / conductance)'),
    timeStep: z.number().positive().max(1e3).default(0.4).describe('continuous: step of time'),
    inputTime: z
      .number()
      .min(0)
      .max(1e6)
      .default(3)
      .describe('continuous: time constant with which the input follows the example'),
    every: z
      .int()
      .min(1)
      .max(1e6)
      .default(5)
      .describe('continuous: steps of time from one change of the synapses to the next'),
  })
  .refine(({ form, nudge, leak, basal }) => form === 'continuous' || nudge < leak + basal, {
    path: ['nudge'],
    error: ({ input }) => {
      const { nudge, leak, basal } = input as { nudge: number; leak: number; basal: number };
      return `a steady state is found only where the target pulls less than leak + basal = ${leak + basal}, and this is ${nudge}: give less, or form=continuous`;
    },
  })
  .refine((its) => its.predicting === 'learned' || its.interneurons === 'self-predicting', {
    path: ['predicting'],
    error:
      'in-step keeps interneurons as they are to the cells above, which at random foresees nothing: leave interneurons=self-predicting, or predicting=learned',
  })
  .refine((its) => its.form === 'steady-state' || its.timeStep < longestStep(its), {
    path: ['timeStep'],
    error: ({ input }) => {
      const its = input as Parameters<typeof longestStep>[0] & { timeStep: number };
      return `${its.timeStep} is too long for these conductances, whose shortest time constant is ${longestStep(its).toPrecision(3)}: stay below that`;
    },
  })
  .refine((its) => its.form === 'steady-state' || its.inputTime === 0 || its.timeStep <= its.inputTime, {
    path: ['inputTime'],
    error: ({ input }) => {
      const { inputTime, timeStep } = input as { inputTime: number; timeStep: number };
      return `${inputTime} is shorter than a step of time, ${timeStep}: give at least that, or 0 for no delay`;
    },
  })
  .refine((its) => its.form === 'steady-state' || its.timeStep <= its.duration, {
    path: ['duration'],
    error: ({ input }) => {
      const { duration, timeStep } = input as { duration: number; timeStep: number };
      return `${duration} is shorter than a step of time, ${timeStep}: give at least that`;
    },
  });

type Options = z.infer<typeof options>;

/**
 * Dendritic microcircuits: no errors are sent, and there are no phases. Interneurons learn to cancel what comes down to
 * apical dendrites; what they do not foresee, because a target pulls at the output, stays there as an error, shifts the
 * soma against its basal dendrite, and basal synapses learn to predict the soma.
 *
 *   ΔW^PP_up = η ( φ(u_k) − φ(v̂_k) ) r_{k−1}ᵀ,     v̂_k = g_B/g · v_B
 *   ΔW^IP    = η ( φ(u_I) − φ(v̂_I) ) r_kᵀ,         v̂_I = g_D/(g_lk + g_D) · v_I
 *   ΔW^PI    = −η v_A r_Iᵀ
 *
 * Top-down weights W^PP_down stay as they are. Where the circuit predicts itself and W_down = W_upᵀ, to first order in β
 * (with λ = g_SI/(g_lk + g_D + g_SI))
 *
 *   u_L − v̂_L = −s_L ∂C/∂r_L,  s_L = β/(g_lk + g_B);     v_A = (1 − λ) ( φ′ ⊙ (u_{k+1} − v̂_{k+1}) ) W_down
 *   u_k − v̂_k = g_A/g · v_A = −s_k ∂C/∂r_k,  s_k = s_{k+1} · g_A/g_k · (1 − λ) / (g_B/g_{k+1})
 *
 * so φ(u_k) − φ(v̂_k) is −s_k times backpropagation's φ′ ∂C/∂r. Each area's rate is divided by its s_k / (g_B/g), as the
 * paper gives each area a rate of its own; then the update tends to the gradient as β → 0. The rate onto interneurons is
 * that by which they keep pace with the cells that they answer. There is a price: of one example, a step may not change
 * what they foresee by more than twice what it lacks, η (g_B/g_{k+1})² ‖r_k‖² < 2 s_{k+1}, whatever the curvature of the cost.
 * `predicting: 'in-step'` is without it: W^IP changes by (g_B/g) (g_lk + g_D)/g_D of what W^PP_up does, W^PI not at all,
 * and the circuit goes on foreseeing exactly what is there without a target, as if after every update interneurons
 * learned anew without one.
 *
 * Measured: the mean square of v_A in each area of held-out examples, where no target pulls.
 *
 * - `steady-state` takes synapses where cells rest, found in sweeps. With one sweep nothing that came down goes up again:
 *   then β may be large, and the output's own u − v̂ is in proportion to it.
 * - `continuous` lets potentials change in time, from rest, with an input that rises as a low-pass filter lets it;
 *   synapses change all along, with the target on all along. An evaluation takes the steady state.
 *
 * Source: Sacramento, Ponte Costa, Bengio & Senn (2018), NeurIPS 31; the somato-dendritic rule: Urbanczik & Senn (2014),
 * Neuron 81.
 */
export const dendriticMicrocircuit = defineRule({
  id: 'dendritic-microcircuit',
  family: 'Dendrites and prediction errors',
  title: 'Dendritic microcircuit',
  summary: 'Interneurons cancel what comes down; what they do not foresee teaches the basal dendrite.',
  equation: String.raw`\Delta W_k = \eta \left( \varphi(u_k) - \varphi(\hat v_k) \right) r_{k-1}^\top, \qquad \Delta W^{PI} = -\eta\, v_A\, r_I^\top, \qquad v_A = W^{PP} r_{k+1} + W^{PI} r_I`,
  cites: ['sacramento2018', 'urbanczik2014'],
  options,
  dynamics: dendrites,
  network: {
    refuses: refuseMicrocircuit,
    wire: (specification, its) => withInterneurons(specification, its, its),
  },
  learning: {
    phase: (its) => ({ steps: its.sweeps, conductances: its }),
    optimisers: (network, optimiserOf, its) => interneuronOptimisers(network, optimiserOf, its, its),
    reference: (network, its) =>
      network.objectives.every(hasDerivative) ? backpropagateBasal(its) : undefined,
  },
  report: {
    measures: (network) => apicalAreas(network).map(measureOf),
    evaluate(step, phase) {
      for (const area of apicalAreas(step.network)) {
        const apical = phase.compartment(area, 'apical');
        const square = step.compute.temporary([apical.rows]);
        step.compute.dotRows(square, apical, apical);
        step.compute.scale(square, square, 1 / apical.columns);
        step.measure(measureOf(area), square);
      }
    },
  },

  learn(step) {
    const { form, nudge, duration, timeStep, inputTime, every } = step.options;
    if (form === 'steady-state') {
      const phase = step.run('learning', { nudge });
      step.score(phase);
      emitMicrocircuits(step, phase, 1);
      return;
    }
    const steps = Math.round(duration / timeStep);
    const phase = step.run(dendritesInTime, 'learning', {
      ...{ conductances: step.options, nudge, steps, stepSize: timeStep, inputTime },
      each: (moment) => {
        if (moment.step % every !== 0) return;
        const learnNow = () => {
          // In a probe terms add up, and need what they were made of until its end.
          emitMicrocircuits(step, step.training ? moment : held(step, moment), every / steps);
          step.apply();
        };
        if (step.training) step.compute.scope(learnNow);
        else learnNow();
      },
    });
    step.score(phase);
  },
});

const apicalAreas = ({ areas }: Network): readonly Area[] => areas.filter(microcircuitOf);
/** Mean square of v_A, without a target: how far the interneurons are from cancelling what comes down. */
const measureOf = ({ id }: Area) => `apical potential of ${id}`;

/** Activity with its dendrites, at rest or on its way. */
type Cells = Pick<DendriticPhase | Moment<DendriticCompartment>, 'activity' | 'rate' | 'compartment'>;

/** The terms of all synapses, `share` of those of a whole example. */
function emitMicrocircuits(step: LearningStep<Options>, cells: Cells, share: number): void {
  const { network, inputs, options: its, compute } = step;
  const scales = errorScales(network, its, its.nudge);
  const factor = share / inputs.rows;
  /** −∂C/∂(W r), (batch, units), to first order in β, by area: what the basal synapses onto it learn from. */
  const errors = new Map<Area, Tensor>();
  const errorOf = (area: Area): { post: Tensor; factor: number } => {
    let post = errors.get(area);
    if (!post) {
      errors.set(area, (post = mismatch(step, cells, area)));
      const gain = dropoutGain(step, area);
      if (gain) compute.multiply(post, post, gain);
    }
    return { post, factor: (-factor * sharesOf(area, its).basal) / (scales.get(area) as number) };
  };
  for (const area of network.areas) {
    if (!scales.has(area)) continue;
    const { post, factor: basal } = errorOf(area);
    emitIncoming(step, cells, area, post, basal);

    const circuit = microcircuitOf(area);
    if (!circuit) continue;
    const { interneurons, predicting, cancelling, above } = circuit;
    if (its.predicting === 'in-step' || its.interneuronRate > 0) {
      const term = {
        kind: 'outer',
        ...(its.predicting === 'in-step'
          ? errorOf(above)
          : heardError(step, cells, circuit, errorOf(above).factor)),
      } as const;
      step.emit(predicting, { ...term, pre: cells.activity(area) });
      if (interneurons.bias) step.emit(interneurons.bias, term);
    }
    if (its.predicting === 'learned' && its.cancellingRate > 0) {
      const apical = cells.compartment(area, 'apical');
      step.emit(cancelling, { kind: 'outer', pre: cells.activity(interneurons), post: apical, factor });
    }
  }
}

/** What interneurons make of the error of the cells above, of which they hear λ; `factor` is that of those cells. */
function heardError(
  step: LearningStep<Options>,
  cells: Cells,
  { interneurons, above }: Microcircuit,
  factor: number,
): { post: Tensor; factor: number } {
  const post = mismatch(step, cells, interneurons);
  const gain = dropoutGain(step, above);
  if (gain) step.compute.multiply(post, post, gain);
  return { post, factor: factor / heardBy(step.options) };
}

/** φ(u) − φ(v̂), (batch, units): how far the soma is from what its basal dendrite predicts. */
function mismatch({ compute }: LearningStep<Options>, cells: Cells, area: Area): Tensor {
  const error = compute.temporary(cells.rate(area).shape);
  compute.activate(error, cells.compartment(area, 'prediction'), undefined, area.activation);
  compute.subtract(error, cells.rate(area), error);
  return error;
}

/** λ: what an interneuron's soma takes on of the cell above that it answers. */
const heardBy = ({ leak, interneuron = 0, teaching = 0 }: Conductances): number =>
  teaching / (leak + interneuron + teaching);

/** s_k by area, from the output down: u_k − v̂_k is −s_k ∂C/∂r_k to first order in β. */
export function errorScales(
  network: Network,
  conductances: Conductances,
  nudge: number,
): ReadonlyMap<Area, number> {
  const scales = new Map<Area, number>();
  for (const area of [...network.areas].reverse()) {
    if (area === network.input || area.incoming.every(({ kind }) => kind === 'lateral')) continue;
    const above = microcircuitOf(area)?.above;
    const shares = sharesOf(area, conductances);
    const aboveShare = above && sharesOf(above, conductances).basal;
    const own =
      above === undefined || aboveShare === undefined
        ? nudge / shares.total
        : ((scales.get(above) as number) * shares.apical * (1 - heardBy(conductances))) / aboveShare;
    scales.set(area, own);
  }
  return scales;
}

/** The same cells as they are now: copies, each made once. */
function held({ compute }: LearningStep<Options>, cells: Cells): Cells {
  const copies = new Map<number, Tensor>();
  const copyOf = (tensor: Tensor): Tensor => {
    let copy = copies.get(tensor.offset);
    if (!copy) {
      copies.set(tensor.offset, (copy = compute.temporary(tensor.shape)));
      compute.copy(copy, tensor);
    }
    return copy;
  };
  return {
    activity: (area) => copyOf(cells.activity(area)),
    rate: (area) => copyOf(cells.rate(area)),
    compartment: (area, name) => copyOf(cells.compartment(area, name)),
  };
}
