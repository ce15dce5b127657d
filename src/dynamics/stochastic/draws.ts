import type { Area } from '../../network/area.ts';

/** The phase option of dynamics whose units may draw. */
export interface Sampling {
  /** Whether stochastic units draw, all or those of an area; otherwise they pass on their probabilities. */
  readonly sample?: boolean | ((area: Area) => boolean) | undefined;
}

/**
 * Returns whether the units of an area draw in a phase, as its option `sample` says.
 *
 * @example
 * ```ts
 * import { drawsIn, Network, openBackend, stack, type Area } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * const options = { sample: ({ id }: Area) => id === 'hidden1' };
 * console.log(network.areas.filter((area) => drawsIn(options, area)).map(({ id }) => id)); // ['hidden1']
 * console.log(drawsIn({}, network.input)); // false
 * network.dispose();
 * ```
 */
export const drawsIn = ({ sample = false }: Sampling, area: Area): boolean =>
  typeof sample === 'function' ? sample(area) : sample;
