import { inflateSync } from 'fflate';
import { ApicalError } from '../../errors.ts';
import { Compute } from '../../tensor/compute.ts';
import type { BackendDescription } from '../../tensor/compute.ts';
import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';
import type { ChannelOuter, ChannelProduct } from '../../tensor/spatial/spatial-kernels.ts';
import type { SparseKernels } from '../../tensor/sparse/sparse-kernels.ts';
import { CUTS, cutKernel, cutProduct } from './cuts.ts';
import { Pool } from './pool.ts';
import { sparseKernels } from './sparse.ts';
import type { SparseExports } from './sparse.ts';
import { processorsOfHost, workersOfHost } from './worker.ts';
import type { StartWorker } from './worker.ts';

/** Exports of the module: `Kernels`, of which some take further arguments or are split by element type. */
interface Exports
  extends
    Omit<
      Kernels,
      | keyof SparseKernels
      | 'matmul'
      | 'momentumStep'
      | 'gatherRows'
      | 'matmulChannels'
      | 'outerChannels'
      | 'outerPlaces'
    >,
    SparseExports {
  matmulChannels(...args: [...ChannelProduct, workspace: number]): void;
  outerChannels(...args: [...ChannelOuter, workspace: number, row: number, rows: number]): void;
  outerPlaces(...args: [...ChannelOuter, row: number, rows: number]): void;
  matmul(...args: [...Parameters<Kernels['matmul']>, workspace: number]): void;
  matmulWorkspaceBytes(): number;
  momentumOuterStep(
    weights: number,
    velocity: number,
    pre: number,
    post: number,
    preUnits: number,
    postUnits: number,
    rate: number,
    momentum: number,
    decay: number,
    nesterov: boolean,
  ): void;
  gatherBytes(
    out: number,
    data: number,
    indices: number,
    batch: number,
    columns: number,
    scale: number,
  ): void;
  gatherFloats(
    out: number,
    data: number,
    indices: number,
    batch: number,
    columns: number,
    scale: number,
  ): void;
}

/** Products that a backend may replace, by those of a BLAS. All other kernels are shared. */
export interface Products extends Pick<Kernels, 'matmul' | 'matmulChannels' | 'outerChannels'> {
  /** out ← out + a. */
  add(out: number, a: number, size: number): void;
}

/** Options of the wasm kernels. */
export interface WasmOptions {
  /** Maximum number of threads; 0 (the default) takes as many as help. */
  readonly threads?: number;
  /** Returns products to use in place of the wasm products `own`, which they may call. */
  readonly elsewhere?: (own: Products, pool: Pool | undefined) => Products;
  /** Starts a worker. Default: as the host does. */
  readonly startWorker?: StartWorker;
}

/** Kernels on one heap, and the threads they run on. */
export interface WasmKernels {
  readonly kernels: Kernels;
  /** Undefined if there is one thread. */
  readonly pool: Pool | undefined;
}

/** Threads unless more are requested: with more, the shares of a batch of 100 are too small, and memory is the limit. */
const MOST_THREADS_UNASKED = 8;

/** Opens the wasm backend on a heap. Throws `wasm.no-simd` if the host has no WebAssembly SIMD. */
export async function wasmBackend(heap: Heap, options: WasmOptions = {}): Promise<Compute> {
  const { kernels, pool } = await wasmKernels(heap, options);
  return new PooledCompute(heap, kernels, pool, {
    name: 'wasm',
    float: 'f32',
    get threads() {
      return pool?.threads ?? 1;
    },
    get detail() {
      return 'WebAssembly SIMD, 128 bits' + failureOf(pool);
    },
  });
}

/** Returns why worker threads failed, to be appended to the detail of a backend; empty if they did not. */
export const failureOf = (pool: Pool | undefined): string =>
  pool?.failure === undefined ? '' : `; worker threads failed: ${pool.failure}`;

/** A `Compute` that ends its workers when it is disposed. */
export class PooledCompute extends Compute {
  readonly #pool: Pool | undefined;

  constructor(heap: Heap, kernels: Kernels, pool: Pool | undefined, backend: BackendDescription) {
    super(heap, kernels, backend);
    this.#pool = pool;
  }

  override dispose(): void {
    super.dispose();
    this.#pool?.close();
  }
}

/**
 * Opens the SIMD kernels on a heap. They give the same bits in Node, in every browser and for every number of threads,
 * unless `elsewhere` replaces products. Threads need shared memory: without it there is one thread.
 * Throws `wasm.no-simd` if the host has no WebAssembly SIMD.
 */
