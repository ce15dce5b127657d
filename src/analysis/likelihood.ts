import type { Area } from '../network/area.ts';
import { stream } from '../random/index.ts';
import { isSmallEnough, logWeightsOf, modelOf } from '../references/restricted-boltzmann.ts';
import type { TwoLayers } from '../references/restricted-boltzmann.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface AnnealingOptions {
  /** Number of parallel chains; the estimate's error falls as 1/√particles. Default 100. */
  readonly particles?: number;
  /** Number of annealing steps from the known distribution to the machine's. Default 1000. */
  readonly steps?: number;
  readonly seed?: number;
}

/** ln Z of a machine. */
export interface LogNormaliser {
  readonly value: number;
  /** Standard error of the value; 0 if all states were enumerated. */
  readonly error: number;
  readonly how: 'enumeration' | 'annealed importance sampling';
}

/**
 * Computes ln Z = ln Σ exp(−E) of a restricted Boltzmann machine: by enumerating the states of its smaller layer, or
 * by annealed importance sampling if that layer has too many states.
 */
export function logNormaliserOf(
  compute: Compute,
  machine: TwoLayers,
  options: AnnealingOptions = {},
): LogNormaliser {
  if (!isSmallEnough(machine)) return annealedLogNormaliser(compute, machine, options);
  const value = compute.scope(() => modelOf({ compute }, machine).logNormaliser);
  return { value, error: 0, how: 'enumeration' };
}

/** Computes the mean ln P(v) of examples, given by lower area (batch, units), from ln Z. */
export function meanLogLikelihood(
  compute: Compute,
  machine: TwoLayers,
  examples: ReadonlyMap<Area, Tensor>,
  { value }: Pick<LogNormaliser, 'value'>,
): number {
  const all = compute.scope(() => logWeightsOf(compute, machine, examples));
  return all.reduce((sum, log) => sum + log, 0) / all.length - value;
}

/**
 * Estimates ln Z by annealed importance sampling. Chains start from independent units and pass through
 *
 *   ln p*_β(v) = v·a + Σ_j softplus( β (v W + b)_j ),     0 = β_0 < β_1 < … < β_K = 1
 *
 * with one Gibbs step at each β. The first distribution has ln Z_0 = Σ_i softplus(a_i) + |h| ln 2, and
 *
 *   Z / Z_0 = E Π_k p*_{β_k}(v_k) / p*_{β_{k−1}}(v_k)
 *
 * is estimated without bias. The logarithm of the estimate is slightly too small on average, less so with more chains.
 * Its standard error comes from the variance of the chains' weights.
 *
 * Source: Neal (2001), Statistics and Computing 11; restricted machines: Salakhutdinov & Murray (2008), ICML.
 */
export function annealedLogNormaliser(
  compute: Compute,
  machine: TwoLayers,
  { particles = 100, steps = 1000, seed = 0 }: AnnealingOptions = {},
): LogNormaliser {
  const { upper, lowers, projections } = machine;
  return compute.scope(() => {
    const make = (area: Area) => compute.temporary([particles, area.units]);
    const draw = (into: Tensor, probability: Tensor, name: string, step: number) => {
      compute.drawUniform(into, 0, 1, stream(seed, `annealed importance sampling, ${name}`), step);
      compute.below(into, into, probability);
    };
    const visible = new Map(lowers.map((area) => [area, make(area)]));
    const potentials = new Map(lowers.map((area) => [area, make(area)]));
    const [received, hidden, scratch] = [make(upper), make(upper), make(upper)];
    /** Writes the bottom-up input, biases included, into `received`. */
    const receive = () => {
      compute.fill(received, 0);
      for (const projection of projections)
        projection.send(compute, received, visible.get(projection.from) as Tensor, 1);
      compute.activate(received, received, upper.bias?.values, 'linear');
    };
    /** Computes Σ_j softplus(β x_j) for every chain. */
    const softplus = (beta: number): Float64Array => {
      compute.scale(scratch, received, beta);
      compute.activate(scratch, scratch, undefined, 'softplus');
      return sumsOfRows(scratch);
    };
    /** Draws v ~ σ( a + β h Wᵀ ); with β = 0 the units are independent. */
    const drawVisible = (beta: number, step: number) => {
      for (const [area, samples] of visible) {
        const potential = potentials.get(area) as Tensor;
        compute.fill(potential, 0);
        if (beta > 0) {
          for (const projection of projections)
            if (projection.from === area) projection.sendBack(compute, potential, hidden, 1);
          compute.scale(potential, potential, beta);
        }
        compute.activate(potential, potential, area.topDownBias?.values, 'logistic');
        draw(samples, potential, area.id, step);
      }
    };
    const logWeights = new Float64Array(particles);
    drawVisible(0, 0);
    for (let step = 1; step <= steps; step++) {
      const [before, beta] = [(step - 1) / steps, step / steps];
      receive();
      const [after, ago] = [softplus(beta), softplus(before)];
      for (let chain = 0; chain < particles; chain++)
        logWeights[chain] = (logWeights[chain] as number) + (after[chain] as number) - (ago[chain] as number);
      if (step === steps) break;
      compute.scale(scratch, received, beta);
      compute.activate(scratch, scratch, undefined, 'logistic');
      draw(hidden, scratch, upper.id, step);
      drawVisible(beta, step);
    }
    const { mean, error } = logMeanOf(logWeights);
    const known = lowers.reduce((sum, area) => sum + softplusOf(area), upper.units * Math.LN2);
    return { value: known + mean, error, how: 'annealed importance sampling' as const };
  });
}

const softplusOf = ({ topDownBias, units }: Area): number =>
  topDownBias
    ? topDownBias.values
        .toArray()
        .reduce((sum, a) => sum + Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))), 0)
    : units * Math.LN2;

function sumsOfRows({ data, rows, columns }: Tensor): Float64Array {
  const sums = new Float64Array(rows);
  for (const [index, value] of data.entries()) {
    const row = Math.floor(index / columns);
    sums[row] = (sums[row] as number) + value;
  }
  return sums;
}

/** Computes ln of the mean of exp(logs), and its standard error: the standard error of the mean over the mean. */
function logMeanOf(logs: Float64Array): { mean: number; error: number } {
  const largest = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - largest));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  const square =
    weights.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / Math.max(1, weights.length - 1);
  return { mean: largest + Math.log(mean), error: Math.sqrt(square / weights.length) / mean };
}
