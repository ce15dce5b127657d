import { ApicalError } from '../../errors.ts';
import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';
import { plainKernels, sharedKernels } from './kernels.generated.ts';

/** What the module exports: `Kernels`, where four take an argument more or come in two types. */
interface Exports extends Omit<Kernels, 'matmul' | 'momentumStep' | 'gatherRows'> {
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

/** What a backend may take from elsewhere (a BLAS); everything else is one set of kernels. */
export interface Products extends Pick<Kernels, 'matmul'> {
  /** out ← out + a, for many elements. */
  add(out: number, a: number, size: number): void;
}

/**
 * SIMD kernels on this heap. The same bits in Node and in every browser, unless `elsewhere` gives other products,
 * which may fall back on those it is given.
 * Throws `wasm.no-simd` where the host cannot run them.
 */
export async function wasmKernels(heap: Heap, elsewhere?: (own: Products) => Products): Promise<Kernels> {
  const shared = !(heap.memory.buffer instanceof ArrayBuffer);
  const bytes = Uint8Array.from(atob(shared ? sharedKernels : plainKernels), (character) =>
    character.charCodeAt(0),
  );
  if (!WebAssembly.validate(bytes)) {
    throw new ApicalError(
      'wasm.no-simd',
      'This host has no WebAssembly SIMD. Use a current browser, Node 20 or later, or the reference backend.',
    );
  }
  const { instance } = await WebAssembly.instantiate(bytes, {
    env: {
      memory: heap.memory,
      abort: () => {
        throw new Error('A wasm kernel aborted.');
      },
    },
  });
  const kernels = instance.exports as unknown as Exports;
  const workspace = heap.reserve(kernels.matmulWorkspaceBytes());
  const own: Products = {
    matmul: (out, a, b, m, n, k, transposeA, transposeB, alpha, beta) =>
      kernels.matmul(out, a, b, m, n, k, transposeA, transposeB, alpha, beta, workspace),
    add: (out, a, size) => kernels.combine(out, out, a, size, 1, 1),
  };
  const { matmul, add } = elsewhere ? elsewhere(own) : own;

  return {
    ...(instance.exports as unknown as Kernels),
    matmul,
    momentumStep(weights, velocity, pre, post, batch, preUnits, postUnits, rate, momentum, decay, nesterov) {
      if (batch === 1) {
        // One pass over weights and velocity: at batch 1 the step is bound by memory, not by arithmetic.
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
      // v ← μ·v − decay·w before w moves; the product then adds −rate·gradient without touching v's factor.
      if (nesterov) combine(weights, weights, velocity, size, 1, -momentum);
      if (decay === 0) {
        matmul(velocity, pre, post, preUnits, postUnits, batch, true, false, -rate, momentum);
      } else {
        // With Nesterov, weights already lack μ·v: give it back to the decay term.
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
}
