import type { LearningStep, Reference } from '../dynamics/step.ts';
import { emitReadouts } from '../dynamics/passes.ts';
import type { Phase } from '../dynamics/phase.ts';
import type { Area, Projection } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { MOST_CONFIGURATIONS } from '../dynamics/stochastic/enumeration.ts';

/** A restricted Boltzmann machine: an area, the areas below it, and the projections that join them. */
export interface TwoLayers {
  readonly upper: Area;
  readonly lowers: readonly Area[];
  readonly projections: readonly Projection[];
}

/**
 * Returns the exact gradient of Σ over machines of −ln P(v), where v is the activity of the areas below, and of the
 * losses of readouts:
 *
 *   −∂ ln P(v)/∂W = −( v ⊗ p(h|v) − Σ_h P(h) ⟨v|h⟩ ⊗ h )
 *
 * Returns undefined if the smaller side of a machine has more than `MOST_CONFIGURATIONS` states.
 *
 * Source: Hinton (2002), Neural Computation 14.
 *
 * @example
 * ```ts
 * import { machinesReference, type Network } from 'apical/rules';
 *
 * // One machine: the first hidden area and the input.
 * export function reference({ input }: Network) {
 *   const projections = input.outgoing.slice(0, 1);
 *   return machinesReference(projections.map(({ to }) => ({ upper: to, lowers: [input], projections })));
 * }
 * ```
 */
export function machinesReference(machines: readonly TwoLayers[]): Reference | undefined {
  if (!machines.every(isSmallEnough)) return undefined;
  return (step) => {
    const phase = step.run('data');
    for (const machine of machines) emitLikelihood(step, phase, machine);
    emitReadouts(step, phase);
  };
}

/** Emits −∂ ln P(v)/∂θ of one machine, averaged over the batch. */
function emitLikelihood(step: LearningStep, phase: Phase, machine: TwoLayers): void {
  const { upper, lowers, projections } = machine;
  emit(step, machine, (area) => phase.rate(area), -1 / step.inputs.rows);
  const model = modelOf(step, machine);
  const weighted = new Map<Area, Tensor>();
  const { compute } = step;
  const weights = compute.temporary([model.probabilities.length]).set(model.probabilities);
  for (const area of [...lowers, upper]) {
    const scaled = compute.temporary(model.mean(area).shape);
    compute.scaleRows(scaled, model.mean(area), weights, 1, 0);
    weighted.set(area, scaled);
  }
  for (const projection of projections) {
    if (!projection.plastic) continue;
    const post = weighted.get(upper) as Tensor;
    step.emit(projection, { kind: 'outer', pre: model.mean(projection.from), post, factor: 1 });
  }
  for (const [area, post] of weighted) {
    const bias = area === upper ? area.bias : area.topDownBias;
    if (bias) step.emit(bias, { kind: 'outer', post, factor: 1 });
  }
}

/** Emits factor · v ⊗ h for weights, and factor · v and factor · h for biases. */
function emit(
  step: LearningStep,
  { upper, lowers, projections }: TwoLayers,
  activity: (area: Area) => Tensor,
  factor: number,
): void {
  for (const projection of projections) {
    if (!projection.plastic) continue;
    step.emit(projection, {
      kind: 'outer',
      pre: activity(projection.from),
      post: activity(upper),
      factor,
    });
  }
  if (upper.bias) step.emit(upper.bias, { kind: 'outer', post: activity(upper), factor });
  for (const lower of lowers) {
    const bias = lower.topDownBias;
    if (bias) step.emit(bias, { kind: 'outer', post: activity(lower), factor });
  }
}

/** The distribution of a machine: all states of its smaller side, and the mean of the other side given each state. */
export interface MachineDistribution {
  /** (states): P of each state of the smaller side, in f64. */
  readonly probabilities: Float64Array;
  /** ln Σ over all states of exp(−E). */
  readonly logNormaliser: number;
  /** Returns the mean of an area given each state, (states, units); for the smaller side, the state itself. */
  mean(area: Area): Tensor;
}

/**
 * Returns the distribution of a machine by enumeration of its smaller side. Check `isSmallEnough` first: memory grows
 * with 2^units.
 *
 * @example
 * ```ts
 * import { isSmallEnough, modelOf, type LearningStep, type TwoLayers } from 'apical/rules';
 *
 * export const logNormaliser = (step: LearningStep, machine: TwoLayers) =>
 *   isSmallEnough(machine) ? modelOf(step, machine).logNormaliser : undefined;
 * ```
 */
