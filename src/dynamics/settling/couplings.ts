import type { Area, Projection } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Parameter } from '../../network/parameter.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import { projectionId } from '../../network/specification.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** One route by which signals reach an area while it settles. */
export interface Coupling {
  readonly projection: Projection;
  readonly from: Area;
  /** Whether signals travel against the projection's direction, through its transposed weights. */
  readonly back: boolean;
}

/** Returns the couplings through which signals reach an area. */
export type Couplings = (network: Network, area: Area) => readonly Coupling[];

/**
 * Returns whether a coupling carries feedback, which the feedback gain scales.
 *
 * @example
 * ```ts
 * import { isFeedback, Network, openBackend, stack, symmetricCouplings } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 2], activation: 'tanh', objective: 'squared-error' });
 * const network = new Network(await openBackend(), specification, 1);
 * const couplings = symmetricCouplings(network, network.area('hidden1'));
 * console.log(couplings.filter(isFeedback).map(({ from }) => from.id)); // ['output']
 * network.dispose();
 * ```
 */
export const isFeedback = ({ projection, back }: Coupling): boolean => back || projection.kind === 'feedback';

/** out ← the sum of the signals that these couplings carry, (batch, units); 0 without any. */
export function receive(
  compute: Compute,
  out: Tensor,
  couplings: readonly Coupling[],
  activity: (area: Area) => Tensor,
  {
    values,
    feedbackGain = 1,
  }: {
    readonly values?: ((parameter: Parameter) => Tensor | undefined) | undefined;
    readonly feedbackGain?: number | undefined;
  },
): void {
  if (couplings.length === 0) compute.fill(out, 0);
  for (const [index, coupling] of couplings.entries()) {
    const { projection, from, back } = coupling;
    const beta = index === 0 ? 0 : 1;
    const weights = values?.(projection) ?? projection.weights;
    const carry = (signal: Tensor): void => {
      if (back) projection.sendBack(compute, out, signal, beta, { weights });
      else projection.send(compute, out, signal, beta, weights);
    };
    if (feedbackGain === 1 || !isFeedback(coupling)) carry(activity(from));
    else {
      compute.scope(() => {
        const sent = compute.temporary(activity(from).shape);
        compute.scale(sent, activity(from), feedbackGain);
        carry(sent);
      });
    }
  }
}

/**
 * Returns the couplings of an area where every forward and lateral projection couples its two ends by one matrix, used
 * in both directions. Within an area the matrix is symmetric, and one direction is both. Feedback projections carry
 * nothing.
 *
 * @example
 * ```ts
 * import { Network, openBackend, stack, symmetricCouplings } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 2], activation: 'tanh', objective: 'squared-error' });
 * const network = new Network(await openBackend(), specification, 1);
 * for (const { projection, back } of symmetricCouplings(network, network.area('hidden1'))) {
 *   console.log(projection.id, back); // input→hidden1 false, then hidden1→output true
 * }
 * network.dispose();
 * ```
 */
export function symmetricCouplings({ projections }: Network, area: Area): readonly Coupling[] {
  return projections.flatMap((projection): Coupling[] => {
    const { kind, from, to } = projection;
    if (kind === 'feedback') return [];
    return [
      ...(to === area ? [{ projection, from, back: false }] : []),
      ...(from === area && to !== area ? [{ projection, from: to, back: true }] : []),
    ];
  });
}

/**
 * Returns the couplings of an area where a forward or lateral projection couples its two ends by one matrix, unless a
 * feedback projection answers it and carries the signals back through weights of its own.
 *
 * @example
 * ```ts
 * import { answeredCouplings, Network, openBackend, stack } from 'apical/rules';
 *
 * const { projections, ...chain } = stack({ layers: [4, 3, 2], activation: 'tanh', objective: 'squared-error' });
 * const feedback = { from: 'output', to: 'hidden1', kind: 'feedback', answers: 'hidden1→output' } as const;
 * const network = new Network(await openBackend(), { ...chain, projections: [...projections, feedback] }, 1);
 * const couplings = answeredCouplings(network, network.area('hidden1'));
 * console.log(couplings.map(({ projection }) => projection.id)); // ['input→hidden1', 'feedback:output→hidden1']
 * network.dispose();
 * ```
 */
export function answeredCouplings({ projections }: Network, area: Area): readonly Coupling[] {
  return projections.flatMap((projection): Coupling[] => {
    const { kind, from, to, feedback } = projection;
    const goesBack = kind !== 'feedback' && !feedback && from !== to;
    return [
      ...(to === area ? [{ projection, from, back: false }] : []),
      ...(from === area && goesBack ? [{ projection, from: to, back: true }] : []),
    ];
  });
}

/**
 * Returns the couplings of an area where every projection carries signals in its own direction only: forward, lateral
 * and feedback. Pooling, which has no weights and therefore no feedback of its own, carries them in both.
 *
 * @example
 * ```ts
 * import { directedCouplings, Network, openBackend, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [4, 3, 2], activation: 'tanh', objective: 'squared-error' });
 * const network = new Network(await openBackend(), specification, 1);
 * const couplings = directedCouplings(network, network.area('hidden1'));
 * console.log(couplings.map(({ projection }) => projection.id)); // ['input→hidden1']: nothing comes back
 * network.dispose();
 * ```
 */
export function directedCouplings({ projections }: Network, area: Area): readonly Coupling[] {
  return projections.flatMap((projection): Coupling[] => {
    const { from, to, hasWeights } = projection;
    return [
      ...(to === area ? [{ projection, from, back: false }] : []),
      ...(from === area && !hasWeights ? [{ projection, from: to, back: true }] : []),
    ];
  });
}

/**
 * Returns why a network has no energy, worded to end a sentence; undefined if it has one. An energy needs the same
 * weights in both directions, so it excludes feedback projections, lateral ones within an area that are not symmetric,
 * and max-pooling.
 *
 * @example
 * ```ts
 * import { refuseAsymmetry, stack } from 'apical/rules';
 *
 * const { projections, ...chain } = stack({ layers: [4, 3, 2], activation: 'tanh', objective: 'squared-error' });
 * console.log(refuseAsymmetry({ ...chain, projections })); // undefined
 * const lateral = { from: 'hidden1', to: 'hidden1', kind: 'lateral' } as const;
 * console.log(refuseAsymmetry({ ...chain, projections: [...projections, lateral] })); // … set "symmetric" to true …
 * ```
 */
export function refuseAsymmetry(specification: NetworkSpecification): string | undefined {
  for (const projection of specification.projections) {
    const id = projectionId(projection);
    if (projection.kind === 'feedback') {
      return `"${id}" is a feedback projection with weights of its own, and an energy needs the same weights in both directions. vector-field-ep and generec do not`;
    }
    if (projection.from === projection.to && projection.symmetric !== true) {
      return `"${id}" joins area "${projection.from}" to itself by weights that may be asymmetric, and an energy needs symmetric ones: set "symmetric" to true. vector-field-ep needs no symmetry`;
    }
  }
  return refuseMaxima(specification);
}

/** Returns why activity cannot settle in a network, worded to end a sentence; undefined if it can. */
export function refuseMaxima(specification: NetworkSpecification): string | undefined {
  for (const projection of specification.projections) {
    const connection = connectionOf(specification, projection);
    if (connection.kind !== 'pooling' || connection.how !== 'max') continue;
    return `"${projectionId(projection)}" takes the maximum of a window, which an energy cannot send back: use average pooling`;
  }
  return undefined;
}
