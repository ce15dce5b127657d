import { ApicalError } from '../../errors.ts';
import type { Area } from '../../network/area.ts';
import type { Objective } from '../../network/objectives/objective.ts';
import { isOwnRate } from '../../tensor/activation.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { unwatched } from '../../tensor/watch.ts';
import { clampedAreas } from '../clamped.ts';
import type { Clamped } from '../clamped.ts';
import { dropoutGain } from '../dropout.ts';
import { startOf } from '../phase.ts';
import type { Setting } from '../phase.ts';
import { momentOf, phaseOf } from '../record.ts';
import type { Dynamics } from '../step.ts';
import { receive } from './couplings.ts';
import type { Couplings } from './couplings.ts';
import type { FeedbackGainOptions, RelaxationOptions, SettledPhase, Settling } from './options.ts';

/** An area that settles; tensors (batch, units). */
export interface SettlingArea {
  readonly area: Area;
  readonly state: Tensor;
  readonly rate: Tensor;
  /** What the area sends: the rate after dropout. */
  readonly activity: Tensor;
  readonly gain: Tensor | undefined;
  /** What stays fixed: the bias and the signals of clamped areas. */
  readonly drive: Tensor;
  /** The signals of areas that settle, computed anew in each step. */
  readonly received: Tensor;
  /** What f′ is a function of, where that is the potential: the state, or of rates that settle what they received. */
  readonly potential: Tensor | undefined;
}

/** What distinguishes one kind of settling from another. */
export interface Relaxation {
  /** What settles: a state s that sends ρ(s), or the rate itself, which approaches f of what it receives. */
  readonly settles: 'states' | 'rates';
  /** Returns the couplings through which signals reach an area. */
  readonly couplings: Couplings;
  /** Takes one step of an area: its state and its rate, from what it received. */
  readonly update: (setting: Setting, settling: SettlingArea, size: number, step: number) => void;
}

/** Dynamics of a network that settles. */
export interface SettlingDynamics<Options extends RelaxationOptions = RelaxationOptions> extends Dynamics<
  Options,
  SettledPhase
> {
  readonly relaxation: Relaxation;
}

const STEPS = 20;
const STEP_SIZE = 0.5;
/** Steps between two checks of the speed, which read a number back. */
const STEPS_A_CHECK = 10;

/**
 * Lets all areas that are not clamped settle side by side: each step updates every area from what the others sent at the
 * end of the previous step. The signals of clamped areas are computed once.
 */
export function relax(
  relaxation: Relaxation,
  setting: Setting,
  name: string,
  options: FeedbackGainOptions,
): SettledPhase {
  const { compute, network } = setting;
  const { steps = STEPS, stepSize = STEP_SIZE, tolerance = 0, nudge = 0, feedbackGain = 1, each } = options;
  const clamped = clampedAreas(setting, options);
  const isPlain = !options.clamp && !options.drive && !options.values;
  const known = isPlain ? drivesOf(options) : undefined;
  const settling = network.areas
    .filter((area) => !clamped.has(area))
    .map((area) => begin(relaxation, setting, area, options, known?.get(area)));
  const byArea = new Map(settling.map((node) => [node.area, node]));
  const couplings = new Map(settling.map(({ area }) => [area, relaxation.couplings(network, area)]));
  const free = new Map(
    settling.map(({ area }) => [area, couplings.get(area)?.filter(({ from }) => byArea.has(from)) ?? []]),
  );
  const activity = (area: Area): Tensor =>
    byArea.get(area)?.activity ?? (clamped.get(area) as Clamped).activity;
  const rate = (area: Area): Tensor => byArea.get(area)?.rate ?? (clamped.get(area) as Clamped).rate;
  /** An energy has ρ ⊙ gain in place of ρ, so a unit's input is scaled as well as its output. */
  const scaleByGain = ({ gain }: SettlingArea, received: Tensor): void => {
    if (gain && relaxation.settles === 'states') compute.multiply(received, received, gain);
  };
  const send = (node: SettlingArea): void => {
    if (node.gain) compute.multiply(node.activity, node.rate, node.gain);
  };

  if (!known) {
    for (const node of settling) {
      const { area, drive } = node;
      const fixed = couplings.get(area)?.filter(({ from }) => clamped.has(from)) ?? [];
      receive(compute, drive, fixed, activity, options);
      const push = options.drive?.(area);
      if (push) compute.add(drive, drive, push);
      if (area.bias) {
        const bias = options.values?.(area.bias) ?? area.bias.values;
        compute.activate(drive, drive, bias, 'linear');
      }
      scaleByGain(node, drive);
    }
  }
  if (options.start === 'feedforward') {
    for (const node of settling) {
      const ahead = free
        .get(node.area)
        ?.filter(({ projection, back }) => projection.kind === 'forward' && !back);
      receive(compute, node.received, ahead ?? [], activity, options);
      scaleByGain(node, node.received);
      relaxation.update(setting, node, 1, 0);
      send(node);
    }
  }

  const pass = {
    activities: network.areas.map(activity),
    rates: network.areas.map(rate),
    outputs: network.areas.map(rate),
    states: network.areas.map((area) => byArea.get(area)?.state ?? rate(area)),
    gains: network.areas.map((area) => byArea.get(area)?.gain ?? clamped.get(area)?.gain),
    potentials: network.areas.map((area) => byArea.get(area)?.potential),
  };
  const pulls = nudge === 0 ? [] : pulled(setting, network.objectives, byArea);
  const drives = isPlain ? new Map(settling.map(({ area, drive }) => [area, drive])) : undefined;
  let ended: Settling = { steps: 0, speed: undefined, feedbackGain, drives };
  for (let step = 0; step < steps; step++) {
    for (const node of settling) {
      receive(compute, node.received, free.get(node.area) ?? [], activity, options);
      scaleByGain(node, node.received);
    }
    for (const { objective, node, error } of pulls) {
      setting.pull(objective, node.rate, error);
      compute.addScaled(node.received, error, -nudge);
    }
    const checks = tolerance > 0 && ((step + 1) % STEPS_A_CHECK === 0 || step === steps - 1);
    const advance = () => {
      for (const node of settling) {
        relaxation.update(setting, node, stepSize, step);
        send(node);
      }
    };
    const speed = checks ? speedOf(compute, settling, advance) / stepSize : undefined;
    if (!checks) advance();
    ended = { steps: step + 1, speed, feedbackGain, drives };
    each?.(momentOf(ended.steps, stepSize, pass, {}));
    if (speed === undefined) continue;
    checkFinite(speed, name, ended.steps, stepSize);
    if (speed < tolerance) break;
  }
  return { ...phaseOf(compute, name, pass), settling: ended };
}

