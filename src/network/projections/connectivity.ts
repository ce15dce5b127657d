import type { Stream } from '../../random/stream.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Area, Projection } from '../area.ts';
import type { Wiring } from '../specification.ts';
import { transpose } from './transpose.ts';

/** mask(presynaptic, postsynaptic) ← 1 for a share `density` of the pairs, drawn at random. */
export function drawMask(compute: Compute, mask: Tensor, density: number, pairs: Stream): void {
  compute.drawBernoulli(mask, density, 1, pairs, 0);
}

/**
 * mask(presynaptic, postsynaptic[, places]) of feedback from the draw u of every pair that decided on its forward synapse,
 * which exists where u < its density: the feedback synapse exists where u < density (reciprocal) or u ≥ 1 − density
 * (disjoint). `pairs` is the stream of the forward projection.
 */
export function drawAnsweringMask(
  compute: Compute,
  mask: Tensor,
  density: number,
  wiring: Exclude<Wiring, 'independent'>,
  pairs: Stream,
): void {
  compute.scope(() => {
    const [above = 1, below = 1, ...places] = mask.shape;
    const forward = compute.temporary([below, above, ...places]);
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

/** What sparse wiring leaves unconnected, one sentence for each area that it concerns. Reads masks back. */
export function unconnectedUnits(
  areas: readonly Area[],
  input: Area,
  trained: ReadonlySet<Area>,
): readonly string[] {
  return areas.flatMap((area) => {
    const missing = (projections: readonly Projection[], end: 'from' | 'to'): number => {
      if (projections.length === 0 || projections.some(({ mask, isDense }) => !mask || !isDense)) return 0;
      const counts = new Float64Array(area.units);
      for (const { mask } of projections) if (mask) countSynapses(mask, end, counts);
      return counts.filter((count) => count === 0).length;
    };
    const ofKind = (projections: readonly Projection[], feedback: boolean) =>
      projections.filter(({ kind }) => (feedback ? kind === 'feedback' : kind === 'forward'));
    const found = [
      area === input ? '' : lacking(missing(ofKind(area.incoming, false), 'to'), 'input'),
      trained.has(area) ? '' : lacking(missing(ofKind(area.outgoing, false), 'from'), 'output'),
      lacking(missing(ofKind(area.incoming, true), 'to'), 'feedback'),
    ].filter((text) => text !== '');
    if (found.length === 0) return [];
    return `Sparse wiring leaves some of the ${area.units} units of "${area.id}" unconnected: ${found.join(', ')}.`;
  });
}

const lacking = (units: number, what: string): string => (units > 0 ? `${units} without ${what}` : '');

function countSynapses(mask: Tensor, end: 'from' | 'to', counts: Float64Array): void {
  const { columns, data } = mask;
  for (const [index, exists] of data.entries()) {
    const unit = end === 'from' ? Math.floor(index / columns) : index % columns;
    counts[unit] = (counts[unit] as number) + exists;
  }
}
