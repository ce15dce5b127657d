import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface Comparison {
  /** Degrees between the two, from 0 to 180; null when either is zero. */
  readonly angle: number | null;
  /** ‖a‖ / ‖b‖; null when b is zero. */
  readonly normRatio: number | null;
}

/**
 * Compares two tensors as vectors, in f64. `whole` has the norm of b if b lacks elements where a has none. Reads values
 * back: a probe.
 */
export function compareDirections(compute: Compute, a: Tensor, b: Tensor, whole: Tensor = b): Comparison {
  const inner = (x: Tensor, y: Tensor): number =>
    compute.scope(() => {
      const out = compute.temporary([1], 'f64');
      compute.dot(out, x, y);
      return out.data[0] as number;
    });
  const aa = inner(a, a);
  const bb = inner(whole, whole);
  return {
    angle: angleFrom(inner(a, b), aa, bb),
    normRatio: bb > 0 ? Math.sqrt(aa / bb) : null,
  };
}

/** Computes the angle in degrees from ⟨a,b⟩, ⟨a,a⟩ and ⟨b,b⟩. */
export function angleFrom(ab: number, aa: number, bb: number): number | null {
  const norms = Math.sqrt(aa) * Math.sqrt(bb);
  if (!(norms > 0)) return null;
  return (Math.acos(Math.min(1, Math.max(-1, ab / norms))) * 180) / Math.PI;
}
