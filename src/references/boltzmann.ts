import { isChoice, biasOf } from '../dynamics/index.ts';
import type { LearningStep } from '../dynamics/step.ts';
import { ApicalError } from '../errors.ts';
import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { MOST_CONFIGURATIONS } from '../dynamics/stochastic/enumeration.ts';

/** The likelihood that a machine models: that of outputs given inputs, or that of both. */
export type Modelled = 'outputs' | 'all';

/** All states of the free areas of a Boltzmann machine, with their probabilities given the clamped areas. */
export interface Ensemble {
  /** (states · batch): P(state | clamped areas) in f64; row state · batch + example. */
  readonly probabilities: Float64Array;
  /** (batch): ln Σ over all states of exp(−E). */
  readonly logSums: Float64Array;
  /** Returns the activity of an area in every state, (states · batch, units). */
  activity(area: Area): Tensor;
  /** The areas that take part. */
  readonly areas: readonly Area[];
}

/** Returns the number of joint states of some areas: 2 per binary unit, n for a linear output, a choice of one of n. */
const statesOfAreas = (network: Network, areas: readonly Area[]): number =>
  areas.reduce((product, area) => product * (isChoice(network, area) ? area.units : 2 ** area.units), 1);

/**
 * Enumerates all states of the areas `within` that are not in `given`, which holds clamped activity, (batch, units), by
 * area. Throws `reference.too-large` for more than `MOST_CONFIGURATIONS` states.
 *
 * @example
 * ```ts
 * import { ensembleOf, type LearningStep } from 'apical/rules';
 *
 * // ln Σ exp(−E) over all states, with the inputs clamped to the examples.
 * export const logSums = (step: LearningStep) =>
 *   ensembleOf(step, new Map([[step.network.input, step.inputs]]), step.inputs.rows).logSums;
 * ```
 */
export function ensembleOf(
  { compute, network }: Pick<LearningStep, 'compute' | 'network'>,
  given: ReadonlyMap<Area, Tensor>,
  batch: number,
  within: readonly Area[] = network.areas,
): Ensemble {
  const free = within.filter((area) => !given.has(area));
  const states = statesOfAreas(network, free);
  if (states > MOST_CONFIGURATIONS) {
    const units = free.map(({ id, units }) => `${units} of "${id}"`).join(', ');
    throw new ApicalError(
      'reference.too-large',
      `A Boltzmann machine with ${units} free units has ${states.toPrecision(2)} states, and enumeration handles at most ` +
        `${MOST_CONFIGURATIONS} (12 binary units). Use a smaller machine, or estimate the likelihood by annealed importance sampling.`,
      { states, most: MOST_CONFIGURATIONS },
    );
  }
  const rows = states * batch;
  const activities = new Map<Area, Tensor>();
  let repeats = 1;
  for (const area of within) {
    const fixed = given.get(area);
    const all = compute.temporary([rows, area.units]);
    const period = repeats;
    const count = fixed ? 1 : statesOfAreas(network, [area]);
    const source = fixed?.data;
    all.set(
      Array.from({ length: all.size }, (_, index) => {
        if (source) return source[index % source.length] as number;
        const state = Math.floor(Math.floor(index / (batch * area.units)) / period) % count;
        const unit = index % area.units;
        return isChoice(network, area) ? Number(state === unit) : Math.floor(state / 2 ** unit) % 2;
      }),
    );
    activities.set(area, all);
    repeats *= count;
  }
  const activity = (area: Area): Tensor => activities.get(area) as Tensor;
  const logWeights = negativeEnergies({ compute, network }, within, activity, rows);
  const logSums = new Float64Array(batch);
  for (let example = 0; example < batch; example++) {
    let largest = -Infinity;
    for (let row = example; row < rows; row += batch) largest = Math.max(largest, logWeights[row] as number);
    let sum = 0;
    for (let row = example; row < rows; row += batch) sum += Math.exp((logWeights[row] as number) - largest);
    logSums[example] = largest + Math.log(sum);
  }
  const probabilities = logWeights.map((logWeight, row) =>
    Math.exp(logWeight - (logSums[row % batch] as number)),
  );
  return { probabilities, logSums, activity, areas: within };
}

/**
 * Returns −E = Σ_{i<j} W_ij s_i s_j + Σ b_i s_i of each row, (rows), in f64, over the areas `within`. `activity` returns
 * the states of an area, (rows, units).
 */
function negativeEnergies(
  { compute, network }: Pick<LearningStep, 'compute' | 'network'>,
  within: readonly Area[],
  activity: (area: Area) => Tensor,
  rows: number,
): Float64Array {
  const total = new Float64Array(rows);
  const add = (a: Tensor, b: Tensor, factor: number) => {
    const products = compute.temporary([rows]);
    compute.dotRows(products, a, b);
    for (const [row, value] of products.data.entries()) total[row] = (total[row] as number) + factor * value;
  };
  for (const projection of network.projections) {
    const { kind, from, to } = projection;
    if (kind === 'feedback' || !within.includes(from) || !within.includes(to)) continue;
    const sent = compute.temporary(activity(to).shape);
    projection.send(compute, sent, activity(from));
    add(sent, activity(to), from === to ? 0.5 : 1);
  }
  for (const area of within) {
    const bias = biasOf(area, (other) => within.includes(other));
    if (!bias) continue;
    const pushed = compute.temporary(activity(area).shape);
    compute.fill(pushed, 0);
    compute.activate(pushed, pushed, bias.values, 'linear');
    add(pushed, activity(area), 1);
  }
  return total;
}

