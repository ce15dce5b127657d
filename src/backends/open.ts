import { ApicalError } from '../errors.ts';
import { Compute } from '../tensor/compute.ts';
import { Heap } from '../tensor/heap.ts';
import type { HeapOptions } from '../tensor/heap.ts';
import { wasmBackend } from './wasm/index.ts';

/** Name of a backend, or `auto` for the fastest that is found. */
export type BackendName = 'auto' | 'reference' | 'wasm' | 'blas';

/** Choice of a backend and of its resources. */
export interface BackendOptions {
  /** `auto` (the default) takes a system BLAS if one is found, else wasm. */
  readonly backend?: BackendName;
  /** Maximum number of threads; 0 (the default) takes as many as help. */
  readonly threads?: number;
  /** Path of a BLAS library. It goes before APICAL_BLAS and the usual places. */
  readonly blasPath?: string;
  /** Size and kind of the memory. */
  readonly heap?: HeapOptions;
}

/** Opens the BLAS backend. The Node entry provides it; a browser has none. */
export type BlasOpener = (heap: Heap, options: BackendOptions) => Promise<Compute | undefined>;

let openBlas: BlasOpener | undefined;

/** Provides the BLAS backend. The Node entry calls this once, so that the browser entry reaches no Node module. */
export function provideBlas(opener: BlasOpener): void {
  openBlas = opener;
}

/**
 * Opens a backend on a heap of its own. `compute.backend` says which one it is, how many threads it has, and why it has
 * fewer than requested.
 *
 * Throws `blas.not-here` in a browser, and `blas.not-found`, `blas.not-a-blas`, `blas.reference-blas` or `blas.no-koffi`
 * if a BLAS is requested that cannot be used; `wasm.no-simd` if the host has no WebAssembly SIMD.
 *
 * @example
 * ```ts
 * const compute = await openBackend({ backend: 'wasm', threads: 1 });
 * const tensor = compute.allocate([2, 2]).set([1, 2, 3, 4]);
 * compute.scale(tensor, tensor, 10);
 * console.log(tensor.toArray()); // [10, 20, 30, 40]
 * compute.dispose();
 * ```
 */
export async function openBackend(options: BackendOptions = {}): Promise<Compute> {
  const { backend = 'auto' } = options;
  const heap = new Heap(options.heap);
  if (backend === 'reference') {
    // A module of its own, so that a page that computes otherwise does not fetch it.
    const { referenceKernels } = await import('./reference.ts');
    return new Compute(heap, referenceKernels(heap), {
      name: 'reference',
      float: 'f64',
      threads: 1,
      detail: 'plain JavaScript in double precision',
    });
  }
  if (backend === 'blas' || backend === 'auto') {
    const compute = await openBlas?.(heap, options);
    if (compute) return compute;
    if (backend === 'blas') {
      throw new ApicalError(
        'blas.not-here',
        'The backend blas needs Node.js. In a browser, use the backend wasm.',
      );
    }
  }
  return wasmBackend(heap, { threads: options.threads ?? 0 });
}
