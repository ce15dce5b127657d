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
import { hasDerivative } from '../../network/objectives/derivative.ts';
import { backpropagateBasal } from '../../dynamics/dendrites/basal-backpropagation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { conductance, positiveConductance } from './conductances.ts';
import { feedbackOptions } from '../shared/feedback.ts';
import type { Microcircuit } from './interneurons.ts';
import {
  interneuronOptimisers,
  microcircuitOf,
  refuseMicrocircuit,
  withInterneurons,
} from './interneurons.ts';
import { defineRule } from '../../learning/rule.ts';

/** Returns the shortest time constant of all somata, the upper bound of a stable time step. */
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
        'whether synapses change once cells are at rest, or continuously with the potentials, without phases',
      ),
    nudge: positiveConductance()
      .default(1)
      .describe('conductance β with which the target pulls the somata of the output area'),
    leak: conductance().default(0.1).describe('leak g_lk of every soma'),
    basal: positiveConductance().default(1).describe('conductance g_B from basal dendrite to soma'),
    apical: positiveConductance().default(0.8).describe('conductance g_A from apical dendrite to soma'),
    interneuron: positiveConductance()
      .default(1)
      .describe('conductance g_D from the dendrite of an interneuron to its soma'),
    teaching: positiveConductance()
      .default(0.5)
      .describe('conductance g_SI from a pyramidal cell above to the interneuron that answers it'),
    topDown: z
      .enum(['random', 'transposed'])
      .default('random')
      .describe('fixed top-down weights: random, or the transposed forward weights of the start'),
    feedback: feedbackOptions.feedback,
    scale: feedbackOptions.scale,
    density: feedbackOptions.density,
    interneurons: z
      .enum(['self-predicting', 'random'])
      .default('self-predicting')
      .describe('interneurons at the start: cancelling all top-down input, or random'),
    predicting: z
      .enum(['learned', 'in-step'])
      .default('learned')
      .describe(
        'whether interneurons learn from the cells above, or change in step with them, as if they learned anew without a target after every update',
      ),
    interneuronRate: z
      .number()
      .min(0)
      .max(1e3)
      .default(1)
      .describe(
        'learning rate from pyramidal cells to interneurons that learn, as a multiple of the rate that keeps pace with the cells above',
      ),
    cancellingRate: z
      .number()
      .min(0)
      .max(1e3)
      .default(0.01)
      .describe(
        'learning rate from interneurons that learn to apical dendrites, as a multiple of the forward rate',
      ),
    sweeps: z
      .int()
      .min(1)
      .max(1e4)
      .default(1)
      .describe('steady-state form: sweeps until cells rest; 1 is a forward and a feedback pass'),
    duration: z
      .number()
      .positive()
      .max(1e6)
      .default(40)
      .describe('continuous form: presentation time of an example, in units of capacitance / conductance'),
    timeStep: z.number().positive().max(1e3).default(0.4).describe('continuous form: time step'),
    inputTime: z
      .number()
      .min(0)
      .max(1e6)
      .default(3)
      .describe('continuous form: time constant with which the input approaches the example'),
    every: z
      .int()
      .min(1)
      .max(1e6)
      .default(5)
      .describe('continuous form: number of time steps from one change of the synapses to the next'),
  })
  .refine(({ form, nudge, leak, basal }) => form === 'continuous' || nudge < leak + basal, {
    path: ['nudge'],
    error: ({ input }) => {
      const { nudge, leak, basal } = input as { nudge: number; leak: number; basal: number };
      return `a steady state needs nudge below leak + basal = ${leak + basal}, but nudge is ${nudge}: give less, or set form=continuous`;
    },
  })
  .refine(({ predicting, interneurons }) => predicting === 'learned' || interneurons === 'self-predicting', {
    path: ['predicting'],
    error:
      'interneurons that change in step must start in the self-predicting state: set interneurons=self-predicting, or predicting=learned',
  })
  .refine((values) => values.form === 'steady-state' || values.timeStep < longestStep(values), {
    path: ['timeStep'],
    error: ({ input }) => {
      const values = input as Parameters<typeof longestStep>[0] & { timeStep: number };
      return `${values.timeStep} is too long: give less than the shortest time constant of these conductances, ${longestStep(values).toPrecision(3)}`;
    },
  })
  .refine(
    ({ form, inputTime, timeStep }) => form === 'steady-state' || inputTime === 0 || timeStep <= inputTime,
    {
      path: ['inputTime'],
      error: ({ input }) => {
        const { inputTime, timeStep } = input as { inputTime: number; timeStep: number };
        return `${inputTime} is shorter than timeStep (${timeStep}): give at least ${timeStep}, or 0 for no delay`;
      },
    },
  )
  .refine(({ form, duration, timeStep }) => form === 'steady-state' || timeStep <= duration, {
    path: ['duration'],
    error: ({ input }) => {
      const { duration, timeStep } = input as { duration: number; timeStep: number };
      return `${duration} is shorter than timeStep (${timeStep}): give at least ${timeStep}`;
    },
  });

