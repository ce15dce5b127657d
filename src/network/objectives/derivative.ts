import type { Loss } from './loss.ts';

/**
 * Returns whether an objective has a derivative, ∂L/∂output.
 *
 * @example
 * ```ts
 * import { hasDerivative, Network, openBackend, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [2, 2], activation: 'linear', objective: 'zero-one' });
 * const network = new Network(await openBackend(), specification, 1);
 * network.objectives.every(hasDerivative); // false
 * ```
 */
export const hasDerivative = ({ loss }: { readonly loss: Loss }): boolean =>
  loss.error !== undefined || loss.errorAndTally !== undefined;
