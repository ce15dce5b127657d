import type { Stream } from '../../random/stream.ts';
import type { Compute } from '../../tensor/compute.ts';
import { allocateSynapses, freeSynapses } from '../../tensor/sparse/synapses.ts';
import type { Synapses } from '../../tensor/sparse/synapses.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ProjectionParts } from '../area.ts';
import { weightAt } from './arbor.ts';
import type { Arbor, Profile } from './arbor.ts';
import { DenseProjection } from './dense.ts';
import { SparseProjection } from './sparse.ts';

/*
 * Draws of projections by distance. There is one draw for each pair within the radius, in the order of synapses, so that
 * the same seed gives the same network whatever its storage, and the cost grows with the pairs.
 */

/** Returns the arbor with a share of its synapses, drawn at random. Synapses do not share values. */
export function thin(compute: Compute, arbor: Arbor, density: number, wiring: Stream): Arbor {
  if (density === 1) return arbor;
  const { starts, sources, distances } = arbor;
  const exists = compute.scope(() => {
    const drawn = compute.temporary([sources.length]);
    compute.drawBernoulli(drawn, density, 1, wiring, 0);
    return Uint8Array.from(drawn.data);
  });
  const kept = new Int32Array(starts.length);
  let count = 0;
  for (let unit = 0; unit + 1 < starts.length; unit++) {
    for (let at = starts[unit] as number; at < (starts[unit + 1] as number); at++) {
      count += exists[at] as number;
    }
    kept[unit + 1] = count;
  }
  const isKept = (_: number, synapse: number) => exists[synapse] === 1;
  return { ...arbor, starts: kept, sources: sources.filter(isKept), distances: distances.filter(isKept) };
}

/**
 * Allocates the synapses of an arbor and their weights: `draw`, times the profile if there is one. Without `draw`, the
 * profile is the weights.
 */
export function drawArbor(
  compute: Compute,
  arbor: Arbor,
  profile: Profile | undefined,
  draw: ((weights: Tensor) => void) | undefined,
): { synapses: Synapses; weights: Tensor } {
  const synapses = allocateSynapses(compute, arbor);
  const weights = compute.allocate([synapses.values]);
  if (draw) draw(weights);
  else compute.fill(weights, 1);
  if (profile) {
    compute.scope(() => {
      const factors = compute.temporary(weights.shape);
      factors.set(arbor.distances.map((distance) => weightAt(profile, distance)));
      compute.multiply(weights, weights, factors);
    });
  }
  return { synapses, weights };
}

/** Returns the same projection with its weights as a matrix, and frees the lists of synapses. */
export function asMatrix(
  compute: Compute,
  sparse: SparseProjection,
  parts: ProjectionParts,
): DenseProjection {
  const shape = sparse.matrixShape;
  const weights = compute.allocate(shape).set(sparse.matrix());
  const mask = compute.allocate(shape).set(sparse.existing());
  compute.free(sparse.weights);
  freeSynapses(compute, sparse.synapses);
  return new DenseProjection({ ...parts, weights, mask });
}
