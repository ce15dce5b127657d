import { ApicalError } from '../../errors.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { projectionId } from '../../network/specification.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { refuseAsymmetry, symmetricCouplings, receive } from '../settling/couplings.ts';
import { dropoutGain } from '../dropout.ts';
import { startOf } from '../phase.ts';
import type { PhaseOptions, Setting } from '../phase.ts';
import { phaseOf } from '../record.ts';
import type { Coupling } from '../settling/couplings.ts';
import type { Accepts, Dynamics } from '../step.ts';
import { drawsIn } from '../stochastic/draws.ts';
import type { Sampling } from '../stochastic/draws.ts';
import { temperaturesOf } from './temperature.ts';
import type { Annealing } from './temperature.ts';
import { biasOf, isChoice, makesChoice } from './units.ts';
import { clampedAreas } from '../clamped.ts';

/** Phase options of Gibbs sampling. A clamped area stays as it is. */
export interface GibbsOptions
  extends Pick<PhaseOptions, 'inputs' | 'clamp' | 'drive' | 'values' | 'start'>, Sampling, Annealing {
  /** Areas that take part. Default: all. */
  readonly within?: readonly Area[] | undefined;
  /** Whether the input is free like any other area, instead of clamped to the examples. */
  readonly freeInput?: boolean | undefined;
}

/**
 * Gibbs sampling of binary stochastic units, with clamped areas held fixed:
 *
 *   E(s) = −Σ_{i<j} W_ij s_i s_j − Σ_i b_i s_i,     P(s) ∝ exp(−E/T),     p(s_i = 1 | others) = σ( (s W + b)_i / T )
 *
 * Every forward and lateral projection couples its ends by one matrix, used in both directions. In a sweep areas take
 * turns in the order of the network. Units that no lateral projection joins are drawn together, others in turn. A
 * linear area with an objective chooses one unit, by a softmax of (s W + b)/T. A temperature per sweep gives annealing.
 *
 * In a phase that does not sample, units take their probabilities instead of draws: the mean-field approximation, one
 * area after another. Objectives evaluate draws, or else probabilities; for a choice, its potentials.
 *
 * Bias are an area's own; where nothing comes to it from below in the phase, its top-down ones if it has any. A
 * unit that dropout silences sends nothing in any phase of a step.
 *
 * Draws are keyed by (phase, area, sweep), step and row. Source: Geman & Geman (1984), IEEE PAMI 6; Ackley, Hinton &
 * Sejnowski (1985), Cognitive Science 9.
 */
export const gibbs: Dynamics<GibbsOptions> = {
  id: 'gibbs',
  title: 'Binary units drawn in turn',
  accepts: {
    clamp: true,
    drive: true,
    values: true,
    start: true,
    sample: true,
    steps: true,
    temperature: true,
    within: true,
    freeInput: true,
  } satisfies Accepts<GibbsOptions>,
  activations: ['logistic'],
  refuses: (specification) => refuseAsymmetry(specification) ?? refuseSelfConnections(specification),

  run(setting, name, options) {
    const { compute, network } = setting;
    const temperatures = temperaturesOf(options);
    const takesPart = (area: Area) => options.within?.includes(area) ?? true;
    const clamped = clampedAreas(setting, options);
    const isClamped = (area: Area) => clamped.has(area);
    const areas = network.areas.filter(takesPart);
    const free = areas.filter((area) => !isClamped(area));
    const rows = rowsOf(setting, options, free, areas.some(isClamped));
    const chains = new Map(free.map((area) => [area, begin(setting, area, rows, options)]));
    const activity = (area: Area): Tensor =>
      chains.get(area)?.activity ?? (clamped.get(area)?.activity as Tensor);
    /** Whether anything besides the bias stays the same in all sweeps. */
    const drives = new Map<Area, boolean>();
    const ways = new Map(
      free.map((area) => [area, symmetricCouplings(network, area).filter(({ from }) => takesPart(from))]),
    );
    for (const { area, drive } of chains.values()) {
      const fixed = (ways.get(area) ?? []).filter(({ from }) => isClamped(from));
      const push = options.drive?.(area);
      drives.set(area, fixed.length > 0 || push !== undefined);
      if (!drives.get(area)) continue;
      receive(compute, drive, fixed, activity, options);
      if (push) compute.add(drive, drive, push);
    }
    for (const [sweep, temperature] of temperatures.entries()) {
      for (const chain of chains.values()) {
        const { area, drive, potential, gain } = chain;
        const all = ways.get(area) ?? [];
        const others = all.filter(({ from }) => from !== area && !isClamped(from));
        if (others.length > 0) receive(compute, potential, others, activity, options);
        else if (drives.get(area)) compute.copy(potential, drive);
        else compute.fill(potential, 0);
        if (others.length > 0 && drives.get(area)) compute.add(potential, potential, drive);
        const own = biasOf(area, takesPart);
        let bias = own && (options.values?.(own) ?? own.values);
        if (gain) {
          if (bias) compute.activate(potential, potential, bias, 'linear');
          compute.multiply(potential, potential, gain);
          bias = undefined;
        }
        const key = `${name} ${area.id} ${sweep}`;
        update(setting, key, chain, bias, lateralOf(all, area), 1 / temperature, options);
        if (gain) compute.multiply(chain.activity, chain.state, gain);
      }
    }
    const of = (read: (chain: Chain) => Tensor | undefined, given: (area: Area) => Tensor | undefined) =>
      network.areas.map((area) => {
        if (!takesPart(area)) return undefined;
        const chain = chains.get(area);
        return chain ? read(chain) : given(area);
      });
    return phaseOf(compute, name, {
      activities: of(
        (chain) => chain.activity,
        (area) => clamped.get(area)?.activity,
      ),
      rates: of(
        (chain) => chain.rate,
        (area) => clamped.get(area)?.rate,
      ),
      outputs: of(
        (chain) => chain.output,
        (area) => clamped.get(area)?.rate,
      ),
      states: of(
        (chain) => chain.state,
        (area) => clamped.get(area)?.rate,
      ),
      gains: of(
        (chain) => chain.gain,
        (area) => clamped.get(area)?.gain,
      ),
    });
  },
};

