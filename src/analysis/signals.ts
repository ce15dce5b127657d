import { Matrix, pseudoInverse } from 'ml-matrix';
import { descend, feedforward } from '../dynamics/index.ts';
import type { DendriticPhase, LearningStep, Phase } from '../dynamics/index.ts';
import type { Area } from '../network/area.ts';
import type { Objective } from '../network/objectives/objective.ts';
import type { Parameter } from '../network/parameter.ts';
import type { Term } from '../network/terms.ts';
import type { Batch, Learner } from '../learning/learner.ts';
import { outputOf } from '../rules/shared/reconstruction.ts';
import { reconstruct } from '../rules/temporal-error/recirculation.ts';
import type { Rule } from '../learning/rule.ts';
import type { Compute } from '../tensor/compute.ts';
import type { ActivationReference } from '../tensor/activation.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { angleFrom } from './angle.ts';

/** Agreement of an area's teaching signal with another direction, over all units and examples. */
export interface Agreement {
  /** Angle in degrees; null when either is zero. */
  readonly angle: number | null;
  /** Slope of the best-fitting line through 0: ⟨signal, other⟩ / ‖other‖². */
  readonly slope: number | null;
}

/** The teaching signal of an area's units, compared with the exact gradient. */
export interface AreaSignal {
  readonly area: string;
  /** Agreement with −∂L/∂a, the descent direction of each example's loss in the units' potentials a. */
  readonly gradient: Agreement | null;
  /** Agreement with the Gauss–Newton change of a; only for a feedforward network with one objective. */
  readonly gaussNewton: Agreement | null;
  /** Agreement of the apical dendrites' potential with −∂L/∂a; only for units with apical dendrites. */
  readonly apical: Agreement | null;
  /** (−∂L/∂a, signal) for evenly spaced units and examples. */
  readonly points: readonly (readonly [gradient: number, signal: number])[];
}

/** Quality of the reconstruction of an area from the areas above it. */
export interface Reconstruction {
  readonly area: string;
  /** Σ(h − ĥ)² / Σ(h − h̄)², with the mean h̄ over the examples: 0 is perfect, 1 no better than the mean. */
  readonly unexplained: number;
}

export interface Signals {
  /** Signals of the hidden areas, from the first to the last. */
  readonly areas: readonly AreaSignal[];
  /** Reconstructions of areas that receive top-down input through weights trained to reconstruct them. */
  readonly reconstructions: readonly Reconstruction[];
}

export interface SignalOptions {
  /** Largest number of points kept for a scatter plot. Default 400. */
  readonly points?: number;
}

/**
 * Compares the teaching signal that a learner's rule gives every hidden unit with the gradient. A rule emits updates
 * pre ⊗ post. The post of the terms for an area's biases is the teaching signal of its units, whatever it represents:
 * a change of activity in time, the distance from a target, a prediction error, a plateau. For an area without biases
 * it is read from the synapses of its first projection. The exact reference is read in the same way. In time the signal is
 * that of every step, and terms emitted within a step (option `each`) belong to it; of an eligibility term it is the
 * learning signal times the trace's newest part, signal ⊙ post. Changes nothing.
 *
 * The Gauss–Newton change of an area's potentials is the smallest one that moves the outputs against the error of the
 * objective: Δa = J⁺ (−∂L/∂y) with J = ∂y/∂a, per example. Target propagation with exact inverses sends this signal
 * (Meulemans et al. 2020, NeurIPS 33).
 */
export function teachingSignals(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  step: number,
  { points = 400 }: SignalOptions = {},
): Signals {
  const { network, rule, reference } = learner;
  const hidden = network.areas.filter((area) => !area.isInput && isOnTheWay(area) && taught(area).length > 0);
  return compute.scope(() => {
    const whenOf = new WeakMap<Term, number>();
    const copies = (from: ReadonlyMap<Parameter, readonly Term[]>) =>
      new Map(hidden.map((area) => [area, signalOf(compute, area, batch, from, whenOf)]));
    const apical = new Map<Area, Float64Array>();
    let signals: ReadonlyMap<Area, Float64Array | undefined> = new Map();
    let [now, isWithin]: [number | undefined, boolean] = [undefined, false];
    learner.estimate(batch, step, (terms) => (signals = copies(terms)), undefined, {
      stage(stage) {
        isWithin = stage === 'forward';
      },
      term(_, term) {
        if (isWithin && now !== undefined) whenOf.set(term, now);
      },
      phase(phase) {
        now = phase.time;
        for (const [area, potential] of apicalPotentials(rule, hidden, phase)) apical.set(area, potential);
      },
    });
    let exact: ReadonlyMap<Area, Float64Array | undefined> = new Map();
    if (reference) learner.estimate(batch, step, (terms) => (exact = copies(terms)), reference);
    const newton = gaussNewton(compute, learner, batch, step, hidden);
    return {
      areas: hidden.flatMap((area): AreaSignal[] => {
        const signal = signals.get(area);
        if (!signal) return [];
        const gradient = exact.get(area);
        const [change, dendrite] = [newton?.get(area), apical.get(area)];
        return [
          {
            area: area.id,
            gradient: gradient ? compare(signal, gradient) : null,
            gaussNewton: change ? compare(signal, change) : null,
            apical: gradient && dendrite ? compare(dendrite, gradient) : null,
            points: gradient ? scatter(gradient, signal, points, area.units) : [],
          },
        ];
      }),
      reconstructions: reconstructions(compute, learner, batch, step),
    };
  });
}

