import { ApicalError } from '../../errors.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Objective } from '../../network/objective.ts';
import { IS_OWN_RATE } from '../../tensor/compute.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { dropoutGain } from '../dropout.ts';
import { compartmentsOf, phaseOf, startOf } from '../phase.ts';
import type { Moment, Phase, PhaseOptions, Setting, Settling } from '../phase.ts';

/** One way by which signals reach an area while it settles. */
export interface Coupling {
  readonly projection: Projection;
  readonly from: Area;
  /** Against the way of the projection: by its transposed weights. */
  readonly back: boolean;
}

/** Whether its signals come back from above, and so are multiplied by the feedback gain. */
export const comesBack = ({ projection, back }: Coupling): boolean => back || projection.kind === 'feedback';

/** An area that settles; tensors (batch, units). */
export interface SettlingArea {
  readonly area: Area;
  readonly state: Tensor;
  readonly rate: Tensor;
  /** What it sends: the rate, after dropout. */
  readonly activity: Tensor;
  readonly gain: Tensor | undefined;
  /** What does not change: thresholds, and what clamped areas send. */
  readonly drive: Tensor;
  /** What the others send, made anew in each step. */
  readonly received: Tensor;
}

/** What tells one kind of settling from another. */
export interface Relaxation {
  /** A state s that sends ρ(s), or the rate itself, drawn towards f of what it receives. */
  readonly settles: 'states' | 'rates';
  /** By what ways signals reach an area. */
  readonly couplings: (network: Network, area: Area) => readonly Coupling[];
  /** One step of an area: its state, and its rate, from what it received. */
  readonly update: (setting: Setting, settling: SettlingArea, size: number, step: number) => void;
}

/** Steps where neither the rule nor the phase says how many. */
const STEPS = 20;
const STEP_SIZE = 0.5;
/** Steps between two looks at how fast states still move: reading a number back takes time. */
const STEPS_A_CHECK = 10;

/**
 * Lets all areas that are not clamped settle side by side: each step takes every area from what all others sent at the
 * end of the step before. What clamped areas send is computed once.
 */
