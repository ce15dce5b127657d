import type { LearningStep, Reference } from '../dynamics/step.ts';
import { emitReadouts } from '../dynamics/passes.ts';
import type { Phase } from '../dynamics/phase.ts';
import type { Area, Projection } from '../network/area.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { MOST_CONFIGURATIONS } from '../dynamics/stochastic/enumeration.ts';

/** A restricted Boltzmann machine: an area, and those below that it is joined with. */
export interface TwoLayers {
  readonly upper: Area;
  readonly lowers: readonly Area[];
  readonly projections: readonly Projection[];
}

/**
 * The exact gradient of Σ over machines of −ln P(v), with v what the areas below send, and of the readouts' losses in
 * what they read; undefined where a machine has more than `MOST_CONFIGURATIONS` states on its smaller side:
 *
 *   −∂ ln P(v)/∂W = −( v ⊗ p(h|v) − Σ_h P(h) ⟨v|h⟩ ⊗ h )
 */
export function machinesReference(machines: readonly TwoLayers[]): Reference | undefined {
  if (!machines.every(isSmallEnough)) return undefined;
  return (step) => {
    const phase = step.run('data');
    for (const machine of machines) emitLikelihood(step, phase, machine);
    emitReadouts(step, phase);
  };
}

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

/** The distribution of a machine: every state of its smaller side with its probability, and the mean of the other given it. */
interface Model {
  readonly probabilities: Float64Array;
  /** ln Σ over all states of exp(−E). */
  readonly logNormaliser: number;
  /** (states, units). */
  mean(area: Area): Tensor;
}

export function modelOf({ compute }: Pick<LearningStep, 'compute'>, machine: TwoLayers): Model {
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
  const largest = logWeights.reduce((most, its) => Math.max(most, its), -Infinity);
  const sum = logWeights.reduce((total, its) => total + Math.exp(its - largest), 0);
  const logNormaliser = largest + Math.log(sum);
  return {
    logNormaliser,
    probabilities: logWeights.map((its) => Math.exp(its - logNormaliser)),
    mean: (area) => means.get(area) as Tensor,
  };
}

/** ln Σ_h exp(−E(v, h)) = v·a + Σ_j softplus( (v W + b)_j ) of every example; of lower areas, (batch, units). In f64. */
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

/** Whether all states of its smaller side can be gone through. */
export const isSmallEnough = (machine: TwoLayers): boolean =>
  smallerSide(machine) <= Math.log2(MOST_CONFIGURATIONS);

/** Units on the side with fewer of them. */
const smallerSide = ({ upper, lowers }: TwoLayers): number =>
  Math.min(
    upper.units,
    lowers.reduce((sum, { units }) => sum + units, 0),
  );
