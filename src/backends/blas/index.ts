import { availableParallelism } from 'node:os';
import type { Compute } from '../../tensor/compute.ts';
import type { Heap } from '../../tensor/heap.ts';
import type { BackendOptions } from '../open.ts';
import { failureOf, PooledCompute, wasmKernels } from '../wasm/index.ts';
import type { Products } from '../wasm/index.ts';
import type { Pool } from '../wasm/pool.ts';
import { addressOf, noTranspose, openBlas, rowMajor, transpose, tryOpenBlas } from './library.ts';
import type { BlasLibrary } from './library.ts';

/**
 * Multiply–accumulates from which a product runs on several threads. Measured with OpenBLAS on two idle cores: a step
 * of 784-800-800-10 at batch 20, whose products have 12.5 million, takes 1.5 ms on two threads and 2.4 ms on one.
 */
const THREADED_PRODUCT = 1.2e7;
/**
 * Elements from which a pass that is bound by memory (a vector with a matrix, the sum of two matrices) gains by a second
 * thread. The pool's threads do it: those of BLAS wait for one another however busy the machine is.
 */
const POOLED_PASS = 6e5;
/**
 * Time after a product in which the pool leaves the processors to BLAS. OpenBLAS's threads look for work for 2²⁶ cycles,
 * about 25 ms, before they sleep. Two pools on the same processors lose more than either gains.
 */
const BLAS_AWAKE_MILLISECONDS = 30;

/** Number of threads last set in a library: a setting of the process, which all backends share. */
const settings = new WeakMap<BlasLibrary, { threads: number }>();

/**
 * Opens the blas backend: the wasm kernels, with the system's BLAS for matrix products on the same bytes. Under
 * `backend: 'auto'` it returns undefined if no BLAS is found. Throws the errors of `openBlas` if a BLAS is requested,
 * or named and unusable.
 */
export async function blasBackend(heap: Heap, options: BackendOptions): Promise<Compute | undefined> {
  const search = { path: options.blasPath };
  const library = options.backend === 'blas' ? openBlas(search) : tryOpenBlas(search).library;
  if (!library) return undefined;
  const wanted = options.threads || Math.min(library.maximumThreads, availableParallelism());
  const threads = library.threadsSettable ? Math.min(wanted, library.maximumThreads) : library.maximumThreads;
  const { kernels, pool } = await wasmKernels(heap, {
    threads,
    elsewhere: (own, pool) => blasProducts(heap, library, threads, own, pool),
  });
  const detail = [library.vendor, library.version, library.core].filter(Boolean).join(' ');
  return new PooledCompute(heap, kernels, pool, {
    name: 'blas',
    float: 'f32',
    threads,
    get detail() {
      return detail + failureOf(pool);
    },
  });
}

/** Returns row-major products on heap offsets. */
function blasProducts(
  heap: Heap,
  library: BlasLibrary,
  threads: number,
  own: Products,
  pool: Pool | undefined,
): Products {
  const { sgemm, sgemv, sger, saxpy, sscal, setThreads } = library;
  let buffer = heap.memory.buffer;
  let base = addressOf(buffer);
  const setting = settings.get(library) ?? { threads: 0 };
  settings.set(library, setting);

  /** Returns the address of a heap offset. The memory never moves, but its buffer object is new after growth. */
  const address = (offset: number): number => {
    if (heap.memory.buffer !== buffer) {
      buffer = heap.memory.buffer;
      base = addressOf(buffer);
    }
    return base + offset;
  };

  const useThreads = (wanted: number): void => {
    if (wanted !== setting.threads && library.threadsSettable) {
      setThreads(wanted);
      setting.threads = wanted;
    }
  };

  let awakeUntil = 0;
  const wakeThreads = (): void => {
    if (threads === 1) return;
    awakeUntil = performance.now() + BLAS_AWAKE_MILLISECONDS;
    pool?.standBack(BLAS_AWAKE_MILLISECONDS);
  };

  /** Whether at least half of a vector is 0, as after dropout: then half of the matrix need not be read. */
  const isSparse = (offset: number, length: number): boolean => {
    const values = heap.f32;
    const first = offset / 4;
    let zeros = 0;
    for (let i = first; i < first + length; i++) if (values[i] === 0) zeros += 1;
    return 2 * zeros >= length;
  };

  return {
    add(out, a, size) {
      const isLarge = size >= POOLED_PASS;
      if (isLarge && pool?.isActive) {
        own.add(out, a, size);
        return;
      }
      // Threads of BLAS that are still awake after a product help here too.
      useThreads(isLarge && performance.now() < awakeUntil ? threads : 1);
      saxpy(size, 1, address(a), 1, address(out), 1);
    },

    // One product for each example stays in the cache: faster than one large product, even on two threads.
    matmulChannels(out, a, b, batch, k, n, places, transposeB, alpha, beta) {
      useThreads(1);
      const outAt = address(out);
      const aAt = address(a);
      const bAt = address(b);
      const form = transposeB ? noTranspose : transpose;
      const lda = transposeB ? k : n;
      for (let row = 0; row < batch; row++) {
        const signal = aAt + 4 * row * k * places;
        const target = outAt + 4 * row * n * places;
        sgemm(
          ...([rowMajor, form, noTranspose, n, places, k, alpha, bAt, lda] as const),
          ...([signal, places, beta, target, places] as const),
        );
      }
    },

    outerChannels(out, a, b, batch, k, n, places, alpha, beta) {
      useThreads(1);
      const outAt = address(out);
      const aAt = address(a);
      const bAt = address(b);
      for (let row = 0; row < batch; row++) {
        const pre = aAt + 4 * row * k * places;
        const post = bAt + 4 * row * n * places;
        sgemm(
          ...([rowMajor, noTranspose, transpose, k, n, places, alpha, pre, places] as const),
          ...([post, places, row === 0 ? beta : 1, outAt, n] as const),
        );
      }
    },

    matmul(out, a, b, m, n, k, transposeA, transposeB, alpha, beta) {
      if (m === 0 || n === 0) return;
      const weights = n * k;
      const ownThreads = weights >= POOLED_PASS && pool?.isActive;
      if (m === 1 && (ownThreads || (!transposeB && isSparse(a, k)))) {
        own.matmul(out, a, b, m, n, k, transposeA, transposeB, alpha, beta);
        return;
      }
      const asVector = m === 1 && weights >= POOLED_PASS;
      const asOuter = k === 1 && beta !== 0;
      const isLarge = !asOuter && !asVector && m * weights >= THREADED_PRODUCT;
      useThreads(isLarge ? threads : 1);
      if (isLarge) wakeThreads();
      const aAt = address(a);
      const bAt = address(b);
      const outAt = address(out);
      if (asVector) {
        // a(1, k) · op(b) is op(b)ᵀ · a to BLAS.
        const rows = transposeB ? n : k;
        const columns = transposeB ? k : n;
        const form = transposeB ? noTranspose : transpose;
        sgemv(rowMajor, form, rows, columns, alpha, bAt, columns, aAt, 1, beta, outAt, 1);
        return;
      }
      if (asOuter) {
        if (beta !== 1) sscal(m * n, beta, outAt, 1);
        sger(rowMajor, m, n, alpha, aAt, 1, bAt, 1, outAt, n);
        return;
      }
      sgemm(
        rowMajor,
        transposeA ? transpose : noTranspose,
        transposeB ? transpose : noTranspose,
        m,
        n,
        k,
        alpha,
        aAt,
        transposeA ? m : Math.max(1, k),
        bAt,
        transposeB ? Math.max(1, k) : n,
        beta,
        outAt,
        n,
      );
    },
  };
}
