import type { Network } from '../../network/network.ts';
import { outputArea } from '../../network/layout.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { Projection } from '../../network/area.ts';
import { projectionId } from '../../network/specification.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../../network/specification.ts';

/**
 * Returns the forward projections from the input to the output area, in order. The output area is that of the first
 * objective that is not auxiliary, or the last area of a network without objectives; of several projections onto an area only the first is followed.
 *
 * @example
 * ```ts
 * import { chainOf } from 'apical/rules';
 * import type { LearningStep } from 'apical/rules';
 *
 * // Emits a Hebbian term for every projection of the chain, from the input up.
 * export function learn(step: LearningStep): void {
 *   const phase = step.run('forward');
 *   for (const projection of chainOf(step.network)) {
 *     const [pre, post] = [phase.activity(projection.from), phase.activity(projection.to)];
 *     step.emit(projection, { kind: 'outer', pre, post, factor: -1 / step.inputs.rows });
 *   }
 * }
 * ```
 */
export function chainOf(network: Network): readonly Projection[] {
  const { input, projections } = network;
  const chain: Projection[] = [];
  let area = outputArea(network);
  while (area !== input) {
    const [incoming] = projections.filter(({ kind, to }) => kind === 'forward' && to === area);
    if (!incoming) break;
    chain.unshift(incoming);
    area = incoming.from;
  }
  return chain;
}

/**
 * Returns why a network is not a chain of layers with weights, worded to end a sentence; undefined if it is a chain.
 * `others` lists the rules that support other networks.
 *
 * @example
 * ```ts
 * import { refuseBranches } from 'apical/rules';
 * import type { NetworkHooks } from 'apical/rules';
 *
 * export const network: NetworkHooks = {
 *   refuses: (specification) => refuseBranches(specification, 'feedback-alignment, backprop'),
 * };
 * ```
 */
export function refuseBranches(specification: NetworkSpecification, others: string): string | undefined {
  const { areas, projections, input, objectives } = specification;
  const forward = projections.filter(({ kind = 'forward' }) => kind === 'forward');
  const joining = (areaId: string, end: 'from' | 'to') =>
    forward.filter((projection) => projection[end] === areaId);
  const alternatives = `. Rules that do: ${others}`;
  if (objectives.length === 0) return 'it has no objective, from which this rule learns. Set objective';
  for (const { id } of areas) {
    const [outgoing, incoming] = [joining(id, 'from'), joining(id, 'to')];
    if (incoming.length > 1) {
      return `several projections end in "${id}", but the layers must form a chain${alternatives}`;
    }
    if (outgoing.length > 1) {
      return `several projections leave "${id}", but the layers must form a chain${alternatives}`;
    }
    if (incoming.length === 0 && id !== input) {
      return `area "${id}" receives nothing from the input${alternatives}`;
    }
  }
  const inner = objectives.find(({ area }) => joining(area, 'from').length > 0);
  if (inner) return `area "${inner.area}" has an objective and areas above it${alternatives}`;
  const pooling = forward.find((projection) => connectionOf(specification, projection).kind === 'pooling');
  return (
    pooling &&
    `"${projectionId(pooling)}" pools, and no inverse can restore what pooling discards: use a stride instead${alternatives}`
  );
}

/**
 * Returns a projection from the same area to another one, with the same initialisation, density and signs.
 *
 * @example
 * ```ts
 * import { drawnLike } from 'apical/rules';
 *
 * const forward = { from: 'hidden', to: 'output', density: 0.5 };
 * console.log(drawnLike(forward, 'readout')); // { from: 'hidden', to: 'readout', density: 0.5 }
 * ```
 */
export function drawnLike(
  { from, density, excitatory, initialisation }: ProjectionSpecification,
  to: string,
): ProjectionSpecification {
  return {
    from,
    to,
    ...(density === undefined ? {} : { density }),
    ...(excitatory === undefined ? {} : { excitatory }),
    ...(initialisation ? { initialisation } : {}),
  };
}