/**
 * Returns the exact gradient of −ln P of the data under a Boltzmann machine, by enumeration of all states:
 *
 *   −∂ ln P/∂W_ij = −( ⟨s_i s_j⟩⁺ − ⟨s_i s_j⟩⁻ ),     −∂ ln P/∂b_i = −( ⟨s_i⟩⁺ − ⟨s_i⟩⁻ )
 *
 * In ⁺ inputs and outputs are clamped; in ⁻ the inputs (`outputs`) or nothing (`all`). A test compares it with finite
 * differences of ln P in f64. It throws `reference.too-large` for more than `MOST_CONFIGURATIONS` states.
 *
 * Source: Ackley, Hinton & Sejnowski (1985), Cognitive Science 9.
 *
 * @example
 * ```ts
 * import { boltzmannReference, isEnumerable, type Network } from 'apical/rules';
 *
 * // For a rule's `learning` group.
 * export const reference = (network: Network) =>
 *   isEnumerable(network, 'outputs') ? boltzmannReference('outputs') : undefined;
 * ```
 */
export const boltzmannReference =
  (modelled: Modelled) =>
  (step: LearningStep): void => {
    const { positive, negative, rows } = phasesOf(step, modelled);
    emitEnsemble(step, positive, -1 / rows);
    emitEnsemble(step, negative, 1 / (modelled === 'all' ? 1 : rows));
    step.score(step.run('evaluation'));
  };

/**
 * Returns ln P of each example, (batch), in f64: of outputs given inputs, or of both. Throws `reference.too-large` for
 * more than `MOST_CONFIGURATIONS` states.
 *
 * @example
 * ```ts
 * import { logLikelihoods, type LearningStep } from 'apical/rules';
 *
 * export const meanLogLikelihood = (step: LearningStep) =>
 *   logLikelihoods(step, 'outputs').reduce((sum, value) => sum + value, 0) / step.inputs.rows;
 * ```
 */
export function logLikelihoods(step: LearningStep, modelled: Modelled): Float64Array {
  const { positive, negative } = phasesOf(step, modelled);
  return positive.logSums.map(
    (logSum, example) => logSum - (negative.logSums[modelled === 'all' ? 0 : example] as number),
  );
}

/**
 * Returns whether all states of a machine can be enumerated, at most `MOST_CONFIGURATIONS`.
 *
 * @example
 * ```ts
 * import { boltzmannReference, isEnumerable, type Network } from 'apical/rules';
 *
 * export const reference = (network: Network) =>
 *   isEnumerable(network, 'all') ? boltzmannReference('all') : undefined;
 * ```
 */
export const isEnumerable = (network: Network, modelled: Modelled): boolean =>
  statesOfAreas(
    network,
    network.areas.filter((area) => modelled === 'all' || !area.isInput),
  ) <= MOST_CONFIGURATIONS;

/** Returns the ensembles of both phases. */
function phasesOf(step: LearningStep, modelled: Modelled) {
  const { network, inputs } = step;
  const rows = inputs.rows;
  const visible = new Map<Area, Tensor>([[network.input, inputs]]);
  const given = new Map<Area, Tensor>(modelled === 'all' ? [] : visible);
  for (const objective of network.objectives) visible.set(objective.area, step.target(objective));
  const positive = ensembleOf(step, visible, rows);
  const negative = ensembleOf(step, given, modelled === 'all' ? 1 : rows);
  return { positive, negative, rows };
}

/** Emits factor · Σ over rows of P ( s_from ⊗ s_to ) for weights, and factor · Σ P s for biases. */
function emitEnsemble(
  step: LearningStep,
  { probabilities, activity, areas }: Ensemble,
  factor: number,
): void {
  const { compute, network } = step;
  const weights = compute.temporary([probabilities.length]).set(probabilities);
  const weighted = (area: Area): Tensor => {
    const post = compute.temporary(activity(area).shape);
    compute.scaleRows(post, activity(area), weights, 1, 0);
    return post;
  };
  const takesPart = (area: Area) => areas.includes(area);
  for (const projection of network.projections) {
    const { kind, from, to, plastic } = projection;
    if (kind === 'feedback' || !plastic || !takesPart(from) || !takesPart(to)) continue;
    step.emit(projection, { kind: 'outer', pre: activity(from), post: weighted(to), factor });
  }
  for (const area of areas) {
    const bias = biasOf(area, takesPart);
    if (bias) step.emit(bias, { kind: 'outer', post: weighted(area), factor });
  }
}
