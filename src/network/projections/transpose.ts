import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Transposes weights: out(n, k[, positions]) ← a(k, n[, positions]). */
export function transpose(compute: Compute, out: Tensor, a: Tensor): void {
  const [k = 1, n = 1, places] = a.shape;
  if (places === undefined) {
    compute.transpose(out, a);
    return;
  }
  const from = a.reshape([k * n, places]);
  const to = out.reshape([n * k, places]);
  for (let row = 0; row < k; row++) {
    for (let column = 0; column < n; column++) {
      compute.copy(to.rowRange(column * k + row, 1), from.rowRange(row * n + column, 1));
    }
  }
}
