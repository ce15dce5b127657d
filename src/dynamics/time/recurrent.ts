import type { Area, Projection } from '../../network/area.ts';
import { hasActivation, linear } from '../../tensor/activation.ts';
import { hasDerivative } from '../../network/objectives/derivative.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { dropoutGain } from '../dropout.ts';
import { startOf } from '../phase.ts';
import { sloped } from '../record.ts';
import type { Each, Moment, PhaseOptions, Setting, StepPhase, TimePhase } from '../phase.ts';
import type { Accepts, Dynamics } from '../step.ts';
import { backpropagateInTimeBy } from './backpropagation-in-time.ts';
import { delayed, delayedHistory } from './delayed.ts';
import { Trail } from './trail.ts';

/** Phase options of recurrent dynamics. Tensors given for an area have the rows of all steps, (steps · batch, units). */
export interface RecurrentOptions extends Pick<PhaseOptions, 'inputs' | 'clamp' | 'drive' | 'values'> {
  /** Where activity is before the first step, in place of what the stream carried, or rest. */
  readonly start?: PhaseOptions['start'];
  /** α of an area's units, above 0 and at most 1. Default 1. */
  readonly leak?: number | ((area: Area) => number) | undefined;
  /** Whether the activity of every area is kept for all steps, or only that of areas with an objective. Default false. */
  readonly history?: boolean | undefined;
  /** Called after every step. Without a history its tensors are live: copy what must be kept. */
  readonly each?: Each<RecurrentStep> | undefined;
}

/** One step of recurrent dynamics. */
export interface RecurrentStep extends StepPhase, Moment<never> {}

/** The phase of recurrent dynamics over all steps of a batch. */
export interface RecurrentPhase extends TimePhase {
  at(step: number): RecurrentStep;
  /** Returns α of an area. */
  leak(area: Area): number;
  /** Returns what a projection received at a step of this batch or before it, (batch, presynaptic). */
  received(projection: Projection, step: number): Tensor;
}

/**
 * Rate units in discrete time:
 *
 *   a_t = Σ_projections h_{t−d} W + b,   h_t = (1 − α) h_{t−1} + α f(a_t)
 *
 * Forward projections carry the activity of the same step and lateral ones that of the step before, unless the projection
 * has a delay d of its own. With α = 1 these are the units of Elman (1990); with α < 1 leaky integrators, as of Jaeger,
 * Lukoševičius, Popovici & Siewert (2007). An example without a time axis is a sequence of one step.
 */
export const recurrent: Dynamics<RecurrentOptions, RecurrentPhase> = {
  id: 'recurrent',
  title: 'Recurrent rate units in discrete time',
  accepts: {
    clamp: true,
    drive: true,
    values: true,
    start: true,
    leak: true,
    history: true,
    each: true,
  } satisfies Accepts<RecurrentOptions>,
  inTime: true,
  severalInputs: true,
  hint: 'draw smaller initial weights (network.initialisation.scale), or shorten the window (task.time.window)',
  reference: ({ objectives }) => (objectives.every(hasDerivative) ? backpropagateInTime : undefined),
  carries: ({ areas }) =>
    Object.fromEntries(
      areas.flatMap((area) => [
        ...Array.from(
          { length: pastOf(area) },
          (_, past) => [activityName(area, -1 - past), [area.units]] as const,
        ),
        ...(area.isInput ? [] : [[rateName(area), [area.units]] as const]),
      ]),
    ),
  run,
};

/**
 * Runs recurrent dynamics with a history and emits the exact gradient of the objectives, backpropagated through the steps
 * of the batch; what a stream carried into it counts as constant.
 *
 * @example
 * ```ts
 * import { backpropagateInTime, defineRule, noOptions, recurrent } from 'apical/rules';
 *
 * export default defineRule({
 *   id: 'my-bptt', family: 'Mine', title: 'Backpropagation through time', summary: 'Unrolls the network.',
 *   equation: '', cites: [], options: noOptions, dynamics: recurrent,
 *   learn: backpropagateInTime,
 * });
 * ```
 */
export const backpropagateInTime = backpropagateInTimeBy(recurrent);

/** The units of an area while the steps are taken. */
interface Units {
  readonly area: Area;
  readonly leak: number;
  readonly rate: Trail;
  readonly activity: Trail;
  /** f(a), before the leak. */
  readonly candidate: Trail;
  /** a, for units whose slope is a function of it. */
  readonly potential: Trail | undefined;
  /** Activity that is given for all steps, (steps · batch, units). */
  readonly given: Tensor | undefined;
  readonly gain: Tensor | undefined;
  /** What arrives from input areas, for all steps at once, (steps · batch, units). */
  readonly ahead: Tensor | undefined;
}