export function relax(
  relaxation: Relaxation,
  setting: Setting,
  name: string,
  options: PhaseOptions = {},
): Phase {
  const { compute, network } = setting;
  const { steps = STEPS, stepSize = STEP_SIZE, tolerance = 0, nudge = 0, each } = options;
  const clamped = clampedAreas(setting, options);
  const isPlain = !options.clamp && !options.drive && !options.values;
  const known = isPlain && typeof options.start === 'object' ? options.start.settling?.drives : undefined;
  const settling = network.areas
    .filter((area) => !clamped.has(area))
    .map((area) => begin(relaxation, setting, area, options, known?.get(area)));
  const byArea = new Map(settling.map((its) => [its.area, its]));
  const ways = new Map(settling.map(({ area }) => [area, relaxation.couplings(network, area)]));
  // An energy has ρ ⊙ gain in place of ρ, so what reaches such a unit is scaled as well as what it sends.
  const scaled = relaxation.settles === 'states' ? (its: SettlingArea) => its.gain : () => undefined;
  const drive = (its: SettlingArea): void => {
    const fixed = (ways.get(its.area) ?? []).filter(({ from }) => clamped.has(from));
    receive(compute, its.drive, fixed, (area) => (clamped.get(area) as Clamped).activity, options);
    const push = options.drive?.(its.area);
    if (push) compute.combine(its.drive, its.drive, push, 1, 1);
    const { bias } = its.area;
    if (bias) {
      compute.activate(its.drive, its.drive, options.values?.(bias) ?? bias.values, 'linear');
    }
    const gain = scaled(its);
    if (gain) compute.multiply(its.drive, its.drive, gain);
  };
  if (!known) for (const its of settling) drive(its);
  const free = new Map(
    settling.map(({ area }) => [area, (ways.get(area) ?? []).filter(({ from }) => byArea.has(from))]),
  );
  const pulls = nudge === 0 ? [] : pulled(setting, network.objectives, byArea);
  const activity = (area: Area): Tensor =>
    byArea.get(area)?.activity ?? (clamped.get(area) as Clamped).activity;
  const rate = (area: Area): Tensor => byArea.get(area)?.rate ?? (clamped.get(area) as Clamped).rate;
  const state = (area: Area): Tensor => byArea.get(area)?.state ?? rate(area);
  if (options.start === 'feedforward') {
    for (const its of settling) {
      const ahead = (free.get(its.area) ?? []).filter(
        ({ projection, back }) => projection.kind === 'forward' && !back,
      );
      receive(compute, its.received, ahead, activity, options);
      const gain = scaled(its);
      if (gain) compute.multiply(its.received, its.received, gain);
      relaxation.update(setting, its, 1, 0);
      if (its.gain) compute.multiply(its.activity, its.rate, its.gain);
    }
  }

  const { feedbackGain = 1 } = options;
  const drives = isPlain ? new Map(settling.map((its) => [its.area, its.drive])) : undefined;
  let ended: Settling = { steps: 0, speed: undefined, feedbackGain, drives };
  for (let step = 0; step < steps; step++) {
    for (const its of settling) {
      receive(compute, its.received, free.get(its.area) ?? [], activity, options);
      const gain = scaled(its);
      if (gain) compute.multiply(its.received, its.received, gain);
    }
    for (const { objective, its, error } of pulls) {
      setting.pull(objective, its.rate, error);
      compute.combine(its.received, its.received, error, 1, -nudge);
    }
    const checks = tolerance > 0 && ((step + 1) % STEPS_A_CHECK === 0 || step === steps - 1);
    const advance = () => {
      for (const its of settling) {
        relaxation.update(setting, its, stepSize, step);
        if (its.gain) compute.multiply(its.activity, its.rate, its.gain);
      }
    };
    const speed = checks ? speedOf(compute, settling, advance) / stepSize : undefined;
    if (!checks) advance();
    ended = { steps: step + 1, speed, feedbackGain, drives };
    each?.(momentOf(ended.steps, stepSize, activity, rate, state));
    if (speed === undefined) continue;
    checkFinite(speed, name, ended.steps, stepSize);
    if (speed < tolerance) break;
  }
  return phaseOf(name, {
    activities: network.areas.map(activity),
    rates: network.areas.map(rate),
    outputs: network.areas.map(rate),
    states: network.areas.map(state),
    gains: network.areas.map((area) => byArea.get(area)?.gain ?? clamped.get(area)?.gain),
    settling: ended,
  });
}

/** An area whose activity is given. */
export interface Clamped {
  readonly activity: Tensor;
  readonly rate: Tensor;
  readonly gain: Tensor | undefined;
}

/** The input, and what the phase clamps. */
export function clampedAreas(
  setting: Setting,
  { clamp, freeInput = false }: PhaseOptions,
): ReadonlyMap<Area, Clamped> {
  const { compute, network, inputs } = setting;
  const clamped = new Map<Area, Clamped>();
  for (const area of network.areas) {
    const rate = clamp?.(area) ?? (area === network.input && !freeInput ? inputs : undefined);
    if (!rate) continue;
    const gain = dropoutGain(setting, area);
    const activity = gain ? compute.temporary(rate.shape) : rate;
    if (gain) compute.multiply(activity, rate, gain);
    clamped.set(area, { activity, rate, gain });
  }
  return clamped;
}

function begin(
  { settles }: Relaxation,
  setting: Setting,
  area: Area,
  options: PhaseOptions,
  drive: Tensor | undefined,
): SettlingArea {
  const { compute, inputs } = setting;
  const make = () => compute.temporary([inputs.rows, area.units]);
  const state = make();
  const from = startOf(options, area);
  if (from) compute.copy(state, from);
  else compute.fill(state, 0);
  const isRate = settles === 'rates' || IS_OWN_RATE.has(area.activation);
  const rate = isRate ? state : make();
  if (settles === 'states') compute.activate(rate, state, undefined, area.activation);
  const gain = dropoutGain(setting, area);
  const activity = gain ? make() : rate;
  if (gain) compute.multiply(activity, rate, gain);
  return { area, state, rate, activity, gain, drive: drive ?? make(), received: make() };
}

