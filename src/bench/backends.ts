/** Backends of one process, opened once for each thread count. */
import { availableParallelism } from 'node:os';
import { openBackend } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/compute.ts';

/** Thread counts worth timing: one, and all there are. */
export const threadCounts = (most: number): number[] => [
  ...new Set([1, Math.min(most, availableParallelism())]),
];

interface TimedBackend {
  readonly name: 'blas' | 'wasm';
  readonly family: string;
  readonly threads: number;
  readonly compute: Compute;
}

export class Backends {
  readonly #open = new Map<string, Promise<Compute | undefined>>();

  /** Undefined where there is no BLAS. */
  blas(threads: number): Promise<Compute | undefined> {
    return this.#opened(`blas ${threads}`, () =>
      openBackend({ backend: 'blas', threads }).catch((error: unknown) => {
        if (error instanceof ApicalError && error.code.startsWith('blas.')) return undefined;
        throw error;
      }),
    );
  }

  wasm(threads: number): Promise<Compute> {
    const open = () => openBackend({ backend: 'wasm', threads });
    return this.#opened(`wasm ${threads}`, open) as Promise<Compute>;
  }

  /**
   * Every backend worth timing, and how many threads it may use. `family` goes into the id of its rows: wasm on all
   * threads has its own, since the peers that wasm is compared with have one thread.
   */
  async all(): Promise<TimedBackend[]> {
    const found: TimedBackend[] = [];
    for (const name of ['blas', 'wasm'] as const) {
      for (const threads of threadCounts(Infinity)) {
        const compute = await this[name](threads);
        if (compute?.backend.threads !== threads) continue;
        found.push({
          name,
          family: name === 'wasm' && threads > 1 ? 'wasm-threads' : name,
          threads,
          compute,
        });
      }
    }
    return found;
  }

  #opened(key: string, open: () => Promise<Compute | undefined>): Promise<Compute | undefined> {
    const known = this.#open.get(key) ?? open();
    this.#open.set(key, known);
    return known;
  }
}
