import type { ObjectiveKind } from './specification.ts';

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
export const hasDerivative = ({ kind }: { readonly kind: ObjectiveKind }): boolean =>
  kind === 'cross-entropy' || kind === 'squared-error';