export function modelOf({ compute }: Pick<LearningStep, 'compute'>, machine: TwoLayers): MachineDistribution {
  const { upper, lowers, projections } = machine;
  const lowerUnits = lowers.reduce((sum, { units }) => sum + units, 0);
  const countsUpper = upper.units <= lowerUnits;
  const counted = countsUpper ? [upper] : lowers;
  const others = countsUpper ? lowers : [upper];
  const states = 2 ** smallerSide(machine);
  const means = new Map<Area, Tensor>();
  let first = 0;
  for (const area of counted) {
    const from = first;
    const all = compute.temporary([states, area.units]);
    all.set(
      Array.from({ length: all.size }, (_, index) => {
        const state = Math.floor(index / area.units);
        return Math.floor(state / 2 ** (from + (index % area.units))) % 2;
      }),
    );
    means.set(area, all);
    first += area.units;
  }
  const logWeights = new Float64Array(states);
  const bias = (area: Area) => (area === upper ? area.bias : area.topDownBias);
  for (const area of counted) {
    const pushed = compute.temporary([states, area.units]);
    compute.fill(pushed, 0);
    compute.activate(pushed, pushed, bias(area)?.values, 'linear');
    const products = compute.temporary([states]);
    compute.dotRows(products, pushed, means.get(area) as Tensor);
    for (const [state, value] of products.data.entries())
      logWeights[state] = (logWeights[state] as number) + value;
  }
  for (const area of others) {
    const potential = compute.temporary([states, area.units]);
    compute.fill(potential, 0);
    for (const projection of projections) {
      if (countsUpper && projection.from === area) {
        projection.sendBack(compute, potential, means.get(upper) as Tensor, 1);
      } else if (!countsUpper) projection.send(compute, potential, means.get(projection.from) as Tensor, 1);
    }
    compute.activate(potential, potential, bias(area)?.values, 'linear');
    const soft = compute.temporary(potential.shape);
    compute.activate(soft, potential, undefined, 'softplus');
    for (const [index, value] of soft.data.entries()) {
      const state = Math.floor(index / area.units);
      logWeights[state] = (logWeights[state] as number) + value;
    }
    const mean = compute.temporary(potential.shape);
    compute.activate(mean, potential, undefined, 'logistic');
    means.set(area, mean);
  }
  const largest = logWeights.reduce((most, logWeight) => Math.max(most, logWeight), -Infinity);
  const sum = logWeights.reduce((total, logWeight) => total + Math.exp(logWeight - largest), 0);
  const logNormaliser = largest + Math.log(sum);
  return {
    logNormaliser,
    probabilities: logWeights.map((logWeight) => Math.exp(logWeight - logNormaliser)),
    mean: (area) => means.get(area) as Tensor,
  };
}

/**
 * Returns ln Σ_h exp(−E(v, h)) = v·a + Σ_j softplus( (v W + b)_j ) of each example, (batch), in f64. `examples` holds the
 * activity v of the lower areas, (batch, units).
 *
 * @example
 * ```ts
 * import { logWeightsOf, modelOf, type LearningStep, type TwoLayers } from 'apical/rules';
 *
 * // ln P(v) of each example, for a machine onto the input.
 * export function logProbabilities(step: LearningStep, machine: TwoLayers) {
 *   const examples = new Map([[step.network.input, step.inputs]]);
 *   const { logNormaliser } = modelOf(step, machine);
 *   return logWeightsOf(step.compute, machine, examples).map((logWeight) => logWeight - logNormaliser);
 * }
 * ```
 */
export function logWeightsOf(
  compute: LearningStep['compute'],
  { upper, lowers, projections }: TwoLayers,
  examples: ReadonlyMap<Area, Tensor>,
): Float64Array {
  const rows = (examples.get(lowers[0] as Area) as Tensor).rows;
  const potential = compute.temporary([rows, upper.units]);
  compute.fill(potential, 0);
  for (const projection of projections)
    projection.send(compute, potential, examples.get(projection.from) as Tensor, 1);
  compute.activate(potential, potential, upper.bias?.values, 'softplus');
  const logs = new Float64Array(rows);
  const add = ({ data, columns }: Tensor, factorOf: (unit: number) => number) => {
    for (const [index, value] of data.entries()) {
      const row = Math.floor(index / columns);
      logs[row] = (logs[row] as number) + value * factorOf(index % columns);
    }
  };
  add(potential, () => 1);
  for (const area of lowers) {
    const bias = area.topDownBias?.values.toArray();
    if (bias) add(examples.get(area) as Tensor, (unit) => bias[unit] as number);
  }
  return logs;
}

/**
 * Returns whether all states of a machine's smaller side can be enumerated, at most `MOST_CONFIGURATIONS`.
 *
 * @example
 * ```ts
 * import { isSmallEnough, machinesReference, type TwoLayers } from 'apical/rules';
 *
 * export const reference = (machines: readonly TwoLayers[]) =>
 *   machines.every(isSmallEnough) ? machinesReference(machines) : undefined;
 * ```
 */
export const isSmallEnough = (machine: TwoLayers): boolean =>
  smallerSide(machine) <= Math.log2(MOST_CONFIGURATIONS);

/** Returns the number of units of the smaller side. */
const smallerSide = ({ upper, lowers }: TwoLayers): number =>
  Math.min(
    upper.units,
    lowers.reduce((sum, { units }) => sum + units, 0),
  );
