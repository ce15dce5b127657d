import { ramp, spikesOf, sumOverPairs, TimingWindow } from '../../analysis/spike-timing.ts';
import type { Ramp } from '../../analysis/spike-timing.ts';
import type { Area } from '../../network/area.ts';
import { plainDescent } from '../../network/optimiser.ts';
import { stack } from '../../network/specification.ts';
import { Sequence, stream } from '../../random/stream.ts';
import type { Stream } from '../../random/stream.ts';
import { Learner } from '../../rules/learner.ts';
import type { Batch } from '../../rules/learner.ts';
import { parseOptions } from '../../rules/rule.ts';
import { twoPass } from '../../rules/two-pass.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

const LAYERS = [5, 4, 4, 3] as const;

/** One number a unit, by area. */
type Rates = ReadonlyMap<Area, readonly number[]>;

/** A synapse, by areas and units. */
export interface Synapse {
  readonly from: Area;
  readonly to: Area;
  readonly pre: number;
  readonly post: number;
}

/**
 * A network in which one example makes every unit hear from above what it hears from below: logistic units 5-4-4 below
 * a softmax of 3, tied weights, and thresholds for what comes down that make up the difference,
 *
 *   c_l = a_l − r_{l+1} W_{l+1}ᵀ
 *
 * Learned by the two top-down passes alone.
 */
export class BalancedNetwork {
  readonly learner: Learner;
  readonly batch: Batch;
  readonly synapses: readonly Synapse[];
  readonly #compute: Compute;
  readonly #label: number;

