import { objectiveAt } from '../../network/objectives/objective.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Objective } from '../../network/objectives/objective.ts';
import { hasActivation } from '../../tensor/activation.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { dropoutGain } from '../dropout.ts';
import { hasDerivative } from '../../network/objectives/derivative.ts';
import { backpropagateBy } from '../feedforward/backpropagation.ts';
import type { CompartmentPhase, Moment, PhaseOptions, Setting } from '../phase.ts';
import { receivedPotential } from '../received.ts';
import { compartmentPhaseOf, momentOf } from '../record.ts';
import type { PassRecord } from '../record.ts';
import type { Accepts, Dynamics } from '../step.ts';

/** What hidden units hold besides their activity: their prediction, and how far they are from it. */
export type PredictiveCompartment = 'prediction' | 'error';

/** A phase of predictive coding. */
export type PredictivePhase = CompartmentPhase<PredictiveCompartment>;

/** Phase options of predictive coding. */
export interface PredictiveOptions extends Pick<PhaseOptions, 'inputs' | 'drive' | 'values'> {
  /** A phase of the same step from whose end to go on. Default: the areas' predictions. */
  readonly start?: PredictivePhase | undefined;
  /** Number of steps. Default 0: the feedforward pass. */
  readonly steps?: number | undefined;
  /** γ: size of a step. Default 0.1. */
  readonly stepSize?: number | undefined;
  /** β: how strongly objectives pull. Default 0. */
  readonly nudge?: number | undefined;
  /** Whether predictions, rates and slopes stay as the feedforward pass left them. */
  readonly fixedPredictions?: boolean | undefined;
  /** Called after every step. */
  readonly each?: ((moment: Moment<PredictiveCompartment>) => void) | undefined;
}

/**
 * Predictive coding: every area holds a potential x and is predicted from the areas below,
 *
 *   μ_l = f(x_{l−1}) W_l + b_l,   ε_l = x_l − μ_l,   F = ½ Σ_l ‖ε_l‖² + β C
 *   dx_l/dt = −∂F/∂x_l = −ε_l + f′(x_l) ⊙ ( ε_{l+1} W_{l+1}ᵀ ),     x ← x + γ dx/dt
 *
 * Outputs have no potential of their own: objectives evaluate their prediction, so their error is ε_L = −β ∂C/∂μ_L. With
 * linear outputs and C = ½‖μ − d‖² that is (d − μ)/Σ of variance Σ = 1/β; with cross-entropy it is β times the target
 * less the probabilities. Areas begin at their predictions, where all errors but the output's are 0, so an
 * evaluation is one feedforward pass; or they begin where a phase of the same step ended.
 *
 * With fixed predictions μ, f and f′ stay as the feedforward pass left them: the errors then settle at −β times
 * backpropagation's δ.
 *
 * Source: Whittington & Bogacz (2017), Neural Computation 29; fixed predictions: Millidge, Tschantz & Buckley (2022),
 * Neural Computation 34.
 */
export const predictiveInference: Dynamics<PredictiveOptions, PredictivePhase> = {
  id: 'predictive-coding',
  title: 'Predictive coding',
  accepts: {
    drive: true,
    values: true,
    start: true,
    steps: true,
    stepSize: true,
    nudge: true,
    fixedPredictions: true,
    each: true,
  } satisfies Accepts<PredictiveOptions>,
  compartments: ['prediction', 'error'],
  hint: 'take smaller steps (ruleOptions.stepSize)',
  // Without a nudge it is a feedforward pass.
  reference: ({ objectives }) =>
    objectives.every((objective) => hasDerivative(objective) && objective.reach === 'network')
      ? backpropagate
      : undefined,
  run: infer,
};

const backpropagate = backpropagateBy(predictiveInference);

/** An area that is predicted; tensors (batch, units). */
interface Predicted {
  readonly area: Area;
  readonly objective: Objective | undefined;
  /** Whether the area sends nothing forward. Then its potential is its prediction. */
  readonly isOutput: boolean;
  readonly potential: Tensor;
  readonly prediction: Tensor;
  readonly error: Tensor;
  readonly rate: Tensor;
  readonly activity: Tensor;
  readonly gain: Tensor | undefined;
  readonly outgoing: readonly Projection[];
}

