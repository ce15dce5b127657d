import type { Stream } from '../../random/stream.ts';
import type { Compute } from '../../tensor/compute.ts';
import { eachSynapse } from '../../tensor/sparse/synapses.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Area, Projection } from '../area.ts';
import type { Wiring } from '../specification.ts';
import { SparseProjection } from './sparse.ts';
import { transpose } from './transpose.ts';

/** Draws a mask(presynaptic, postsynaptic): 1 with probability `density` for each pair of units. */
export function drawMask(compute: Compute, mask: Tensor, density: number, pairs: Stream): void {
  compute.drawBernoulli(mask, density, 1, pairs, 0);
}

/**
 * Computes the mask(presynaptic, postsynaptic[, positions]) of feedback from the draws of the forward projection that it
 * answers. The forward synapse of a pair exists if its draw u is below the forward density; the feedback synapse exists
 * if u < density (reciprocal) or u ≥ 1 − density (disjoint). `pairs` is the random stream of the forward mask.
 */
export function drawFeedbackMask(
  compute: Compute,
  mask: Tensor,
  density: number,
  wiring: Exclude<Wiring, 'independent'>,
  pairs: Stream,
): void {
  compute.scope(() => {
    const [upper = 1, lower = 1, ...positions] = mask.shape;
    const forward = compute.temporary([lower, upper, ...positions]);
    if (wiring === 'reciprocal') compute.drawBernoulli(forward, density, 1, pairs, 0);
    else {
      const ones = compute.temporary(forward.shape);
      compute.fill(ones, 1);
      compute.drawBernoulli(forward, 1 - density, 1, pairs, 0);
      compute.subtract(forward, ones, forward);
    }
    transpose(compute, mask, forward);
  });
}

/** Returns one sentence for each area in which sparse wiring leaves units unconnected. Reads masks back. */
export function unconnectedUnits(areas: readonly Area[], trained: ReadonlySet<Area>): readonly string[] {
  return areas.flatMap((area) => {
    const countUnconnected = (projections: readonly Projection[], end: 'from' | 'to'): number => {
      const isSparse = (projection: Projection) =>
        projection instanceof SparseProjection || (projection.mask !== undefined && projection.isDense);
      if (projections.length === 0 || !projections.every(isSparse)) return 0;
      const counts = new Float64Array(area.units);
      for (const projection of projections) countSynapses(projection, end, counts);
      return counts.filter((count) => count === 0).length;
    };
    const ofKind = (projections: readonly Projection[], feedback: boolean) =>
      projections.filter(({ kind }) => (feedback ? kind === 'feedback' : kind === 'forward'));
    const problems = [
      area.isInput ? '' : withoutText(countUnconnected(ofKind(area.incoming, false), 'to'), 'input'),
      trained.has(area) ? '' : withoutText(countUnconnected(ofKind(area.outgoing, false), 'from'), 'output'),
      withoutText(countUnconnected(ofKind(area.incoming, true), 'to'), 'feedback'),
    ].filter((text) => text !== '');
    if (problems.length === 0) return [];
    return `Sparse wiring leaves some of the ${area.units} units of "${area.id}" unconnected: ${problems.join(', ')}.`;
  });
}

const withoutText = (units: number, signal: string): string =>
  units > 0 ? `${units} without ${signal}` : '';

function countSynapses(projection: Projection, end: 'from' | 'to', counts: Float64Array): void {
  const add = (pre: number, post: number, synapses: number): void => {
    const unit = end === 'from' ? pre : post;
    counts[unit] = (counts[unit] as number) + synapses;
  };
  if (projection instanceof SparseProjection) {
    eachSynapse(projection.synapses, (pre, post) => add(pre, post, 1));
    return;
  }
  const { columns = 1, data } = projection.mask ?? { data: [] };
  for (const [index, exists] of data.entries()) add(Math.floor(index / columns), index % columns, exists);
}
