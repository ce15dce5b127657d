/** The CBLAS routines in use, on absolute addresses in place of pointers. */
import type { BlasVendor } from './vendors.ts';

/** The values of CBLAS's enumerations. */
export const rowMajor = 101;
export const columnMajor = 102;
export const noTranspose = 111;
export const transpose = 112;

/**
 * CBLAS on addresses. Every pointer is an absolute address in bytes (see `addressOf`); leading dimensions and increments
 * count elements. Nothing is checked: a wrong address or size, or an address of released memory, corrupts memory or
 * ends the process.
 */
export interface BlasLibrary {
  /** Path or bare name by which it was loaded. */
  readonly path: string;
  readonly vendor: BlasVendor;
  /** Version and build as the library reports them; empty if it reports none. */
  readonly version: string;
  /** Processor that its kernels were chosen for; empty if it reports none. The bits of results depend on it. */
  readonly core: string;
  /** Width of its integers in bits. */
  readonly integerBits: 32 | 64;
  /** Whether `setThreads` works. */
  readonly threadsSettable: boolean;
  /** Maximum number of threads: the least of the processors, the limit of the build and that of the environment. */
  readonly maximumThreads: number;
  /**
   * Sets the number of threads of all later calls in the whole process, whose workers share one library.
   * Throws `blas.threads` for a number outside 1 … maximumThreads, or if the library has no such setting.
   */
  setThreads(threads: number): void;
  /** c(m, n) ← alpha · op(a)(m, k) · op(b)(k, n) + beta · c. With beta 0, c is not read. */
  sgemm(
    order: number,
    transposeA: number,
    transposeB: number,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    beta: number,
    c: number,
    ldc: number,
  ): void;
  /** y ← alpha · op(a) · x + beta · y, where a is stored as (m, n). */
  sgemv(
    order: number,
    transposeA: number,
    m: number,
    n: number,
    alpha: number,
    a: number,
    lda: number,
    x: number,
    incrementX: number,
    beta: number,
    y: number,
    incrementY: number,
  ): void;
  /** a(m, n) ← a + alpha · x(m) · y(n)ᵀ. */
  sger(
    order: number,
    m: number,
    n: number,
    alpha: number,
    x: number,
    incrementX: number,
    y: number,
    incrementY: number,
    a: number,
    lda: number,
  ): void;
  /** y(n) ← y + alpha · x(n). */
  saxpy(n: number, alpha: number, x: number, incrementX: number, y: number, incrementY: number): void;
  /** x(n) ← alpha · x. */
  sscal(n: number, alpha: number, x: number, incrementX: number): void;
}