/** What the input sent in the phase from which this one goes on, if that phase settled. */
function drivesOf({ start }: FeedbackGainOptions): Settling['drives'] {
  return typeof start === 'object' && 'settling' in start
    ? (start as SettledPhase).settling.drives
    : undefined;
}

function begin(
  { settles }: Relaxation,
  setting: Setting,
  area: Area,
  { start }: FeedbackGainOptions,
  drive: Tensor | undefined,
): SettlingArea {
  const { compute, inputs } = setting;
  const make = () => compute.temporary([inputs.rows, area.units]);
  const state = make();
  const from = start === 'feedforward' ? undefined : startOf(start, area);
  if (from) compute.copy(state, from);
  else compute.fill(state, 0);
  const isRate = settles === 'rates' || isOwnRate(area.activation);
  const rate = isRate ? state : make();
  if (settles === 'states') compute.activate(rate, state, undefined, area.activation);
  const gain = dropoutGain(setting, area);
  const activity = gain ? make() : rate;
  if (gain) compute.multiply(activity, rate, gain);
  const needsPotential = area.activation.slope.from === 'potential';
  const potential = !needsPotential ? undefined : settles === 'states' ? state : make();
  if (potential && potential !== state) compute.fill(potential, 0);
  return { area, state, rate, activity, gain, drive: drive ?? make(), received: make(), potential };
}

/** Objectives whose areas are free to be pulled, each with a tensor for its error. */
function pulled(
  { compute }: Setting,
  objectives: readonly Objective[],
  byArea: ReadonlyMap<Area, SettlingArea>,
): readonly { objective: Objective; node: SettlingArea; error: Tensor }[] {
  return objectives.flatMap((objective) => {
    const node = byArea.get(objective.area);
    return node ? [{ objective, node, error: compute.temporary(node.rate.shape) }] : [];
  });
}

/** Root mean square of what one step changes, over all units and examples. Reads a value back: a stopping test. */
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
      compute.subtract(change, state, change);
      compute.dot(sum, change, change);
      square += unwatched(sum.heap, () => sum.data[0] as number);
      count += state.size;
    }
    return Math.sqrt(square / Math.max(1, count));
  });
}

function checkFinite(speed: number, phase: string, steps: number, stepSize: number): void {
  if (Number.isFinite(speed)) return;
  throw new ApicalError(
    'dynamics.diverged',
    `The activity of phase "${phase}" is not finite after ${steps} steps of size ${stepSize}. ` +
      'Take smaller steps (ruleOptions.stepSize) or smaller weights (network.initialisation.scale, optimiser.maximumNorm).',
    { phase, steps, stepSize },
  );
}

/**
 * Returns a phase that settled. Throws `dynamics.unsettled` if the phase took all its steps and its units still change
 * faster than `tolerance`, by root mean square per time constant. A tolerance of 0 accepts every phase.
 *
 * @example
 * ```ts
 * import { train } from 'apical';
 * import { defineRule, emitReadouts, mustSettle, recurrentBackpropagation } from 'apical/rules';
 *
 * // A delta rule at the fixed point, which must be reached within 200 steps.
 * const rule = defineRule({
 *   ...recurrentBackpropagation,
 *   id: 'settled-readout',
 *   learn(step) {
 *     const tolerance = 1e-3;
 *     emitReadouts(step, mustSettle(step.run('free', { steps: 200, tolerance }), tolerance));
 *   },
 * });
 * const result = await train({ rule, dataset: 'rings', network: { hidden: [8], activation: 'tanh' }, epochs: 1 });
 * result.dispose();
 * ```
 */
export function mustSettle(phase: SettledPhase, tolerance: number): SettledPhase {
  const { steps, speed = 0 } = phase.settling;
  if (tolerance === 0 || speed < tolerance) return phase;
  throw new ApicalError(
    'dynamics.unsettled',
    `Phase "${phase.name}" has not settled after ${steps} steps: its units change by ${speed.toPrecision(2)} per time constant (root mean square), and the tolerance is ${tolerance}. ` +
      `Allow more steps (ruleOptions.${phase.name}Steps), a larger tolerance (0 takes all steps), or smaller steps if activity oscillates (ruleOptions.stepSize).`,
    { phase: phase.name, steps, speed, tolerance },
  );
}
