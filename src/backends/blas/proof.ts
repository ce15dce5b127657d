/** Tests of a library before it is used: correct results, and more speed than the reference implementation. */
import { ApicalError } from '../../errors.ts';
import { noTranspose, rowMajor, transpose, type BlasLibrary } from './cblas.ts';

type AddressOf = (buffer: ArrayBufferLike) => number;

/**
 * Calls each routine once on small integers, whose results are exact, and throws `blas.not-a-blas` if one is wrong. Rows
 * are padded and one operand is transposed, so that wrong integer widths and orders show.
 */
export function proveItself(library: BlasLibrary, addressOf: AddressOf): void {
  // a = [1 2 3; 4 5 6] in rows of 4;  b = [1 0; 2 1; 0 3] stored transposed, in rows of 3;  c = ones.
  const heap = Float32Array.of(1, 2, 3, -9, 4, 5, 6, -9, 1, 2, 0, 0, 1, 3, 1, 1, 1, 1, 1, -1, 2, 0, 0);
  const address = addressOf(heap.buffer);
  const [a, b, c, x, y] = [address, address + 32, address + 56, address + 72, address + 84] as const;

  library.sgemm(rowMajor, noTranspose, transpose, 2, 2, 3, 2, a, 4, b, 3, -1, c, 2);
  library.sgemv(rowMajor, noTranspose, 2, 3, 1, a, 4, x, 1, 0, y, 1);
  library.sger(rowMajor, 2, 2, 1, y, 1, y, 1, c, 2);
  library.saxpy(2, 3, x, 1, y, 1);
  library.sscal(2, -2, x, 1);

  // a·b = [5 11; 14 23];  a·x = [5 11] for x = [1 -1 2];  2ab - 1 + yyᵀ = [34 76; 82 166].
  const computed = heap.subarray(14, 23);
  const expected = [34, 76, 82, 166, -2, 2, 2, 8, 8];
  if (!expected.every((value, index) => computed[index] === value)) {
    throw new ApicalError(
      'blas.not-a-blas',
      `${library.path} computes a small matrix product wrongly (${computed.join(', ')} instead of ${expected.join(', ')})`,
      { path: library.path },
    );
  }
}

/**
 * Throws `blas.reference-blas` if the library is a plain reference implementation, which is slower than the wasm
 * backend. The yardstick is a loop in JavaScript on the same machine: for a product with a transposed factor the
 * reference is about 3 times as fast, ATLAS 16 times, OpenBLAS and BLIS 60 times and more.
 */
export function refuseReference(library: BlasLibrary, addressOf: AddressOf): void {
  const size = 128;
  const heap = new Float32Array(3 * size * size).fill(0.5);
  const address = addressOf(heap.buffer);
  const bytes = 4 * size * size;
  const native = fastest(6, () =>
    library.sgemm(
      rowMajor,
      noTranspose,
      transpose,
      size,
      size,
      size,
      1,
      address,
      size,
      address + bytes,
      size,
      0,
      address + 2 * bytes,
      size,
    ),
  );
  const plain = fastest(4, () => plainProduct(heap, size));
  const ratio = plain / native;
  if (ratio < 6) {
    throw new ApicalError(
      'blas.reference-blas',
      `${library.path} is a plain reference BLAS, only ${ratio.toFixed(1)} times as fast as a JavaScript loop; ` +
        `the backend wasm is faster`,
      { path: library.path, ratio },
    );
  }
}

/** Returns the shortest time of several repetitions, in milliseconds. */
function fastest(repetitions: number, work: () => void): number {
  let least = Infinity;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Writes the product of the first two blocks of the heap to the third, all (size, size). */
function plainProduct(heap: Float32Array, size: number): void {
  const b = size * size;
  const c = 2 * b;
  heap.fill(0, c);
  for (let row = 0; row < size; row++) {
    for (let inner = 0; inner < size; inner++) {
      const factor = heap[row * size + inner] ?? 0;
      for (let column = 0; column < size; column++) {
        const target = c + row * size + column;
        heap[target] = (heap[target] ?? 0) + factor * (heap[b + inner * size + column] ?? 0);
      }
    }
  }
}
