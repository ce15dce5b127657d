import { stream } from '../random/stream.ts';
import type { Stream } from '../random/stream.ts';
import { activationOf, nameOfActivation } from '../tensor/activation.ts';
import type { ActivationReference } from '../tensor/activation.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * The distribution of initial weights. With n existing synapses per postsynaptic unit (fan-in) and m per presynaptic
 * unit (fan-out):
 * - `uniform`: U(mean − scale, mean + scale), with the scale 1/√n by default;
 * - `normal`: N(mean, scale²), with the scale 1/√n by default;
 * - `glorot`: U(±√(6/(n+m))) × scale, and four times that for logistic units (Glorot & Bengio 2010 derive it for tanh;
 *   the logistic function is four times flatter at 0);
 * - `he`: N(0, 2/n) × scale, for ReLU (He et al. 2015);
 * - `orthogonal`: random orthonormal rows or columns × scale (Saxe, McClelland, Ganguli 2014);
 * - `zero`.
 */
export interface Initialisation {
  readonly kind: 'uniform' | 'normal' | 'glorot' | 'he' | 'orthogonal' | 'zero';
  /** Default 1, except for `uniform` and `normal`. */
  readonly scale?: number;
  /** Mean of `uniform` and `normal`. Default 0. */
  readonly mean?: number;
}

/**
 * Returns the default initialisation of weights that end in units with this activation: He for ReLU and softplus,
 * Glorot for the others, or what an activation function of your own says.
 *
 * @example
 * ```ts
 * import { defaultInitialisation } from 'apical/rules';
 *
 * defaultInitialisation('relu'); // { kind: 'he' }
 * ```
 */
export const defaultInitialisation = (target: ActivationReference): Initialisation =>
  activationOf(target).initialisation ?? { kind: 'glorot' };

/**
 * Fills weights(presynaptic, postsynaptic), before any mask, with initial values. `fanIn` and `fanOut` count the synapses
 * that will exist; for feedback they are those of the forward projection that it answers, so that both start with the
 * same distribution. `target` is the activation of the area in which the forward weights end.
 * `firstRow` continues a draw in parts, except for orthogonal weights.
 */
export function initialise(
  compute: Compute,
  weights: Tensor,
  initialisation: Initialisation,
  target: ActivationReference,
  fanIn: number,
  fanOut: number,
  source: Stream,
  firstRow = 0,
): void {
  switch (initialisation.kind) {
    case 'zero':
      compute.fill(weights, 0);
      return;
    case 'uniform': {
      const { scale: bound = 1 / Math.sqrt(fanIn), mean = 0 } = initialisation;
      compute.drawUniform(weights, mean - bound, mean + bound, source, 0, firstRow);
      return;
    }
    case 'normal':
      compute.drawNormal(
        weights,
        initialisation.mean ?? 0,
        initialisation.scale ?? 1 / Math.sqrt(fanIn),
        source,
        0,
        firstRow,
      );
      return;
    case 'glorot': {
      const gain = (nameOfActivation(target) === 'logistic' ? 4 : 1) * (initialisation.scale ?? 1);
      const bound = gain * Math.sqrt(6 / (fanIn + fanOut));
      compute.drawUniform(weights, -bound, bound, source, 0, firstRow);
      return;
    }
    case 'he':
      compute.drawNormal(weights, 0, (initialisation.scale ?? 1) * Math.sqrt(2 / fanIn), source, 0, firstRow);
      return;
    case 'orthogonal':
      orthogonalise(compute, weights, initialisation.scale ?? 1, source);
  }
}

/** Orthogonalises the vectors of the shorter side by Gram–Schmidt, twice each ("twice is enough"), in f64. */
function orthogonalise(compute: Compute, weights: Tensor, scale: number, source: Stream): void {
  compute.drawNormal(weights, 0, 1, source, 0);
  const { rows, columns } = weights;
  const values = Float64Array.from(weights.data);
  const byRow = rows <= columns;
  const count = byRow ? rows : columns;
  const length = byRow ? columns : rows;
  const at = (vector: number, element: number) =>
    byRow ? vector * columns + element : element * columns + vector;
  for (let vector = 0; vector < count; vector++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < vector; other++) {
        let overlap = 0;
        for (let i = 0; i < length; i++)
          overlap += (values[at(vector, i)] as number) * (values[at(other, i)] as number);
        for (let i = 0; i < length; i++) {
          const index = at(vector, i);
          values[index] = (values[index] as number) - overlap * (values[at(other, i)] as number);
        }
      }
    }
    let square = 0;
    for (let i = 0; i < length; i++) square += (values[at(vector, i)] as number) ** 2;
    for (let i = 0; i < length; i++) {
      const index = at(vector, i);
      values[index] = (values[index] as number) / Math.sqrt(square);
    }
  }
  weights.set(values.map((value) => value * scale));
}

/** Returns the random stream of the initial weights of a projection. */
export const weightStream = (seed: number, id: string): Stream => stream(seed, `weights ${id}`);

/** Returns the random stream of the mask of a projection. */
export const wiringStream = (seed: number, id: string): Stream => stream(seed, `wiring ${id}`);
