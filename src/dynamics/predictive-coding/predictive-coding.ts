import type { Area, Projection } from '../../network/area.ts';
import type { Objective } from '../../network/objective.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { dropoutGain } from '../dropout.ts';
import { compartmentsOf, phaseOf } from '../phase.ts';
import type { Dynamics, Moment, PassRecord, Phase, PhaseOptions, Setting } from '../phase.ts';
import { receivedPotential } from '../received.ts';

/**
 * Predictive coding: every area holds a potential x and is predicted from the areas below,
 *
 *   μ_l = f(x_{l−1}) W_l + b_l,   ε_l = x_l − μ_l,   F = ½ Σ_l ‖ε_l‖² + β C
 *   dx_l/dt = −∂F/∂x_l = −ε_l + f′(x_l) ⊙ ( ε_{l+1} W_{l+1}ᵀ ),     x ← x + γ dx/dt
 *
 * Outputs have no potential of their own: what is predicted there is judged, so their error is ε_L = −β ∂C/∂μ_L. With
 * linear outputs and C = ½‖μ − d‖² that is (d − μ)/Σ of variance Σ = 1/β; with cross-entropy it is β times the target
 * less the probabilities. Areas begin at their predictions, where all errors but the output's are 0, so that an
 * evaluation is one feedforward pass; or where a phase of the same step left them, which need not be computed again.
 *
 * With fixed predictions μ, f and f′ stay as the feedforward pass left them: the errors then settle at −β times
 * backpropagation's δ.
 *
 * Source: Whittington & Bogacz (2017), Neural Computation 29; fixed predictions: Millidge, Tschantz & Buckley (2022),
 * Neural Computation 34.
 */
export const predictiveCoding: Dynamics = {
  id: 'predictive-coding',
  title: 'Predictive coding',
  compartments: ['prediction', 'error'],
  advice: 'take smaller steps with ruleOptions.stepSize',
  run: infer,
};

/** An area that is predicted; tensors (batch, units). */
interface Predicted {
  readonly area: Area;
  readonly objective: Objective | undefined;
  /** Whether only an objective looks at it: then its potential is its prediction. */
  readonly isOutput: boolean;
  readonly potential: Tensor;
  readonly prediction: Tensor;
  readonly error: Tensor;
  readonly rate: Tensor;
  readonly activity: Tensor;
  readonly gain: Tensor | undefined;
  readonly outgoing: readonly Projection[];
}

function infer(setting: Setting, name: string, options: PhaseOptions = {}): Phase {
  const { compute, network, inputs } = setting;
  const { nudge = 0, steps = 0, stepSize = 0.1, fixedPredictions = false, start, each } = options;
  const from = typeof start === 'object' ? start : undefined;
  const activities: Tensor[] = [];
  const rates: Tensor[] = [];
  const states: Tensor[] = [];
  const gains: (Tensor | undefined)[] = [];
  const pass: PassRecord = { activities, rates, outputs: rates, gains, states };
  const predicted: Predicted[] = [];
  const byArea = new Map<Area, Predicted>();

  for (const area of network.areas) {
    const gain = from ? from.gain(area) : dropoutGain(setting, area);
    const make = () => compute.temporary([inputs.rows, area.units]);
    const rate = area === network.input ? inputs : make();
    const activity = gain ? make() : rate;
    if (area !== network.input) {
      const its = begin(setting, area, { rate, activity, gain, make });
      if (from) goOn(compute, its, from);
      else {
        receivedPotential(setting, area, activities, options, its.prediction);
        if (!its.isOutput) compute.copy(its.potential, its.prediction);
        show(setting, its);
      }
      predicted.push(its);
      byArea.set(area, its);
    } else if (gain) compute.multiply(activity, rate, gain);
    rates.push(rate);
    activities.push(activity);
    gains.push(gain);
    states.push(byArea.get(area)?.potential ?? rate);
  }
  const errorOf = (area: Area) => byArea.get(area)?.error;
  const takeErrors = () => {
    for (const its of predicted) takeError(setting, its, nudge);
  };
  /** What only the input predicts does not change. */
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
    for (const its of predicted) if (!its.isOutput) move(setting, its, errorOf, stepSize, nudge, options);
    if (!fixedPredictions) for (const its of predicted) if (!its.isOutput) show(setting, its);
    for (const its of changing) {
      receivedPotential(setting, its.area, activities, options, its.prediction);
      if (its.isOutput) show(setting, its);
    }
    takeErrors();
    each?.(momentOf(step, stepSize, pass, compartmentsOf(compartments)));
  }
  return phaseOf(name, { ...pass, compartments });
}