/** Tells whether an area has forward projections, and so contributes to the outputs. */
const isOnTheWay = ({ outgoing }: Area): boolean => outgoing.some(({ kind }) => kind === 'forward');

/** Returns the parameter whose terms hold an area's teaching signal: its bias, or else its first forward projection. */
const taught = ({ bias, incoming }: Area): readonly Parameter[] =>
  bias ? [bias] : incoming.filter(({ kind, plastic }) => kind === 'forward' && plastic).slice(0, 1);

/**
 * Computes −Σ factor · post · count, row-major: the descent direction of each example's own loss. Undefined if a term of
 * another kind teaches the area, or one of which it is unknown to which examples or steps it belongs.
 *
 * @param whenOf - Steps in time of the terms that were emitted within one.
 */
function signalOf(
  compute: Compute,
  area: Area,
  { inputs: { rows }, time }: Batch,
  terms: ReadonlyMap<Parameter, readonly Term[]>,
  whenOf: WeakMap<Term, number>,
): Float64Array | undefined {
  const taughtBy = taught(area).flatMap((parameter) => terms.get(parameter) ?? []);
  if (taughtBy.length === 0) return undefined;
  const count = time ? Math.max(1, time.count) : rows;
  const stepRows = rows / (time?.steps ?? 1);
  return compute.scope(() => {
    const sum = compute.temporary([rows, area.units]);
    compute.fill(sum, 0);
    for (const term of taughtBy) {
      const post = teaching(compute, term);
      if (!post) return undefined;
      const step = whenOf.get(term);
      const isOfStep = step !== undefined && post.rows === stepRows;
      if (post.rows !== rows && !isOfStep) return undefined;
      const target = isOfStep ? sum.rowRange(step * stepRows, stepRows) : sum;
      compute.combine(target, post, target, -(term.factor ?? 1) * count, 1);
    }
    return Float64Array.from(sum.data);
  });
}

/** Returns what a term teaches the postsynaptic units, (rows, units); undefined for a kind that has no such part. */
function teaching(compute: Compute, term: Term): Tensor | undefined {
  if (term.kind === 'outer') return term.post;
  if (term.kind !== 'eligibility' || !term.post) return undefined;
  const product = compute.temporary(term.signal.shape);
  compute.multiply(product, term.signal, term.post);
  return product;
}

/** Returns the apical potentials of areas in a phase; empty if the dynamics have no apical compartment. */
function apicalPotentials({ dynamics }: Rule, areas: readonly Area[], phase: Phase): [Area, Float64Array][] {
  if (!dynamics.compartments?.includes('apical') || !('compartment' in phase)) return [];
  const { compartment } = phase as DendriticPhase;
  return areas
    .filter((area) => phase.takesPart(area))
    .map((area) => [area, Float64Array.from(compartment(area, 'apical').data)]);
}

/** Computes J⁺ (−∂L/∂y) by area, row-major (batch, units); only for a feedforward network with one objective. */
function gaussNewton(
  compute: Compute,
  learner: Learner,
  batch: Batch,
  step: number,
  hidden: readonly Area[],
): ReadonlyMap<Area, Float64Array> | undefined {
  const { network, rule } = learner;
  const [objective, ...others] = network.objectives.filter(({ auxiliary }) => !auxiliary);
  if (rule.dynamics !== feedforward || !objective || others.length > 0) return undefined;
  const outputs = objective.area.units;
  const rows = batch.inputs.rows;
  /** ∂y_k/∂a (batch, units), by area and output. */
  const jacobian = new Map(hidden.map((area) => [area, [] as Float64Array[]]));
  let error = new Float64Array();
  learner.observe(batch, step, (pass) => {
    const phase = pass.run('forward');
    error = Float64Array.from(pass.error(phase, objective).data);
    for (let output = 0; output < outputs; output++) {
      compute.scope(() => {
        const of = slopesOf(pass, phase, objective, output);
        for (const area of hidden) {
          const slopes = of(area);
          jacobian
            .get(area)
            ?.push(slopes ? Float64Array.from(slopes.data) : new Float64Array(rows * area.units));
        }
      });
    }
  });
  return new Map(
    hidden.map((area) => [area, leastChange(jacobian.get(area) ?? [], error, rows, area.units)]),
  );
}