  constructor(compute: Compute, blend: number, seed: number) {
    this.#compute = compute;
    const base = stack({ layers: LAYERS, activation: 'logistic', objective: 'cross-entropy' });
    this.learner = new Learner(compute, {
      specification: {
        ...base,
        areas: base.areas.map((area) => ({ ...area, topDownBias: area.id !== 'output' })),
      },
      rule: twoPass,
      options: parseOptions(twoPass, { blend, topDown: 'tied', autoencoding: 0, code: 0, visible: 'linear' }),
      optimiserOf: () => plainDescent(0),
      seed,
      epochs: 1,
    });
    const draws = new Sequence(stream(seed, 'balanced network'));
    const inputs = compute.allocate([1, LAYERS[0]]);
    inputs.set(Array.from({ length: inputs.size }, () => 0.4 + 0.2 * draws.uniform()));
    this.#label = draws.below(LAYERS[3]);
    this.batch = { inputs, targets: compute.allocate([1], 'i32').set([this.#label]) };
    this.#balance();
    this.synapses = this.learner.network.projections.flatMap(({ from, to }) =>
      Array.from({ length: from.units * to.units }, (_, index) => ({
        ...{ from, to },
        ...{ pre: Math.floor(index / to.units), post: index % to.units },
      })),
    );
  }

  /** What every unit says to an input: its rate, of the output its probabilities. */
  said(inputs: Tensor = this.batch.inputs): Rates {
    const { network } = this.learner;
    const found = new Map<Area, readonly number[]>();
    this.learner.respond(inputs, (phase) => {
      for (const area of network.areas) {
        const rates = phase.rate(area).toArray();
        found.set(area, area.id === 'output' ? softmax(rates) : rates);
      }
    });
    return found;
  }

  /** What it says when the input has gone a share of a move. */
  saidOnTheWay(move: readonly number[], share = 1): Rates {
    const { inputs } = this.batch;
    return this.#compute.scope(() => {
      const values = inputs.toArray().map((value, unit) => value + share * (move[unit] ?? NaN));
      return this.said(this.#compute.temporary(inputs.shape).set(values));
    });
  }

  /** dy/dt of every unit above the input, as the blend begins: read off from what the rule emits for its threshold. */
  velocities(): Rates {
    const found = new Map<Area, readonly number[]>();
    this.learner.estimate(this.batch, 0, (terms) => {
      for (const area of this.learner.network.areas) {
        const [term] = (area.bias && terms.get(area.bias)) ?? [];
        if (term?.kind !== 'outer') continue;
        const factor = -(term.factor ?? 1);
        found.set(
          area,
          term.post.toArray().map((value) => factor * value),
        );
      }
    });
    return found;
  }

  /** What a move of the input changes of every unit's rate, by the weights: J d, with J in the middle of the way. */
  carried(move: readonly number[]): Rates {
    const said = this.saidOnTheWay(move, 0.5);
    const found = new Map<Area, readonly number[]>([[this.learner.network.input, move]]);
    for (const { from, to, weights } of this.learner.network.projections) {
      const below = found.get(from) ?? [];
      const rates = said.get(to) ?? [];
      const potentials = rates.map((_, j) =>
        below.reduce((sum, value, i) => sum + value * (weights.data[i * to.units + j] ?? NaN), 0),
      );
      const mean = rates.reduce((sum, rate, j) => sum + rate * (potentials[j] ?? NaN), 0);
      found.set(
        to,
        rates.map((rate, j) => {
          const push = potentials[j] ?? NaN;
          return to.id === 'output' ? rate * (push - mean) : rate * (1 - rate) * push;
        }),
      );
    }
    return found;
  }

  dispose(): void {
    this.learner.dispose();
    this.#compute.free(this.batch.inputs);
    this.#compute.free(this.batch.targets);
  }

  #balance(): void {
    const compute = this.#compute;
    const said = this.said();
    const heard = new Map<Area, Tensor>();
    compute.scope(() => {
      for (const { from, to, weights } of this.learner.network.projections) {
        const thresholds = from.topDownBias?.values as Tensor;
        const potentials = heard.get(from) ?? this.batch.inputs;
        const above = compute.temporary([1, to.units]).set(said.get(to) as number[]);
        const back = compute.temporary([1, from.units]);
        compute.matmul(back, above, weights, { transposeB: true });
        thresholds.set(potentials.toArray().map((value, i) => value - (back.data[i] ?? NaN)));
        const sent = compute.temporary([1, to.units]);
        compute.matmul(sent, compute.temporary([1, from.units]).set(said.get(from) as number[]), weights);
        compute.activate(sent, sent, to.bias?.values, 'linear');
        heard.set(to, sent);
      }
    });
  }
}

function softmax(values: readonly number[]): number[] {
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Spikes a second of a unit whose rate is 1. */
const PEAK = 100;
/** Seconds in which the top goes over from the prediction to the blend. */
const DURATION = 0.05;
const WINDOW = new TimingWindow();
/** Presentations that are summed before they are kept. */
export const SMALLEST = 8;
/** Presentations between two words on progress. */
const BREATH = 200;

/** The rates of every unit before and after. */
export interface Course {
  readonly before: Rates;
  readonly after: Rates;
}

/** What synapses read off from the spikes of many presentations. */
export interface ReadOff {
  /** Means over SMALLEST presentations each, by synapse, in units of rate². */
  readonly blocks: readonly (readonly number[])[];
  /** Their expectation, ½ (x before + x after)(y after − y before), and the variance of one presentation by law. */
  readonly expected: readonly number[];
  readonly variance: readonly number[];
}

/** Presents a course many times: Poisson spikes, and the sum over their pairs at every synapse. */
export async function present(
  synapses: readonly Synapse[],
  { before, after }: Course,
  seed: number,
  presentations: number,
  progress: (share: number) => Promise<void>,
): Promise<ReadOff> {
  const { reach } = WINDOW;
  const [from, to] = [-reach, DURATION + reach];
  const axons = [...before].flatMap(([area, rates]) =>
    rates.map((rate, unit): { area: Area; unit: number; course: Ramp } => ({
      ...{ area, unit },
      course: { before: PEAK * rate, after: PEAK * (after.get(area)?.[unit] ?? NaN), duration: DURATION },
    })),
  );
  const numbers = new Map(axons.map(({ area, unit }, axon) => [`${area.id} ${unit}`, axon]));
  const joined = synapses.map(
    (its) =>
      [numbers.get(`${its.from.id} ${its.pre}`), numbers.get(`${its.to.id} ${its.post}`)] as [number, number],
  );
  const streams = axons.map(({ area, unit }) => stream(seed, `spikes of ${area.id} ${unit}`));
  const blocks: number[][] = [];
  for (let number = 0; number < presentations; number++) {
    if (number % BREATH === 0) await progress(number / presentations);
    const trains = axons.map(({ course }, axon) =>
      spikesOf(new Sequence(streams[axon] as Stream, number), course, from - reach, to + reach),
    );
    const within = trains.map((spikes) => spikes.filter((time) => time >= from && time < to));
    if (number % SMALLEST === 0) blocks.push(joined.map(() => 0));
    const sums = blocks.at(-1) as number[];
    for (const [index, [pre, post]] of joined.entries()) {
      const sum = sumOverPairs(WINDOW, within[pre] as number[], trains[post] as number[]);
      sums[index] = (sums[index] as number) + sum / (SMALLEST * PEAK ** 2);
    }
  }
  const courseOf = (axon: number): Ramp => (axons[axon] as { course: Ramp }).course;
  const middle = (axon: number): number => ramp(courseOf(axon), DURATION / 2);
  return {
    blocks,
    expected: joined.map(
      ([pre, post]) => (middle(pre) * (courseOf(post).after - courseOf(post).before)) / PEAK ** 2,
    ),
    variance: joined.map(([pre, post]) => WINDOW.variance(middle(pre), middle(post), to - from) / PEAK ** 4),
  };
}

/** The mean of the first `count` blocks from one on, by synapse. */
export const meanOf = (blocks: ReadOff['blocks'], first = 0, count = blocks.length): number[] =>
  (blocks[0] ?? []).map((_, synapse) => {
    let sum = 0;
    for (let index = first; index < first + count; index++) sum += blocks[index]?.[synapse] ?? NaN;
    return sum / count;
  });