/** out ← the sum of what comes along these ways. */
export function receive(
  compute: Compute,
  out: Tensor,
  ways: readonly Coupling[],
  activity: (area: Area) => Tensor,
  { values, feedbackGain = 1 }: PhaseOptions,
): void {
  if (ways.length === 0) compute.fill(out, 0);
  for (const [index, way] of ways.entries()) {
    const { projection, from, back } = way;
    const beta = index === 0 ? 0 : 1;
    const weights = values?.(projection) ?? projection.weights;
    const carry = (signal: Tensor): void => {
      if (back) projection.sendBack(compute, out, signal, beta, { weights });
      else projection.send(compute, out, signal, beta, weights);
    };
    if (feedbackGain === 1 || !comesBack(way)) carry(activity(from));
    else {
      compute.scope(() => {
        const sent = compute.temporary(activity(from).shape);
        compute.scale(sent, activity(from), feedbackGain);
        carry(sent);
      });
    }
  }
}

/** Objectives whose areas are free to be pulled. */
function pulled(
  { compute }: Setting,
  objectives: readonly Objective[],
  byArea: ReadonlyMap<Area, SettlingArea>,
): readonly { objective: Objective; its: SettlingArea; error: Tensor }[] {
  return objectives.flatMap((objective) => {
    const its = byArea.get(objective.area);
    return its ? [{ objective, its, error: compute.temporary(its.rate.shape) }] : [];
  });
}

/** Root mean square over all units and examples of what one step changes. Reads a value back: a stopping test. */
function speedOf(compute: Compute, settling: readonly SettlingArea[], advance: () => void): number {
  return compute.scope(() => {
    const before = settling.map(({ state }) => {
      const copy = compute.temporary(state.shape);
      compute.copy(copy, state);
      return copy;
    });
    advance();
    let square = 0;
    let count = 0;
    const sum = compute.temporary([1], 'f64');
    for (const [index, { state }] of settling.entries()) {
      const change = before[index] as Tensor;
      compute.combine(change, state, change, 1, -1);
      compute.dot(sum, change, change);
      square += sum.data[0] as number;
      count += state.size;
    }
    return Math.sqrt(square / Math.max(1, count));
  });
}

function checkFinite(speed: number, phase: string, steps: number, stepSize: number): void {
  if (Number.isFinite(speed)) return;
  throw new ApicalError(
    'dynamics.diverged',
    `The activity of the "${phase}" phase is no longer finite after ${steps} steps of size ${stepSize}: ` +
      'take smaller steps (ruleOptions.stepSize), or smaller weights (network.initialisation.scale, optimiser.maximumNorm).',
    { phase, steps, stepSize },
  );
}

/** Throws `dynamics.unsettled` where a phase with a tolerance took all its steps and is still on its way. */
export function mustSettle(phase: Phase, tolerance: number): Phase {
  const { steps = 0, speed = 0 } = phase.settling ?? {};
  if (tolerance === 0 || speed < tolerance) return phase;
  throw new ApicalError(
    'dynamics.unsettled',
    `The "${phase.name}" phase has not settled after ${steps} steps: its units still move by ${speed.toPrecision(2)} a time constant ` +
      `(root mean square), and the tolerance is ${tolerance}. Allow more steps (ruleOptions.${phase.name}Steps), a larger tolerance (0 takes all steps), or smaller steps where it swings to and fro (ruleOptions.stepSize).`,
    { phase: phase.name, steps, speed, tolerance },
  );
}

const momentOf = (
  step: number,
  size: number,
  activity: Moment['activity'],
  rate: Moment['rate'],
  state: Moment['state'],
): Moment => ({ step, size, activity, rate, state, compartment: compartmentsOf() });
