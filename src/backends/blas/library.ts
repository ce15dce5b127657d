/**
 * A BLAS of the system, opened through koffi and called on absolute addresses. Node only.
 *
 * Addresses are plain numbers below 2⁵³, declared to koffi as integers of pointer size, so that a call creates no
 * object. The engine boxes a number computed for a call (16 bytes), but not a number kept in a field of an object:
 * callers should compute the address of a tensor once.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import type koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { ApicalError } from '../../errors.ts';
import { findBlas, namedBlas, type BlasSearch, type NamedBlas } from './candidates.ts';
import type { BlasLibrary } from './cblas.ts';
import { proveItself, refuseReference } from './proof.ts';
import { identify, spellingOf } from './vendors.ts';

export { columnMajor, noTranspose, rowMajor, transpose, type BlasLibrary } from './cblas.ts';
export type { BlasVendor } from './vendors.ts';
export { findBlas, type BlasSearch } from './candidates.ts';

/** Options of `openBlas`. */
export interface BlasOptions extends BlasSearch {
  /** Paths to try in place of those of `findBlas`. Without effect if the user named a library. */
  readonly candidates?: readonly string[] | undefined;
}

/** Result of a search: the library, if one was found, and why others were refused. */
export interface BlasAttempt {
  readonly library: BlasLibrary | undefined;
  readonly reasons: readonly string[];
}

/**
 * Opens the first candidate that is a BLAS worth using.
 *
 * Throws `blas.not-found` if there is none, or if the named library does not exist; `blas.not-a-blas` if the named
 * library cannot be loaded, lacks a routine or computes wrongly; `blas.reference-blas` if it is a plain reference
 * implementation; `blas.no-koffi` if koffi has no build for this platform.
 */
export function openBlas(options: BlasOptions = {}): BlasLibrary {
  const { library, reasons } = tryOpenBlas(options);
  if (library !== undefined) return library;
  throw new ApicalError(
    'blas.not-found',
    `No optimised BLAS was found: ${reasons.slice(0, 3).join('; ')}. Install OpenBLAS (Debian and Ubuntu: ` +
      `apt install libopenblas0-pthread; Fedora: dnf install openblas-threads; Arch: pacman -S openblas; ` +
      `Alpine: apk add openblas; macOS: brew install openblas; Windows or any conda: conda install openblas), ` +
      `set APICAL_BLAS to the path of a library, or use the backend wasm.`,
    { reasons },
  );
}

/**
 * Searches as `openBlas` does, but returns a result, not an error, if nothing is found. A library that the user named
 * still throws if it cannot be used: no other may silently replace it.
 */
export function tryOpenBlas(options: BlasOptions = {}): BlasAttempt {
  const named = namedBlas(options);
  if (named !== undefined) return { library: openNamed(named, options), reasons: [] };
  const reasons: string[] = [];
  for (const path of options.candidates ?? findBlas(options)) {
    try {
      return { library: open(path, options.environment ?? process.env), reasons };
    } catch (error) {
      if (!(error instanceof ApicalError)) throw error;
      // Without koffi every candidate would fail in the same way.
      if (error.code === 'blas.no-koffi') return { library: undefined, reasons: [error.message] };
      // Most candidates do not exist. Only a library that exists and is refused is worth a reason.
      if (error.code !== 'blas.not-found') reasons.push(error.message);
    }
  }
  if (reasons.length === 0) {
    reasons.push(
      'neither OpenBLAS nor BLIS nor MKL is in the active conda environment, in the usual library folders ' +
        "or on the loader's path",
    );
  }
  return { library: undefined, reasons };
}

/**
 * Returns the absolute address of a buffer's first byte, in about 0.3 µs. It is valid as long as the buffer is
 * reachable. A WebAssembly.Memory may move when it grows: take the address again afterwards.
 * Throws `blas.no-address` if the buffer is empty or detached.
 */
export function addressOf(buffer: ArrayBufferLike): number {
  if (buffer.byteLength === 0) {
    throw new ApicalError(
      'blas.no-address',
      'An empty or detached buffer has no address. Take the buffer from its memory again after growth or transfer.',
    );
  }
  // koffi refuses a bare SharedArrayBuffer but takes a view on one.
  return Number(loadKoffi().address(new Uint8Array(buffer, 0, 1)));
}

function openNamed({ path, source }: NamedBlas, options: BlasOptions): BlasLibrary {
  const origin = source === 'APICAL_BLAS' ? 'APICAL_BLAS names' : 'The given path names';
  const fix =
    source === 'APICAL_BLAS'
      ? 'Correct APICAL_BLAS, or unset APICAL_BLAS to search the system.'
      : 'Correct the path, or leave it out to search the system.';
  const isFilePath = /[\\/]/.test(path) && !path.startsWith('/System/Library/');
  const missing = path === '' || (isFilePath && !(options.exists ?? existsSync)(path));
  if (missing) {
    throw new ApicalError('blas.not-found', `${origin} "${path}", which does not exist. ${fix}`, {
      path,
      source,
    });
  }
  try {
    return open(path, options.environment ?? process.env);
  } catch (error) {
    if (!(error instanceof ApicalError) || error.code === 'blas.no-koffi') throw error;
    const message = `${origin} a library that cannot be used: ${error.message}. ${fix}`;
    throw new ApicalError(error.code, message, { ...error.details, source }, error);
  }
}