/** A free area while it is sampled; tensors (rows, units). */
interface Chain {
  readonly area: Area;
  /** The draws, or the probabilities. */
  readonly state: Tensor;
  /** What it sends: the state after dropout. */
  readonly activity: Tensor;
  readonly gain: Tensor | undefined;
  /** Probabilities; for a choice that does not draw, its potentials. */
  readonly rate: Tensor;
  /** What an objective evaluates. */
  readonly output: Tensor;
  /** The signals of clamped areas, which stay fixed. */
  readonly drive: Tensor;
  /** The signals of all areas, computed anew in each sweep. */
  readonly potential: Tensor;
}

function begin(setting: Setting, area: Area, rows: number, options: GibbsOptions): Chain {
  const { compute, network } = setting;
  const make = () => compute.temporary([rows, area.units]);
  const state = make();
  const from = startOf(options.start, area);
  if (from) compute.copy(state, from);
  else compute.fill(state, 0);
  const gain = dropoutGain(setting, area);
  const activity = gain ? make() : state;
  if (gain) compute.multiply(activity, state, gain);
  // The state of units that neither draw nor choose is their probability.
  const draws = drawsIn(options, area);
  const rate = draws || isChoice(network, area) || isJoined(area) ? make() : state;
  if (rate !== state) compute.copy(rate, state);
  const output = draws ? state : rate;
  return { area, state, activity, gain, rate, output, drive: make(), potential: make() };
}

function update(
  { compute, network, step, stream }: Setting,
  key: string,
  { area, state, rate, potential }: Chain,
  bias: Tensor | undefined,
  lateral: Projection | undefined,
  gain: number,
  options: GibbsOptions,
): void {
  const draws = drawsIn(options, area);
  if (!lateral && draws && !isChoice(network, area)) {
    compute.fire(state, rate, potential, bias, gain, stream(key), step);
    return;
  }
  if (!lateral && gain === 1 && !isChoice(network, area)) {
    compute.activate(rate, potential, bias, 'logistic');
    return;
  }
  if (bias) compute.activate(potential, potential, bias, 'linear');
  if (isChoice(network, area)) {
    compute.scale(rate, potential, gain);
    compute.softmax(state, rate);
    if (!draws) return;
    compute.copy(rate, state);
    const uniform = compute.temporary([state.rows, 1]);
    compute.drawUniform(uniform, 0, 1, stream(key), step);
    compute.choose(state, rate, uniform);
    return;
  }
  if (lateral) {
    checkStorage(lateral);
    const weights = options.values?.(lateral) ?? lateral.weights;
    const uniform = draws ? compute.temporary(state.shape) : undefined;
    if (uniform) compute.drawUniform(uniform, 0, 1, stream(key), step);
    compute.sweep(state, potential, weights, uniform, gain);
    // After all have taken their turns: the probabilities given the final states of their neighbours.
    lateral.send(compute, potential, state, 1, weights);
  }
  compute.scale(rate, potential, gain);
  compute.activate(rate, rate, undefined, 'logistic');
}

/** Whether a lateral projection joins the area's units to each other. */
const isJoined = (area: Area) => area.incoming.some(({ from, kind }) => from === area && kind === 'lateral');

const lateralOf = (ways: readonly Coupling[], area: Area) =>
  ways.find(({ from }) => from === area)?.projection;

/** Number of rows: that of the examples, or without any clamped area that of the states to start from. */
function rowsOf(
  { inputs }: Setting,
  options: GibbsOptions,
  free: readonly Area[],
  someClamped: boolean,
): number {
  if (someClamped || !options.start) return inputs.rows;
  const rows = free.flatMap((area) => startOf(options.start, area)?.rows ?? []);
  return rows[0] ?? inputs.rows;
}

function refuseSelfConnections(specification: NetworkSpecification): string | undefined {
  const { projections } = specification;
  for (const projection of projections) {
    if (projection.from !== projection.to) continue;
    const id = projectionId(projection);
    if (projection.selfConnections === true) {
      return `"${id}" joins units to themselves, which is a bias for a unit that is 0 or 1: leave out "selfConnections"`;
    }
    const same = projections.filter(({ from, to }) => from === projection.from && to === projection.to);
    if (same.length > 1) {
      return `area "${projection.from}" is joined to itself by ${same.length} projections: make them one`;
    }
    if (makesChoice(specification, projection.to)) {
      return `"${id}" joins the units of "${projection.to}", of which only one is chosen: leave it out or make the area logistic`;
    }
  }
  return undefined;
}

/** Throws `network.storage` for sparse weights: units take turns, each with its whole row. */
function checkStorage({ id, storage }: Projection): void {
  if (storage === 'dense') return;
  throw new ApicalError(
    'network.storage',
    `Projection "${id}" is stored sparsely, but Gibbs sampling within an area needs a matrix. Set its storage to "dense".`,
    { projection: id },
  );
}