type Options = z.infer<typeof options>;

/**
 * Dendritic microcircuits: no errors are sent, and there are no phases. Interneurons learn to cancel the top-down input of
 * apical dendrites. When a target pulls at the output, the input that they do not predict remains as an error. It shifts
 * the soma away from the prediction of the basal dendrite, and basal synapses learn to predict the soma.
 *
 *   ΔW^PP_up = η ( φ(u_k) − φ(v̂_k) ) r_{k−1}ᵀ,     v̂_k = g_B/g · v_B
 *   ΔW^IP    = η ( φ(u_I) − φ(v̂_I) ) r_kᵀ,         v̂_I = g_D/(g_lk + g_D) · v_I
 *   ΔW^PI    = −η v_A r_Iᵀ
 *
 * Top-down weights W^PP_down are fixed. If the circuit predicts itself and W_down = W_upᵀ, then to first order in β, with
 * λ = g_SI/(g_lk + g_D + g_SI),
 *
 *   u_L − v̂_L = −s_L ∂C/∂r_L,  s_L = β/(g_lk + g_B);     v_A = (1 − λ) ( φ′ ⊙ (u_{k+1} − v̂_{k+1}) ) W_down
 *   u_k − v̂_k = g_A/g · v_A = −s_k ∂C/∂r_k,  s_k = s_{k+1} · g_A/g_k · (1 − λ) / (g_B/g_{k+1})
 *
 * so φ(u_k) − φ(v̂_k) is −s_k times the φ′ ∂C/∂r of backpropagation. The learning rate of each area is divided by
 * s_k / (g_B/g), just as the paper gives each area a rate of its own; the update then tends to the gradient as β → 0. The
 * learning rate of W^IP lets interneurons keep pace with the cells that they predict.
 *
 * Learned interneurons bound the learning rate: a step must not change the prediction for an example by more than twice
 * the prediction error, η (g_B/g_{k+1})² ‖r_k‖² < 2 s_{k+1}, whatever the curvature of the cost. `predicting: 'in-step'`
 * removes this bound. W^IP then changes by (g_B/g) (g_lk + g_D)/g_D times the change of W^PP_up, and W^PI is fixed. The
 * circuit keeps predicting exactly the activity without a target, as if interneurons were retrained without a target
 * after every update.
 *
 * The rule reports the mean square of v_A in each area on held-out examples, where no target pulls.
 *
 * - `steady-state` changes synapses once cells are at rest, which sweeps compute. With one sweep, the effect of top-down
 *   input does not travel up again; β may then be large, and u − v̂ of the output is proportional to β.
 * - `continuous` lets potentials change in time from rest, with a low-pass filtered input. Synapses change, and the target
 *   pulls, all the time. Evaluations use the steady state.
 *
 * Source: Sacramento, Ponte Costa, Bengio & Senn (2018), NeurIPS 31; Urbanczik & Senn (2014), Neuron 81, for the
 * somato-dendritic rule.
 */
