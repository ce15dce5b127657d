import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Bias } from '../../network/parameter.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { hasActivation } from '../../tensor/activation.ts';

/**
 * Returns whether a Boltzmann machine's area chooses one unit: a linear area with an objective. Any other area is
 * binary.
 *
 * @example
 * ```ts
 * import { isChoice, Network, openBackend, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * console.log(network.areas.filter((area) => isChoice(network, area)).map(({ id }) => id)); // ['output']
 * network.dispose();
 * ```
 */
export const isChoice = ({ objectives }: Network, area: Area): boolean =>
  hasActivation(area, 'linear') && objectives.some((objective) => objective.area === area);

/**
 * Returns whether the area with this id of a specification will choose one unit, as `isChoice` does of a network. A
 * rule can ask before there is a network.
 *
 * @example
 * ```ts
 * import { makesChoice, stack } from 'apical/rules';
 * import type { NetworkHooks } from 'apical/rules';
 *
 * const network: NetworkHooks = {
 *   refuses: (specification) =>
 *     makesChoice(specification, 'output') ? undefined : 'the output must choose a class: set objective=cross-entropy',
 * };
 * const binary = { layers: [4, 2], activation: 'logistic', outputActivation: 'logistic' } as const;
 * console.log(network.refuses?.(stack({ ...binary, objective: 'squared-error' }), {})); // the output must choose …
 * ```
 */
export const makesChoice = ({ areas, objectives }: NetworkSpecification, id: string): boolean =>
  hasActivation(areas.find((area) => area.id === id) ?? {}, 'linear') &&
  objectives.some(({ area }) => area === id);

/**
 * Returns the bias that counts in a phase. It is the top-down bias where no area below takes part, if the area has one,
 * and otherwise the bias; undefined for an area without biases. By default all areas take part.
 *
 * @example
 * ```ts
 * import { biasOf, Network, openBackend, stack, withTopDownBias } from 'apical/rules';
 *
 * const chain = stack({ layers: [4, 3, 3, 2], activation: 'logistic', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), withTopDownBias(chain), 1);
 * const [hidden1, hidden2] = [network.area('hidden1'), network.area('hidden2')];
 * console.log(biasOf(hidden1)?.id); // hidden1.bias
 * console.log(biasOf(hidden1, (area) => area === hidden1 || area === hidden2)?.id); // hidden1.top-down.bias
 * network.dispose();
 * ```
 */
export function biasOf(area: Area, takesPart: (area: Area) => boolean = () => true): Bias | undefined {
  const isAbove = area.incoming.some(({ kind, from }) => kind === 'forward' && takesPart(from));
  return isAbove ? area.bias : (area.topDownBias ?? area.bias);
}
