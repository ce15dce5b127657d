import { ApicalError } from '../errors.ts';
import { Compute } from '../tensor/compute.ts';
import { Heap } from '../tensor/heap.ts';
import type { HeapOptions } from '../tensor/heap.ts';
import { wasmBackend } from './wasm/index.ts';

export type BackendName = 'auto' | 'reference' | 'wasm' | 'blas';

export interface BackendOptions {
  /** `auto` (the default): a system BLAS where one is found, else wasm. */
  readonly backend?: BackendName;
  /** Most threads; 0 (the default) for as many as help. */
  readonly threads?: number;
  /** Path of a BLAS, before APICAL_BLAS and the usual places. */
  readonly blasPath?: string;
  readonly heap?: HeapOptions;
}

/** Opens the BLAS backend; given by the Node entry, absent in a browser. */
export type BlasOpener = (heap: Heap, options: BackendOptions) => Promise<Compute | undefined>;

let openBlas: BlasOpener | undefined;

/** The Node entry calls this once; the browser entry never reaches Node modules. */
export function provideBlas(opener: BlasOpener): void {
  openBlas = opener;
}

/**
 * Opens a backend on a heap of its own. Nothing falls back in silence: `auto` picks, and what it picked is in
 * `compute.backend`. Throws `blas.…` when BLAS is asked for and cannot be had, `wasm.no-simd`.
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
      throw new ApicalError('blas.not-here', 'The blas backend needs Node.js: in a browser use wasm.');
    }
  }
  return wasmBackend(heap, { threads: options.threads ?? 0 });
}