export const dendriticMicrocircuit = defineRule({
  id: 'dendritic-microcircuit',
  family: 'Dendrites and prediction errors',
  title: 'Dendritic microcircuit',
  summary:
    'Lets interneurons cancel top-down input; the input that they do not predict teaches basal synapses.',
  equation: String.raw`\Delta W_k = \eta \left( \varphi(u_k) - \varphi(\hat v_k) \right) r_{k-1}^\top, \qquad \Delta W^{PI} = -\eta\, v_A\, r_I^\top, \qquad v_A = W^{PP} r_{k+1} + W^{PI} r_I`,
  cites: ['sacramento2018', 'urbanczik2014'],
  options,
  dynamics: dendrites,
  network: {
    refuses: refuseMicrocircuit,
    wire: (specification, values) => withInterneurons(specification, values, values),
  },
  learning: {
    phase: (values) => ({ steps: values.sweeps, conductances: values }),
    optimisers: (network, optimiserOf, values) => interneuronOptimisers(network, optimiserOf, values, values),
    reference: (network, values) =>
      network.objectives.every(hasDerivative) ? backpropagateBasal(values) : undefined,
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
          // In a probe, terms add up and read their tensors at the end, so they need copies.
          emitMicrocircuits(step, step.training ? moment : copyOf(step, moment), every / steps);
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

/** Names the mean square of v_A without a target: the top-down input that the interneurons fail to cancel. */
const measureOf = ({ id }: Area) => `apical potential of ${id}`;

/** Activity and dendritic potentials, at rest or still changing. */
type Cells = Pick<DendriticPhase | Moment<DendriticCompartment>, 'activity' | 'rate' | 'compartment'>;

/** Emits the terms of all synapses, scaled by `share`. */
function emitMicrocircuits(step: LearningStep<Options>, cells: Cells, share: number): void {
  const { network, inputs, options, compute } = step;
  const scales = errorScales(network, options, options.nudge);
  const factor = share / inputs.rows;
  /** Error that the basal synapses of an area reduce, (batch, units): to first order in β proportional to −∂C/∂(W r). */
  const errors = new Map<Area, Tensor>();
  const errorOf = (area: Area): { post: Tensor; factor: number } => {
    let post = errors.get(area);
    if (!post) {
      errors.set(area, (post = mismatch(step, cells, area)));
      const gain = dropoutGain(step, area);
      if (gain) compute.multiply(post, post, gain);
    }
    return { post, factor: (-factor * sharesOf(area, options).basal) / (scales.get(area) as number) };
  };
  for (const area of network.areas) {
    if (!scales.has(area)) continue;
    const { post, factor: basal } = errorOf(area);
    emitIncoming(step, cells, area, post, basal);

    const circuit = microcircuitOf(area);
    if (!circuit) continue;
    const { interneurons, predicting, cancelling, above } = circuit;
    if (options.predicting === 'in-step' || options.interneuronRate > 0) {
      const term = {
        kind: 'outer',
        ...(options.predicting === 'in-step'
          ? errorOf(above)
          : interneuronError(step, cells, circuit, errorOf(above).factor)),
      } as const;
      step.emit(predicting, { ...term, pre: cells.activity(area) });
      if (interneurons.bias) step.emit(interneurons.bias, term);
    }
    if (options.predicting === 'learned' && options.cancellingRate > 0) {
      const apical = cells.compartment(area, 'apical');
      step.emit(cancelling, { kind: 'outer', pre: cells.activity(interneurons), post: apical, factor });
    }
  }
}

/**
 * Returns the prediction error of interneurons, (batch, units), and the factor of their terms. They receive the share λ of
 * the error of the cells above, whose terms have the factor `factor`.
 */
function interneuronError(
  step: LearningStep<Options>,
  cells: Cells,
  { interneurons, above }: Microcircuit,
  factor: number,
): { post: Tensor; factor: number } {
  const post = mismatch(step, cells, interneurons);
  const gain = dropoutGain(step, above);
  if (gain) step.compute.multiply(post, post, gain);
  return { post, factor: factor / teachingShare(step.options) };
}

/** Returns φ(u) − φ(v̂), (batch, units), as a new temporary: the error of the basal dendrite's prediction of the soma. */
function mismatch({ compute }: LearningStep<Options>, cells: Cells, area: Area): Tensor {
  const error = compute.temporary(cells.rate(area).shape);
  compute.activate(error, cells.compartment(area, 'prediction'), undefined, area.activation);
  compute.subtract(error, cells.rate(area), error);
  return error;
}

/** Returns λ: the share of the cell above in the soma of the interneuron that answers it. */
const teachingShare = ({ leak, interneuron = 0, teaching = 0 }: Conductances): number =>
  teaching / (leak + interneuron + teaching);

/** Returns s_k by area, from the output down: u_k − v̂_k is −s_k ∂C/∂r_k to first order in β. */
export function errorScales(
  network: Network,
  conductances: Conductances,
  nudge: number,
): ReadonlyMap<Area, number> {
  const scales = new Map<Area, number>();
  for (const area of [...network.areas].reverse()) {
    if (area.isInput || area.incoming.every(({ kind }) => kind === 'lateral')) continue;
    const above = microcircuitOf(area)?.above;
    const shares = sharesOf(area, conductances);
    const aboveShare = above && sharesOf(above, conductances).basal;
    const own =
      above === undefined || aboveShare === undefined
        ? nudge / shares.total
        : ((scales.get(above) as number) * shares.apical * (1 - teachingShare(conductances))) / aboveShare;
    scales.set(area, own);
  }
  return scales;
}

/** Returns the cells as they are now: copies of their tensors, each made once. */
function copyOf({ compute }: LearningStep<Options>, cells: Cells): Cells {
  const copies = new Map<number, Tensor>();
  const copied = (tensor: Tensor): Tensor => {
    let copy = copies.get(tensor.offset);
    if (!copy) {
      copies.set(tensor.offset, (copy = compute.temporary(tensor.shape)));
      compute.copy(copy, tensor);
    }
    return copy;
  };
  return {
    activity: (area) => copied(cells.activity(area)),
    rate: (area) => copied(cells.rate(area)),
    compartment: (area, name) => copied(cells.compartment(area, name)),
  };
}
