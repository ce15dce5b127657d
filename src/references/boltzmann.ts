import { isChoice, biasOf } from '../dynamics/index.ts';
import type { LearningStep } from '../dynamics/step.ts';
import { ApicalError } from '../errors.ts';
import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { MOST_CONFIGURATIONS } from '../dynamics/stochastic/enumeration.ts';

/** Whether a machine models its outputs given its inputs, or all that is visible: inputs and outputs. */
export type Modelled = 'outputs' | 'all';

/** Every state of some areas of a Boltzmann machine beside given ones, with its probability. */
export interface Ensemble {
  /** Of row state · batch + example: P(state | what is given), in f64. */
  readonly probabilities: Float64Array;
  /** (batch): ln Σ over the states of exp(−E). */
  readonly logSums: Float64Array;
  /** (states · batch, units). */
  activity(area: Area): Tensor;
  /** The ends that take part. */
  readonly areas: readonly Area[];
}

/** In how many states these areas can be: 2 for each binary unit, one choice of n at a linear output. */
export const statesOfAreas = (network: Network, areas: readonly Area[]): number =>
  areas.reduce((product, area) => product * (isChoice(network, area) ? area.units : 2 ** area.units), 1);

/**
 * Goes through all states of the free areas of `within`, the others given, (batch, units) each. Throws
 * `reference.too-large` where there are more than `MOST_CONFIGURATIONS`.
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
      `A Boltzmann machine with ${units} free units has ${states.toPrecision(2)} states, too many to go through one by one: at most ` +
        `${MOST_CONFIGURATIONS}, such as 12 binary units. Take a smaller one, or estimate its likelihood by annealed importance sampling.`,
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
  const probabilities = logWeights.map((its, row) => Math.exp(its - (logSums[row % batch] as number)));
  return { probabilities, logSums, activity, areas: within };
}

/** (rows): −E = Σ_{i<j} W_ij s_i s_j + Σ b_i s_i. */
export function negativeEnergies(
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
    const bias = biasOf(area, (its) => within.includes(its));
    if (!bias) continue;
    const pushed = compute.temporary(activity(area).shape);
    compute.fill(pushed, 0);
    compute.activate(pushed, pushed, bias.values, 'linear');
    add(pushed, activity(area), 1);
  }
  return total;
}

/**
 * The exact gradient of −ln P of the data under a Boltzmann machine, by going through all states:
 *
 *   −∂ ln P/∂W_ij = −( ⟨s_i s_j⟩⁺ − ⟨s_i s_j⟩⁻ ),     −∂ ln P/∂b_i = −( ⟨s_i⟩⁺ − ⟨s_i⟩⁻ )
 *
 * ⁺ with inputs and outputs given, ⁻ with the inputs given (`outputs`) or nothing (`all`). Source: Ackley, Hinton &
 * Sejnowski (1985), Cognitive Science 9. Held to finite differences of ln P in f64 by test.
 */
export const boltzmannReference =
  (modelled: Modelled) =>
  (step: LearningStep): void => {
    const { positive, negative, rows } = phasesOf(step, modelled);
    emitEnsemble(step, positive, -1 / rows);
    emitEnsemble(step, negative, 1 / (modelled === 'all' ? 1 : rows));
    step.score(step.run('evaluation'));
  };

/** ln P of every example, (batch): of its outputs given its inputs, or of both. */
export function logLikelihoods(step: LearningStep, modelled: Modelled): Float64Array {
  const { positive, negative } = phasesOf(step, modelled);
  return positive.logSums.map(
    (its, example) => its - (negative.logSums[modelled === 'all' ? 0 : example] as number),
  );
}

/** Whether both ensembles are small enough. */
export const isEnumerable = (network: Network, modelled: Modelled): boolean =>
  statesOfAreas(
    network,
    network.areas.filter((area) => modelled === 'all' || area !== network.input),
  ) <= MOST_CONFIGURATIONS;

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

/** Terms factor · Σ over rows of P ( s_from ⊗ s_to ), and of thresholds. */
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