function infer(setting: Setting, name: string, options: PredictiveOptions): PredictivePhase {
  const { compute, network, inputs } = setting;
  const { nudge = 0, steps = 0, stepSize = 0.1, fixedPredictions = false, start: from, each } = options;
  const activities: Tensor[] = [];
  const rates: Tensor[] = [];
  const states: Tensor[] = [];
  const gains: (Tensor | undefined)[] = [];
  const pass: PassRecord = { activities, rates, outputs: rates, gains, states, potentials: states };
  const predicted: Predicted[] = [];
  const byArea = new Map<Area, Predicted>();

  for (const area of network.areas) {
    const gain = from ? from.gain(area) : dropoutGain(setting, area);
    const make = () => compute.temporary([inputs.rows, area.units]);
    const rate = area.isInput ? setting.inputOf(area) : make();
    const activity = gain ? make() : rate;
    if (!area.isInput) {
      const node = begin(setting, area, { rate, activity, gain, make });
      if (from) goOn(compute, node, from);
      else {
        receivedPotential(setting, area, activities, options, node.prediction);
        if (!node.isOutput) compute.copy(node.potential, node.prediction);
        show(setting, node);
      }
      predicted.push(node);
      byArea.set(area, node);
    } else if (gain) compute.multiply(activity, rate, gain);
    rates.push(rate);
    activities.push(activity);
    gains.push(gain);
    states.push(byArea.get(area)?.potential ?? rate);
  }
  const errorOf = (area: Area) => byArea.get(area)?.error;
  const takeErrors = () => {
    for (const node of predicted) takeError(setting, node, nudge);
  };
  /** Areas whose prediction changes: those that not only the input predicts. */
  const changing = fixedPredictions
    ? []
    : predicted.filter(({ area }) =>
        area.incoming.some(({ kind, from }) => kind === 'forward' && byArea.has(from)),
      );
  const compartments = {
    prediction: network.areas.map((area) => byArea.get(area)?.prediction),
    error: network.areas.map(errorOf),
  };
  takeErrors();
  for (let step = 1; step <= steps; step++) {
    for (const node of predicted) if (!node.isOutput) move(setting, node, errorOf, stepSize, nudge, options);
    if (!fixedPredictions) for (const node of predicted) if (!node.isOutput) show(setting, node);
    for (const node of changing) {
      receivedPotential(setting, node.area, activities, options, node.prediction);
      if (node.isOutput) show(setting, node);
    }
    takeErrors();
    each?.(momentOf(step, stepSize, pass, compartments));
  }
  return compartmentPhaseOf(compute, name, pass, compartments);
}

function begin(
  { compute, network }: Setting,
  area: Area,
  parts: Pick<Predicted, 'rate' | 'activity' | 'gain'> & { make: () => Tensor },
): Predicted {
  const { make, ...node } = parts;
  const outgoing = area.outgoing.filter(({ kind }) => kind === 'forward');
  const objective = objectiveAt(network, area);
  const isOutput = outgoing.length === 0;
  const prediction = make();
  const error = make();
  compute.fill(error, 0);
  return {
    ...node,
    area,
    objective,
    isOutput,
    prediction,
    error,
    outgoing,
    potential: isOutput ? prediction : make(),
  };
}

/** Copies what an area held at the end of a phase. */
function goOn(compute: Compute, node: Predicted, from: PredictivePhase): void {
  const { area, isOutput, potential, prediction, rate, activity } = node;
  compute.copy(prediction, from.compartment(area, 'prediction'));
  if (!isOutput) compute.copy(potential, from.state(area));
  compute.copy(rate, from.rate(area));
  if (activity !== rate) compute.copy(activity, from.activity(area));
}

/** rate ← f(x), and the activity from it. */
function show({ compute }: Setting, { area, potential, rate, activity, gain }: Predicted): void {
  compute.activate(rate, potential, undefined, area.activation);
  if (gain) compute.multiply(activity, rate, gain);
}

/** ε ← x − μ; of an output −β ∂C/∂μ. */
function takeError(setting: Setting, node: Predicted, nudge: number): void {
  const { compute } = setting;
  const { isOutput, error, potential, prediction } = node;
  if (!isOutput) compute.subtract(error, potential, prediction);
  else if (node.objective && nudge !== 0) pullInto(setting, node, error, -nudge);
}

/** out ← factor · ∂C/∂x. */
function pullInto(setting: Setting, node: Predicted, out: Tensor, factor: number): void {
  const { compute } = setting;
  const { objective, rate } = node;
  setting.pull(objective as Objective, rate, out);
  multiplyBySlope(setting, node, out);
  compute.scale(out, out, factor);
}

/** out ← out ⊙ f′ ⊙ gain. */
function multiplyBySlope(
  { compute }: Setting,
  { area, potential, rate }: Predicted,
  out: Tensor,
  gain?: Tensor,
): void {
  if (!gain && hasActivation(area, 'linear')) return;
  const { activation } = area;
  compute.multiplyBySlope(out, out, activation.slope.from === 'rate' ? rate : potential, gain, activation);
}

/** x ← x + γ( −ε + f′ ⊙ Σ ε_above Wᵀ − β ∂C/∂x ). */
function move(
  setting: Setting,
  node: Predicted,
  errorOf: (area: Area) => Tensor | undefined,
  stepSize: number,
  nudge: number,
  { values }: PredictiveOptions,
): void {
  const { compute } = setting;
  const { objective, potential, error, activity, gain, outgoing } = node;
  compute.scope(() => {
    const change = compute.temporary(potential.shape);
    for (const [index, projection] of outgoing.entries()) {
      const weights = projection.hasWeights ? (values?.(projection) ?? projection.weights) : undefined;
      projection.sendBack(compute, change, errorOf(projection.to) as Tensor, index === 0 ? 0 : 1, {
        ...(weights ? { weights } : {}),
        sent: activity,
      });
    }
    multiplyBySlope(setting, node, change, gain);
    compute.subtract(change, change, error);
    if (objective && nudge !== 0) {
      const pull = compute.temporary(potential.shape);
      pullInto(setting, node, pull, -nudge);
      compute.add(change, change, pull);
    }
    compute.addScaled(potential, change, stepSize);
  });
}
