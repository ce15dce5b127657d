/**
 * A BLAS of the system, opened through koffi and called on absolute addresses. Node only.
 *
 * Addresses are plain numbers (they stay below 2^53), declared to koffi as integers of pointer size: a call then
 * makes no object. A number that is computed for the call is boxed by the engine (16 bytes each); one that is kept in a
 * field of an object is not, so callers should compute the address of a tensor once.
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

export interface BlasOptions extends BlasSearch {
  /** Paths to try in place of what `findBlas` returns; without effect when the user named a library. */
  readonly candidates?: readonly string[] | undefined;
}

/** What a search came to: the library, and why the libraries before it, or all, were refused. */
export interface BlasAttempt {
  readonly library: BlasLibrary | undefined;
  readonly reasons: readonly string[];
}

/**
 * Opens the first candidate that is a BLAS worth using.
 *
 * @throws ApicalError `blas.not-found` when there is none, or the one that the user named does not exist;
 * `blas.not-a-blas` when the named one cannot be loaded, lacks a routine or computes wrongly;
 * `blas.reference-blas` when the named one is a plain reference implementation; `blas.no-koffi` when koffi has no
 * build for this platform.
 */
export function openBlas(options: BlasOptions = {}): BlasLibrary {
  const { library, reasons } = tryOpenBlas(options);
  if (library !== undefined) return library;
  throw new ApicalError(
    'blas.not-found',
    `No optimised BLAS was found: ${reasons.slice(0, 3).join('; ')}. Install OpenBLAS (Debian and Ubuntu: ` +
      `apt install libopenblas0-pthread; Fedora: dnf install openblas-threads; Arch: pacman -S openblas; ` +
      `Alpine: apk add openblas; macOS: brew install openblas; Windows or any conda: conda install openblas), ` +
      `or name a library in APICAL_BLAS, or use the backend wasm.`,
    { reasons },
  );
}

/**
 * Like `openBlas`, but finding nothing is a result and not an error. A library that the user named still throws
 * when it cannot be used: nothing else may silently take its place.
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
      // That nothing answers to one of many names is no news; a library that is there and is refused is.
      if (error.code !== 'blas.not-found') reasons.push(error.message);
    }
  }
  if (reasons.length === 0) {
    reasons.push(
      'nothing like OpenBLAS, BLIS or MKL is in the active conda environment, the usual library folders ' +
        "or on the loader's path",
    );
  }
  return { library: undefined, reasons };
}

/**
 * The absolute address of a buffer's first byte. It holds as long as the buffer is reachable; a WebAssembly.Memory
 * that grows may move, so ask again after it has. About 0.3 µs.
 *
 * @throws ApicalError `blas.no-address` when the buffer is empty or detached.
 */
export function addressOf(buffer: ArrayBufferLike): number {
  if (buffer.byteLength === 0) {
    throw new ApicalError(
      'blas.no-address',
      'An empty or detached buffer has no address. Take it again from its memory after growing or transferring.',
    );
  }
  // koffi refuses a bare SharedArrayBuffer but takes a view on one.
  return Number(loadKoffi().address(new Uint8Array(buffer, 0, 1)));
}

function openNamed({ path, source }: NamedBlas, options: BlasOptions): BlasLibrary {
  const origin = source === 'APICAL_BLAS' ? 'APICAL_BLAS names' : 'The path given names';
  const mend =
    source === 'APICAL_BLAS'
      ? 'Correct or unset APICAL_BLAS to have the system searched.'
      : 'Correct it, or leave it out to have the system searched.';
  const isFilePath = /[\\/]/.test(path) && !path.startsWith('/System/Library/');
  const missing = path === '' || (isFilePath && !(options.exists ?? existsSync)(path));
  if (missing) {
    throw new ApicalError('blas.not-found', `${origin} "${path}", which does not exist. ${mend}`, {
      path,
      source,
    });
  }
  try {
    return open(path, options.environment ?? process.env);
  } catch (error) {
    if (!(error instanceof ApicalError) || error.code === 'blas.no-koffi') throw error;
    const message = `${origin} a library that cannot be used: ${error.message}. ${mend}`;
    throw new ApicalError(error.code, message, { ...error.details, source }, error);
  }
}

type Koffi = typeof koffi;
let loadedKoffi: Koffi | undefined;

/** Loaded on first use: on a platform without a build of koffi the import throws, and other backends still work. */
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

/** Libraries stay, refused ones too: unloading one whose threads still wait would end the process. */
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
          `${path} chooses its threads itself and cannot be told how many to use.`,
        );
      }
      if (!(Number.isInteger(threads) && threads >= 1 && threads <= identity.maximumThreads)) {
        throw new ApicalError(
          'blas.threads',
          `${threads} threads were asked of ${path}; it can use 1 to ${identity.maximumThreads} here.`,
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
  // The loaders of Linux (glibc and musl), macOS and Windows. koffi leaves the library's own name out of the reason,
  // so one that begins with a name speaks of a library that this one needs.
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
