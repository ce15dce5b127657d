import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import { projectionId } from '../../network/specification.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Coupling } from './relaxation.ts';

/**
 * Every forward and lateral projection couples its two ends by one matrix, used both ways. Within an area it is
 * symmetric, and one way is both.
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
 * Each way by weights of its own where the network has such: a forward or lateral projection couples its two ends by one
 * matrix, unless feedback answers it, which then is the way back.
 */
export function answeredCouplings({ projections }: Network, area: Area): readonly Coupling[] {
  return projections.flatMap((projection): Coupling[] => {
    const { kind, from, to, feedback } = projection;
    const hasWayBack = kind !== 'feedback' && !feedback && from !== to;
    return [
      ...(to === area ? [{ projection, from, back: false }] : []),
      ...(from === area && hasWayBack ? [{ projection, from: to, back: true }] : []),
    ];
  });
}

/**
 * Every projection carries signals its own way only: forward, lateral and feedback. Pooling, which nothing can answer
 * since it has no weights, carries them both ways.
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

/** Why a network has no energy, as the end of a sentence. */
export function refuseAsymmetry(specification: NetworkSpecification): string | undefined {
  for (const projection of specification.projections) {
    const id = projectionId(projection);
    if (projection.kind === 'feedback') {
      return `"${id}" is feedback of its own, and an energy needs the same weights both ways. vector-field-ep and generec do not`;
    }
    if (projection.from === projection.to && projection.symmetric !== true) {
      return `"${id}" joins area "${projection.from}" with itself by weights that need not be symmetric, and an energy needs them so: set its "symmetric" to true. vector-field-ep does not need it`;
    }
  }
  return refuseMaxima(specification);
}

/** Why activity cannot settle in a network, as the end of a sentence. */
export function refuseMaxima(specification: NetworkSpecification): string | undefined {
  for (const projection of specification.projections) {
    const connection = connectionOf(specification, projection);
    if (connection.kind !== 'pooling' || connection.how !== 'max') continue;
    return `"${projectionId(projection)}" takes the maximum of a window, which has no way back in an energy: take the average`;
  }
  return undefined;
}