/** Input to an area is computed for all steps at once, up to this many elements; one large product is faster. */
const MOST_AHEAD = 2 ** 23;

function run(setting: Setting, name: string, options: RecurrentOptions): RecurrentPhase {
  const { network, time, batch, compute } = setting;
  const steps = time?.steps ?? 1;
  const units = network.areas.map((area) => begin(setting, area, steps, options));
  const of = (area: Area) => units[area.index] as Units;
  const identity = {};
  const stepPhase = (step: number): RecurrentStep => stepOf(setting, name, of, step, identity);

  for (const each of units) restore(setting, each, options);
  for (let step = 0; step < steps; step++) {
    for (const each of units) advance(setting, each, of, step, options);
    options.each?.(stepPhase(step));
  }
  for (const each of units) leave(setting, each, steps - 1);

  const historyOf = (trail: Trail, { id }: Area): Tensor => {
    if (trail.history) return trail.history;
    throw new Error(`Phase "${name}" kept no history of area "${id}". Run it with { history: true }.`);
  };
  return {
    name,
    steps,
    run: identity,
    takesPart: (area) => of(area).activity.history !== undefined,
    activity: (area) => historyOf(of(area).activity, area),
    rate: (area) => historyOf(of(area).rate, area),
    output: (area) => historyOf(of(area).rate, area),
    leak: (area) => of(area).leak,
    gain: (area) => of(area).gain,
    state: (area) => of(area).rate.at(steps - 1),
    potential(area) {
      const { potential } = of(area);
      return potential && historyOf(potential, area);
    },
    slope: (area, signal, options) =>
      sloped(compute, name, area, signal, historyOf(slopedFrom(of(area)), area), of(area).gain, options),
    at(step) {
      for (const area of network.areas) historyOf(of(area).activity, area);
      return stepPhase(step);
    },
    presynaptic: (projection) =>
      delayedHistory(
        compute,
        projection.delay,
        historyOf(of(projection.from).activity, projection.from),
        batch,
        (step) => of(projection.from).activity.at(step),
      ),
    received: (projection, step) =>
      delayed(compute, projection.delay, (past) => of(projection.from).activity.at(step - past)),
  };
}

function begin(setting: Setting, area: Area, steps: number, options: RecurrentOptions): Units {
  const { compute, batch, network } = setting;
  const shape = [batch, area.units] as const;
  const given = options.clamp?.(area) ?? (area.isInput ? setting.inputOf(area) : undefined);
  const isOutput = network.objectives.some(
    (objective) => objective.area === area || objective.target === area,
  );
  const keeps = (options.history ?? false) || isOutput;
  const gain = dropoutGain(setting, area);
  const { leak = 1 } = options;
  const alpha = typeof leak === 'number' ? leak : leak(area);
  const rate = new Trail(compute, shape, steps, 1, given ?? keeps);
  const activity = gain ? new Trail(compute, shape, steps, pastOf(area), keeps) : undefined;
  const past = pastOf(area);
  const sharesPast = past <= 1;
  return {
    area,
    leak: alpha,
    rate,
    candidate: alpha === 1 ? rate : new Trail(compute, shape, steps, 0, keeps),
    potential:
      area.activation.slope.from === 'potential' && !given
        ? new Trail(compute, shape, steps, 0, keeps)
        : undefined,
    activity: activity ?? (sharesPast ? rate : new Trail(compute, shape, steps, past, rate.history ?? false)),
    given,
    gain,
    ahead: given ? undefined : inputAhead(setting, area, steps, options),
  };
}

/** Returns what input areas send to an area without delay, for all steps; undefined without any, or if it is too large. */
function inputAhead(
  setting: Setting,
  area: Area,
  steps: number,
  { values, clamp }: RecurrentOptions,
): Tensor | undefined {
  const { compute, batch } = setting;
  const projections = area.incoming.filter(isAhead);
  if (projections.length === 0 || steps * batch * area.units > MOST_AHEAD) return undefined;
  const ahead = compute.temporary([steps * batch, area.units]);
  for (const [index, projection] of projections.entries()) {
    const { from } = projection;
    const sent = clamp?.(from) ?? setting.inputOf(from);
    projection.send(compute, ahead, sent, index === 0 ? 0 : 1, values?.(projection) ?? projection.weights);
  }
  return ahead;
}

