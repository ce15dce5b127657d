/** The backends of a process, opened once for each number of threads. */
import { availableParallelism } from 'node:os';
import { openBackend } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/compute.ts';

/** Returns the numbers of threads to time: one, and all processors up to `most`. */
export const threadCounts = (most: number): number[] => [
  ...new Set([1, Math.min(most, availableParallelism())]),
];

interface TimedBackend {
  readonly name: 'blas' | 'wasm';
  readonly family: string;
  readonly threads: number;
  readonly compute: Compute;
}

/** Opens backends on demand and keeps them. */
export class Backends {
  readonly #open = new Map<string, Promise<Compute | undefined>>();

  /** Returns the BLAS backend with this number of threads; undefined without a BLAS library. */
  blas(threads: number): Promise<Compute | undefined> {
    return this.#opened(`blas ${threads}`, () =>
      openBackend({ backend: 'blas', threads }).catch((error: unknown) => {
        if (error instanceof ApicalError && error.code.startsWith('blas.')) return undefined;
        throw error;
      }),
    );
  }

  /** Returns the WebAssembly backend with this number of threads. */
  wasm(threads: number): Promise<Compute> {
    const open = () => openBackend({ backend: 'wasm', threads });
    return this.#opened(`wasm ${threads}`, open) as Promise<Compute>;
  }

  /**
   * Returns every backend to time, with its number of threads. `family` is part of the ids of its rows: wasm with all
   * threads has its own family, because the peers of wasm have one thread.
   */
  async all(): Promise<TimedBackend[]> {
    const backends: TimedBackend[] = [];
    for (const name of ['blas', 'wasm'] as const) {
      for (const threads of threadCounts(Infinity)) {
        const compute = await this[name](threads);
        if (compute?.backend.threads !== threads) continue;
        backends.push({
          name,
          family: name === 'wasm' && threads > 1 ? 'wasm-threads' : name,
          threads,
          compute,
        });
      }
    }
    return backends;
  }

  #opened(key: string, open: () => Promise<Compute | undefined>): Promise<Compute | undefined> {
    const known = this.#open.get(key) ?? open();
    this.#open.set(key, known);
    return known;
  }
}
