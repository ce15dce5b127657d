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

/** Whether a coupling carries feedback, which the feedback gain scales. */
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
 * Every forward and lateral projection couples its two ends by one matrix, used in both directions. Within an area the
 * matrix is symmetric, and one direction is both.
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
 * A forward or lateral projection couples its two ends by one matrix, unless a feedback projection answers it and
 * carries the signals back through weights of its own.
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
 * Every projection carries signals in its own direction only: forward, lateral and feedback. Pooling, which has no
 * weights and therefore no feedback of its own, carries them in both.
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

/** Returns why a network has no energy, worded to end a sentence; undefined if it has one. */
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