export async function wasmKernels(heap: Heap, options: WasmOptions = {}): Promise<WasmKernels> {
  const { elsewhere, startWorker = workersOfHost() } = options;
  const shared = !(heap.memory.buffer instanceof ArrayBuffer);
  // A module of its own, so that a page shows before it arrives.
  const { kernels: packed, memoryFlags } = await import('./kernels.generated.ts');
  const bytes = inflateSync(Uint8Array.from(atob(packed), (character) => character.charCodeAt(0)));
  if (shared) bytes[memoryFlags] = 3;
  if (!WebAssembly.validate(bytes)) {
    throw new ApicalError(
      'wasm.no-simd',
      'This host has no WebAssembly SIMD. Use a current browser, Node 20 or later, or the reference backend.',
    );
  }
  const { module, instance } = await WebAssembly.instantiate(bytes, {
    env: {
      memory: heap.memory,
      abort: () => {
        throw new Error('A wasm kernel aborted.');
      },
    },
  });
  const threads = options.threads || Math.min(processorsOfHost(), MOST_THREADS_UNASKED);
  const whole = instance.exports as unknown as Exports;
  const workspaceBytes = whole.matmulWorkspaceBytes();
  const workspace = heap.reserve(workspaceBytes);
  const pool =
    threads > 1 && shared && startWorker
      ? new Pool({
          heap,
          module,
          exports: instance.exports,
          kernels: ['matmulPart', ...Object.keys(CUTS)],
          workspaceBytes,
          threads,
          startWorker,
        })
      : undefined;
  const kernels = pool ? cutKernels(instance.exports, pool) : whole;
  const own: Products = {
    matmul(out, a, b, m, n, k, transposeA, transposeB, alpha, beta) {
      if (pool && cutProduct(pool, workspace, out, a, b, m, n, k, transposeA, transposeB, alpha, beta))
        return;
      whole.matmul(out, a, b, m, n, k, transposeA, transposeB, alpha, beta, workspace);
    },
    matmulChannels: (...product) => kernels.matmulChannels(...product, workspace),
    outerChannels: (...product) => kernels.outerChannels(...product, workspace, 0, product[4]),
    add: (out, a, size) => kernels.combine(out, out, a, size, 1, 1),
  };
  const { matmul, matmulChannels, outerChannels, add } = elsewhere ? elsewhere(own, pool) : own;

  const all: Kernels = {
    ...(kernels as unknown as Kernels),
    ...sparseKernels(kernels, workspace, workspaceBytes),
    matmul,
    matmulChannels,
    outerChannels,
    outerPlaces: (...product) => kernels.outerPlaces(...product, 0, product[4]),
    momentumStep(weights, velocity, pre, post, batch, preUnits, postUnits, rate, momentum, decay, nesterov) {
      if (batch === 1) {
        // One pass over weights and velocity: at batch 1 memory is the limit, not arithmetic.
        kernels.momentumOuterStep(
          weights,
          velocity,
          pre,
          post,
          preUnits,
          postUnits,
          rate,
          momentum,
          decay,
          nesterov,
        );
        return;
      }
      const size = preUnits * postUnits;
      const { combine } = kernels;
      // v ← μ·v − decay·w while w is still old; the product then adds −rate·gradient.
      if (nesterov) combine(weights, weights, velocity, size, 1, -momentum);
      if (decay === 0) {
        matmul(velocity, pre, post, preUnits, postUnits, batch, true, false, -rate, momentum);
      } else {
        // With Nesterov, μ·v is already subtracted from the weights: add it back in the decay term.
        combine(velocity, velocity, weights, size, nesterov ? momentum - decay * momentum : momentum, -decay);
        matmul(velocity, pre, post, preUnits, postUnits, batch, true, false, -rate, 1);
      }
      if (nesterov) combine(weights, weights, velocity, size, 1, 1 + momentum);
      else add(weights, velocity, size);
    },
    gatherRows(out, data, indices, batch, columns, scale, isBytes) {
      if (isBytes) kernels.gatherBytes(out, data, indices, batch, columns, scale);
      else kernels.gatherFloats(out, data, indices, batch, columns, scale);
    },
  };
  return { kernels: all, pool };
}

/** Returns the exported kernels, with those in CUTS cut among the pool's threads. */
function cutKernels(exports: WebAssembly.Exports, pool: Pool): Exports {
  return Object.fromEntries(
    Object.entries(exports).map(([name, kernel]) => [
      name,
      typeof kernel === 'function' ? cutKernel(name, kernel as (...values: number[]) => void, pool) : kernel,
    ]),
  ) as unknown as Exports;
}
