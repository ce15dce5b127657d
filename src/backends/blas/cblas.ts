/** The routines of CBLAS that are bound, on absolute addresses in place of pointers. */
import type { BlasVendor } from './vendors.ts';

/** The values of CBLAS's enumerations. */
export const rowMajor = 101;
export const columnMajor = 102;
export const noTranspose = 111;
export const transpose = 112;

/**
 * CBLAS on addresses: every pointer is an absolute address in bytes (see `addressOf`), every leading dimension and
 * increment counts elements. Nothing is checked: a wrong address or size corrupts memory or ends the process, and
 * so does memory that was let go while its address was kept.
 */
export interface BlasLibrary {
  readonly path: string;
  readonly vendor: BlasVendor;
  /** What the library says of its version and build; empty when it says nothing. */
  readonly version: string;
  /** The processor that its kernels were chosen for; empty when it does not say. Results to the bit depend on it. */
  readonly core: string;
  /** Width of the library's integers. */
  readonly integerBits: 32 | 64;
  readonly threadsSettable: boolean;
  /** How many threads a product may use: the least of the processors, the build's limit and the environment's. */
  readonly maximumThreads: number;
  /**
   * Sets the threads of every following call, in the whole process: workers share one library.
   * @throws ApicalError `blas.threads` outside 1 … maximumThreads, or when the library does not let itself be told.
   */
  setThreads(threads: number): void;
  /** c[m, n] = alpha · op(a)[m, k] · op(b)[k, n] + beta · c; with beta 0, c is not read. */
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
  /** y = alpha · op(a) · x + beta · y, where a is [m, n] before it is transposed. */
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
  /** a[m, n] += alpha · x[m] · y[n]ᵀ. */
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
  /** y[n] += alpha · x[n]. */
  saxpy(n: number, alpha: number, x: number, incrementX: number, y: number, incrementY: number): void;
  /** x[n] *= alpha. */
  sscal(n: number, alpha: number, x: number, incrementX: number): void;
}