function begin(
  { compute, network }: Setting,
  area: Area,
  parts: Pick<Predicted, 'rate' | 'activity' | 'gain'> & { make: () => Tensor },
): Predicted {
  const { make, ...its } = parts;
  const outgoing = area.outgoing.filter(({ kind }) => kind === 'forward');
  const objective = network.objectives.find((candidate) => candidate.area === area);
  const isOutput = outgoing.length === 0;
  const prediction = make();
  const error = make();
  compute.fill(error, 0);
  return {
    ...its,
    area,
    objective,
    isOutput,
    prediction,
    error,
    outgoing,
    potential: isOutput ? prediction : make(),
  };
}

/** What an area held at the end of a phase, as where this one begins. */
function goOn(compute: Compute, its: Predicted, from: Phase): void {
  const { area, isOutput, potential, prediction, rate, activity } = its;
  compute.copy(prediction, from.compartment(area, 'prediction'));
  if (!isOutput) compute.copy(potential, from.state(area));
  compute.copy(rate, from.rate(area));
  if (activity !== rate) compute.copy(activity, from.activity(area));
}

/** rate ← f(x), and what is sent of it. */
function show({ compute }: Setting, { area, potential, rate, activity, gain }: Predicted): void {
  compute.activate(rate, potential, undefined, area.activation);
  if (gain) compute.multiply(activity, rate, gain);
}

/** ε ← x − μ; of an output −β ∂C/∂μ. */
function takeError(setting: Setting, its: Predicted, nudge: number): void {
  const { compute } = setting;
  const { isOutput, error, potential, prediction } = its;
  if (!isOutput) compute.combine(error, potential, prediction, 1, -1);
  else if (its.objective && nudge !== 0) pullInto(setting, its, error, -nudge);
}

/** out ← factor · ∂C/∂x. */
function pullInto(setting: Setting, { area, objective, rate }: Predicted, out: Tensor, factor: number): void {
  const { compute } = setting;
  setting.pull(objective as Objective, rate, out);
  compute.multiplyBySlope(out, out, rate, undefined, area.activation);
  compute.scale(out, out, factor);
}

/** x ← x + γ( −ε + f′ ⊙ Σ ε_above Wᵀ − β ∂C/∂x ). */
function move(
  setting: Setting,
  its: Predicted,
  errorOf: (area: Area) => Tensor | undefined,
  stepSize: number,
  nudge: number,
  { values }: PhaseOptions,
): void {
  const { compute } = setting;
  const { area, objective, potential, error, rate, activity, gain, outgoing } = its;
  compute.scope(() => {
    const change = compute.temporary(potential.shape);
    for (const [index, projection] of outgoing.entries()) {
      const weights = projection.hasWeights ? (values?.(projection) ?? projection.weights) : undefined;
      projection.sendBack(compute, change, errorOf(projection.to) as Tensor, index === 0 ? 0 : 1, {
        ...(weights ? { weights } : {}),
        sent: activity,
      });
    }
    if (area.activation !== 'linear' || gain) {
      compute.multiplyBySlope(change, change, rate, gain, area.activation);
    }
    compute.combine(change, change, error, 1, -1);
    if (objective && nudge !== 0) {
      const pull = compute.temporary(potential.shape);
      pullInto(setting, its, pull, -nudge);
      compute.combine(change, change, pull, 1, 1);
    }
    compute.combine(potential, potential, change, 1, stepSize);
  });
}

const momentOf = (
  step: number,
  size: number,
  { activities, rates, states }: PassRecord,
  compartment: Moment['compartment'],
): Moment => ({
  step,
  size,
  activity: ({ index }) => activities[index] as Tensor,
  rate: ({ index }) => rates[index] as Tensor,
  state: ({ index }) => states?.[index] as Tensor,
  compartment,
});