/** Computes ∂y_k/∂a for every area, by the chain rule from output k alone. */
function slopesOf(
  step: LearningStep,
  phase: Phase,
  objective: Objective,
  output: number,
): (area: Area) => Tensor | undefined {
  const { compute, inputs } = step;
  const units = objective.area.units;
  const alone = (_: Phase, of: Objective): Tensor => {
    const error = compute.temporary([inputs.rows, of.area.units]);
    compute.fill(error, 0);
    if (of === objective) {
      for (let row = 0; row < inputs.rows; row++) error.data[row * units + output] = 1;
    }
    return error;
  };
  return descend({ ...step, error: alone, emit: () => undefined }, phase, (projection, above, below, beta) =>
    projection.sendBack(compute, below, above, beta),
  );
}

/** Computes J⁺ (−error) per example, row-major (rows, units), from one slope (rows, units) per output. */
function leastChange(
  slopes: readonly Float64Array[],
  error: Float64Array,
  rows: number,
  units: number,
): Float64Array {
  const change = new Float64Array(rows * units);
  for (let row = 0; row < rows; row++) {
    const jacobian = slopes.map((slope) => slope.subarray(row * units, (row + 1) * units));
    const gram = new Matrix(jacobian.map((a) => jacobian.map((b) => inner(a, b))));
    const outputs = slopes.length;
    const wanted = Matrix.columnVector(error.slice(row * outputs, (row + 1) * outputs)).neg();
    const parts = pseudoInverse(gram).mmul(wanted).to1DArray();
    for (const [output, slopesOfOutput] of jacobian.entries()) {
      for (const [unit, slope] of slopesOfOutput.entries()) {
        const at = row * units + unit;
        change[at] = (change[at] as number) + slope * (parts[output] as number);
      }
    }
  }
  return change;
}

function reconstructions(compute: Compute, learner: Learner, batch: Batch, step: number): Reconstruction[] {
  const { network, rule } = learner;
  if (rule.dynamics !== feedforward) return [];
  const found: Reconstruction[] = [];
  learner.observe(batch, step, (pass) => {
    const phase = pass.run('forward');
    for (const area of network.areas) {
      const [first, ...others] = area.outgoing
        .filter(({ kind, feedback }) => kind === 'forward' && feedback?.plastic && area.topDownBias)
        .map((projection) => ({ projection, signal: outputOf(pass, phase, projection.to) }));
      if (!first) continue;
      compute.scope(() => {
        const { visible } = pass.options as { visible?: ActivationReference };
        const again = reconstruct(pass, [first, ...others], visible);
        found.push({ area: area.id, unexplained: unexplained(phase.activity(area), again) });
      });
    }
  });
  return found;
}

/** Computes Σ(h − ĥ)² / Σ(h − h̄)². */
function unexplained({ data, rows, columns }: Tensor, again: Tensor): number {
  let [missed, spread] = [0, 0];
  for (let unit = 0; unit < columns; unit++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += data[row * columns + unit] as number;
    for (let row = 0; row < rows; row++) {
      const at = row * columns + unit;
      const value = data[at] as number;
      missed += (value - (again.data[at] as number)) ** 2;
      spread += (value - sum / rows) ** 2;
    }
  }
  return missed / spread;
}

const inner = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);

function compare(signal: Float64Array, other: Float64Array): Agreement {
  const [both, own, reference] = [inner(signal, other), inner(signal, signal), inner(other, other)];
  return { angle: angleFrom(both, own, reference), slope: reference > 0 ? both / reference : null };
}

/** Returns at most `most` pairs, evenly spaced so that all units are sampled equally. */
function scatter(
  gradient: Float64Array,
  signal: Float64Array,
  most: number,
  units: number,
): [number, number][] {
  let stride = Math.max(1, Math.ceil(gradient.length / most));
  while (commonDivisor(stride, units) > 1) stride += 1;
  return Array.from({ length: Math.ceil(gradient.length / stride) }, (_, index) => [
    gradient[index * stride] as number,
    signal[index * stride] as number,
  ]);
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