const isAhead = ({ kind, from, delay }: Projection): boolean =>
  kind === 'forward' && from.isInput && from.dropout === 0 && delay.longest === 0;

/** Computes one step of an area. */
function advance(
  setting: Setting,
  { area, leak, rate, activity, candidate, potential, given, gain, ahead }: Units,
  of: (area: Area) => Units,
  step: number,
  options: RecurrentOptions,
): void {
  const { compute, batch } = setting;
  const now = rate.at(step);
  const rows = (all: Tensor) => all.rowRange(step * batch, batch);
  if (given) {
    if (!rate.history) compute.copy(now, rows(given));
  } else {
    const next = candidate.at(step);
    const sum = potential?.at(step) ?? next;
    compute.scope(() => {
      let received = ahead ? 1 : 0;
      if (ahead) compute.copy(sum, rows(ahead));
      for (const projection of area.incoming) {
        if (projection.kind === 'feedback' || (ahead && isAhead(projection))) continue;
        const from = of(projection.from).activity;
        const sent = delayed(compute, projection.delay, (past) => from.at(step - past));
        const weights = options.values?.(projection) ?? projection.weights;
        projection.send(compute, sum, sent, received === 0 ? 0 : 1, weights);
        received += 1;
      }
      if (received === 0) compute.fill(sum, 0);
      const push = options.drive?.(area);
      if (push) compute.add(sum, sum, rows(push));
      const bias = area.bias && (options.values?.(area.bias) ?? area.bias.values);
      if (potential) {
        if (bias) compute.activate(sum, sum, bias, linear);
        compute.activate(next, sum, undefined, area.activation);
      } else if (bias || !hasActivation(area, 'linear')) compute.activate(next, sum, bias, area.activation);
    });
    if (next !== now && leak !== 1) compute.combine(now, next, rate.at(step - 1), leak, 1 - leak);
  }
  if (gain) compute.multiply(activity.at(step), now, rows(gain));
  else if (activity !== rate && !activity.history) compute.copy(activity.at(step), now);
}

/** Fills the steps before the first: where the phase starts, or what the stream carried. */
function restore(setting: Setting, { area, rate, activity }: Units, { start }: RecurrentOptions): void {
  const { compute } = setting;
  const from = startOf(start, area);
  if (!area.isInput) compute.copy(rate.at(-1), from ?? setting.carried(rateName(area)));
  for (let past = 1; past <= pastOf(area); past++) {
    compute.copy(activity.at(-past), from ?? setting.carried(activityName(area, -past)));
  }
}

/** Leaves the last steps for the next batch of the stream. */
function leave(setting: Setting, { area, rate, activity }: Units, last: number): void {
  if (!area.isInput) setting.carry(rateName(area), rate.at(last));
  for (let past = 1; past <= pastOf(area); past++) {
    setting.carry(activityName(area, -past), activity.at(last + 1 - past));
  }
}

function stepOf(
  { compute, batch }: Setting,
  name: string,
  of: (area: Area) => Units,
  step: number,
  identity: object,
): RecurrentStep {
  const gainOf = (area: Area) => of(area).gain?.rowRange(step * batch, batch);
  return {
    name,
    time: step,
    step: step + 1,
    size: 1,
    run: identity,
    compartment(area) {
      throw new Error(`Area "${area.id}" has no compartments under recurrent dynamics.`);
    },
    takesPart: () => true,
    activity: (area) => of(area).activity.at(step),
    rate: (area) => of(area).rate.at(step),
    output: (area) => of(area).rate.at(step),
    gain: gainOf,
    state: (area) => of(area).rate.at(step),
    potential: (area) => of(area).potential?.at(step),
    slope: (area, signal, options) =>
      sloped(compute, name, area, signal, slopedFrom(of(area)).at(step), gainOf(area), options),
    presynaptic: ({ from, delay }) => delayed(compute, delay, (past) => of(from).activity.at(step - past)),
  };
}

/** Returns the trail of which an area's slope is a function. */
const slopedFrom = ({ potential, candidate }: Units): Trail => potential ?? candidate;

/** Number of past steps of an area that its projections need. */
const pastOf = (area: Area): number =>
  area.outgoing.reduce(
    (most, { kind, delay }) => (kind === 'feedback' ? most : Math.max(most, delay.longest)),
    0,
  );

const rateName = ({ id }: Area): string => `rate of ${id}`;
const activityName = ({ id }: Area, step: number): string => `activity of ${id} at ${step}`;