type Koffi = typeof koffi;
let loadedKoffi: Koffi | undefined;

/** Loads koffi on first use. Without a build for this platform the import throws, and other backends still work. */
function loadKoffi(): Koffi {
  try {
    loadedKoffi ??= createRequire(import.meta.url)('koffi') as Koffi;
    return loadedKoffi;
  } catch (error) {
    throw new ApicalError(
      'blas.no-koffi',
      `koffi, which calls the system's BLAS, has no build for ${process.platform} on ${process.arch}. Use the backend wasm.`,
      { platform: process.platform, architecture: process.arch },
      error,
    );
  }
}

/** All libraries stay loaded, also refused ones: to unload one whose threads still wait would end the process. */
const loaded: LibraryHandle[] = [];
const opened = new Map<string, BlasLibrary>();

function open(path: string, environment: NonNullable<BlasSearch['environment']>): BlasLibrary {
  const before = opened.get(path);
  if (before !== undefined) return before;

  const ffi = loadKoffi();
  let native: LibraryHandle;
  try {
    native = ffi.load(path);
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^Failed to load shared library: /, '') : String(error);
    throw loadFailure(path, reason, error);
  }
  const library = bind(path, native, environment);
  loaded.push(native);
  proveItself(library, addressOf);
  if (library.vendor === 'unknown') refuseReference(library, addressOf);
  opened.set(path, library);
  return library;
}

function bind(
  path: string,
  native: LibraryHandle,
  environment: NonNullable<BlasSearch['environment']>,
): BlasLibrary {
  const routines = ['sgemm', 'sgemv', 'sger', 'saxpy', 'sscal'];
  const spelling = spellingOf(native, routines);
  if (spelling === undefined) {
    throw notABlas(
      path,
      `${path} is a library, but not a BLAS with the C interface (it lacks cblas_sgemm or a sibling)`,
    );
  }
  const identity = identify(path, native, spelling, environment, { load: loadKoffi().load, addressOf });

  const e = 'int'; // an enumeration
  const p = 'uintptr_t'; // an address
  const f = 'float';
  const i = identity.integerBits === 64 ? 'int64_t' : 'int'; // a size
  const routine = (name: string, parameters: string[]) =>
    native.func(spelling.of(`cblas_${name}`), 'void', parameters);
  return {
    path,
    vendor: identity.vendor,
    version: identity.version,
    core: identity.core,
    integerBits: identity.integerBits,
    threadsSettable: identity.setThreads !== undefined,
    maximumThreads: identity.maximumThreads,
    setThreads: (threads) => {
      if (identity.setThreads === undefined) {
        throw new ApicalError(
          'blas.threads',
          `The number of threads of ${path} cannot be set: the library chooses it itself.`,
        );
      }
      if (!(Number.isInteger(threads) && threads >= 1 && threads <= identity.maximumThreads)) {
        throw new ApicalError(
          'blas.threads',
          `${threads} threads were requested of ${path}. It can use 1 to ${identity.maximumThreads} here.`,
          { threads, maximumThreads: identity.maximumThreads },
        );
      }
      identity.setThreads(threads);
    },
    sgemm: routine('sgemm', [e, e, e, i, i, i, f, p, i, p, i, f, p, i]),
    sgemv: routine('sgemv', [e, e, i, i, f, p, i, p, i, f, p, i]),
    sger: routine('sger', [e, i, i, f, p, i, p, i, p, i]),
    saxpy: routine('saxpy', [i, f, p, i, p, i]),
    sscal: routine('sscal', [i, f, p, i]),
  };
}

function loadFailure(path: string, reason: string, cause: unknown): ApicalError {
  const isBareName = !/[\\/]/.test(path);
  // Messages of the loaders of Linux (glibc and musl), macOS and Windows. koffi leaves the name of the library out, so
  // a reason that begins with a name is about another library, which this one needs.
  const isAbsent = /^(cannot open shared|error loading shared library|dlopen|the specified module)/i.test(
    reason,
  );
  if (isBareName && isAbsent) {
    return new ApicalError(
      'blas.not-found',
      `${path} was not found by the system's loader (${reason})`,
      { path },
      cause,
    );
  }
  return notABlas(path, `${path} could not be loaded as a library (${reason})`, cause);
}

function notABlas(path: string, message: string, cause?: unknown): ApicalError {
  return new ApicalError('blas.not-a-blas', message, { path }, cause);
}
