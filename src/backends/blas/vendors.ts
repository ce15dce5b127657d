/** Identity of a loaded BLAS: spelling of its names, width of its integers, setting of its threads. */
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import type { LibraryHandle, load } from 'koffi';

/** Maker of a BLAS, as far as it is known. */
export type BlasVendor = 'openblas' | 'mkl' | 'blis' | 'accelerate' | 'unknown';

/** Facts about a loaded library; see `BlasLibrary`. */
export interface BlasIdentity {
  readonly vendor: BlasVendor;
  readonly version: string;
  readonly core: string;
  readonly integerBits: 32 | 64;
  readonly maximumThreads: number;
  /** Undefined if the library has no such setting. */
  readonly setThreads: ((threads: number) => void) | undefined;
}

/** Prefix and suffix that a build puts around every public name. A suffix means 64-bit integers. */
export interface Spelling {
  of(name: string): string;
  readonly integerBits: 32 | 64;
}

/** The part of the foreign-function interface that identification needs. */
export interface Foreign {
  readonly load: typeof load;
  readonly addressOf: (buffer: ArrayBufferLike) => number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const spellings: readonly Spelling[] = [
  { of: (name) => name, integerBits: 32 },
  { of: (name) => `${name}64_`, integerBits: 64 }, // OpenBLAS as Julia and Fedora build it
  { of: (name) => `${name}_64`, integerBits: 64 }, // MKL and the reference
  { of: (name) => `scipy_${name}`, integerBits: 32 }, // OpenBLAS as Python's wheels carry it
  { of: (name) => `scipy_${name}64_`, integerBits: 64 },
];

/** Returns the spelling under which the library has all the routines, or undefined if it is no BLAS. */
export function spellingOf(native: LibraryHandle, routines: readonly string[]): Spelling | undefined {
  return spellings.find((spelling) => routines.every((name) => has(native, spelling.of(`cblas_${name}`))));
}

/** Returns the identity of a library. A library that does not report its vendor is `unknown`. */
export function identify(
  path: string,
  native: LibraryHandle,
  spelling: Spelling,
  environment: Environment,
  foreign: Foreign,
): BlasIdentity {
  return (
    identifyOpenBlas(native, spelling, environment) ??
    identifyMkl(path, native, spelling, environment, foreign) ??
    identifyBlis(native, environment) ??
    identifyAccelerate(path) ??
    identifyFlexiBlas(native, spelling, environment) ?? {
      vendor: 'unknown',
      version: '',
      core: '',
      integerBits: spelling.integerBits,
      maximumThreads: availableParallelism(),
      setThreads: undefined,
    }
  );
}

function identifyOpenBlas(
  native: LibraryHandle,
  spelling: Spelling,
  environment: Environment,
): BlasIdentity | undefined {
  const name = (suffix: string): string => spelling.of(`openblas_${suffix}`);
  if (!has(native, name('get_config'))) return undefined;
  const version = textOf(native, name('get_config'));
  // 0 means built without threads.
  const parallel = has(native, name('get_parallel')) ? numberOf(native, name('get_parallel')) : 1;
  const builtFor = Number(/MAX_THREADS=(\d+)/.exec(version)?.[1] ?? Infinity);
  const processors = has(native, name('get_num_procs')) ? numberOf(native, name('get_num_procs')) : Infinity;
  const maximumThreads =
    parallel === 0
      ? 1
      : Math.min(
          builtFor,
          processors,
          allowedThreads(environment, ['OPENBLAS_NUM_THREADS', 'GOTO_NUM_THREADS', 'OMP_NUM_THREADS']),
        );
  return {
    vendor: 'openblas',
    version,
    core: has(native, name('get_corename')) ? textOf(native, name('get_corename')) : '',
    integerBits: version.includes('USE64BITINT') ? 64 : spelling.integerBits,
    maximumThreads,
    setThreads: setter(native, name('set_num_threads'), 'int'),
  };
}

function identifyMkl(
  path: string,
  native: LibraryHandle,
  spelling: Spelling,
  environment: Environment,
  foreign: Foreign,
): BlasIdentity | undefined {
  if (!has(native, 'MKL_Get_Version_String')) return undefined;
  const serial = !chooseMklThreading(path, native, environment, foreign);
  const text = new Uint8Array(256);
  const getVersion = native.func('MKL_Get_Version_String', 'void', ['uintptr_t', 'int']);
  getVersion(foreign.addressOf(text.buffer), text.length);
  const wide = environment['MKL_INTERFACE_LAYER']?.toUpperCase().startsWith('ILP64') === true;
  return {
    vendor: 'mkl',
    version: new TextDecoder()
      .decode(text)
      .replace(/\0[^]*$/, '')
      .trim(),
    core: '',
    integerBits: wide ? 64 : spelling.integerBits,
    maximumThreads: serial ? 1 : allowedThreads(environment, ['MKL_NUM_THREADS', 'OMP_NUM_THREADS']),
    setThreads: setter(native, 'MKL_Set_Num_Threads', 'int'),
  };
}

/**
 * Chooses MKL's threading layer, and returns false if products will run on one thread. mkl_rt loads Intel's OpenMP
 * runtime at its first product and ends the process if there is none. If it is not found here, MKL is set to do without.
 */
function chooseMklThreading(
  path: string,
  native: LibraryHandle,
  environment: Environment,
  foreign: Foreign,
): boolean {
  const chosen = environment['MKL_THREADING_LAYER']?.toUpperCase();
  if (chosen !== undefined && chosen !== '') return chosen !== 'SEQUENTIAL';
  if (!has(native, 'MKL_Set_Threading_Layer')) return true;
  const runtime =
    process.platform === 'win32'
      ? 'libiomp5md.dll'
      : process.platform === 'darwin'
        ? 'libiomp5.dylib'
        : 'libiomp5.so';
  for (const candidate of [runtime, join(dirname(path), runtime)]) {
    try {
      runtimes.push(foreign.load(candidate, { global: true }));
      return true;
    } catch {
      // Try the next place; after the last, MKL does without threads.
    }
  }
  const sequential = 1;
  const setLayer = native.func('MKL_Set_Threading_Layer', 'int', ['int']);
  setLayer(sequential);
  return false;
}

/** Runtimes stay loaded as long as MKL needs them. */
const runtimes: LibraryHandle[] = [];

function identifyBlis(native: LibraryHandle, environment: Environment): BlasIdentity | undefined {
  if (!has(native, 'bli_info_get_version_str')) return undefined;
  const canThread =
    !has(native, 'bli_info_get_enable_threading') || numberOf(native, 'bli_info_get_enable_threading') !== 0;
  const wide =
    has(native, 'bli_info_get_blas_int_type_size') &&
    numberOf(native, 'bli_info_get_blas_int_type_size', 'intptr_t') === 64;
  return {
    vendor: 'blis',
    version: `BLIS ${textOf(native, 'bli_info_get_version_str')}`,
    core: blisCore(native),
    integerBits: wide ? 64 : 32,
    maximumThreads: canThread ? allowedThreads(environment, ['BLIS_NUM_THREADS', 'OMP_NUM_THREADS']) : 1,
    setThreads: setter(native, 'bli_thread_set_num_threads', 'intptr_t'),
  };
}

function blisCore(native: LibraryHandle): string {
  if (!has(native, 'bli_arch_query_id') || !has(native, 'bli_arch_string')) return '';
  const name = native.func('bli_arch_string', 'str', ['int']) as (id: number) => string | null;
  return name(numberOf(native, 'bli_arch_query_id')) ?? '';
}

function identifyAccelerate(path: string): BlasIdentity | undefined {
  if (!/(Accelerate|vecLib)\.framework/.test(path)) return undefined;
  return {
    vendor: 'accelerate',
    version: 'Accelerate',
    core: '',
    integerBits: 32,
    maximumThreads: availableParallelism(),
    setThreads: undefined,
  };
}

/** Identifies FlexiBLAS. It forwards to the BLAS it is configured with, possibly the reference, so it stays 'unknown'. */
function identifyFlexiBlas(
  native: LibraryHandle,
  spelling: Spelling,
  environment: Environment,
): BlasIdentity | undefined {
  if (!has(native, 'flexiblas_set_num_threads')) return undefined;
  return {
    vendor: 'unknown',
    version: 'FlexiBLAS',
    core: '',
    integerBits: spelling.integerBits,
    maximumThreads: allowedThreads(environment, ['FLEXIBLAS_NUM_THREADS', 'OMP_NUM_THREADS']),
    setThreads: setter(native, 'flexiblas_set_num_threads', 'int'),
  };
}

/** Returns the number of processors, or the lower limit of the first of these variables that is set. */
function allowedThreads(environment: Environment, variables: readonly string[]): number {
  const processors = availableParallelism();
  for (const variable of variables) {
    const value = Number.parseInt(environment[variable] ?? '', 10);
    if (value >= 1) return Math.min(value, processors);
  }
  return processors;
}

function has(native: LibraryHandle, name: string): boolean {
  try {
    native.symbol(name);
    return true;
  } catch {
    return false;
  }
}

function textOf(native: LibraryHandle, name: string): string {
  const read = native.func(name, 'str', []) as () => string | null;
  return (read() ?? '').trim().replace(/\s+/g, ' ');
}

function numberOf(native: LibraryHandle, name: string, type: 'int' | 'intptr_t' = 'int'): number {
  const read = native.func(name, type, []) as () => number | bigint;
  return Number(read());
}

function setter(
  native: LibraryHandle,
  name: string,
  type: 'int' | 'intptr_t',
): ((threads: number) => void) | undefined {
  return has(native, name) ? native.func(name, 'void', [type]) : undefined;
}
