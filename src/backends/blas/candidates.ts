/**
 * Search for a system BLAS. Nothing is loaded here: the result is a list of paths, the best first. The probes of the
 * file system can be replaced, so that the layout of any system can be tested on any other.
 */
import { existsSync, readdirSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import process from 'node:process';

/** The places and the system to search. */
export interface BlasSearch {
  /** The library that the user names. If given, it is the only candidate. */
  readonly path?: string | undefined;
  /** Environment variables. Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default `process.platform`. */
  readonly platform?: NodeJS.Platform | undefined;
  /** A value of `process.arch`, which is the default. */
  readonly architecture?: string | undefined;
  /** Returns whether a file exists. */
  readonly exists?: ((path: string) => boolean) | undefined;
  /** Returns the names in a folder, none if it cannot be read. */
  readonly list?: ((folder: string) => readonly string[]) | undefined;
}

/** A library that the user named, and by which means. It is used or refused, never replaced by another. */
export interface NamedBlas {
  readonly path: string;
  readonly source: 'path' | 'APICAL_BLAS';
}

/** Returns the library named by the option or by APICAL_BLAS, as an absolute path unless it is a bare file name. */
export function namedBlas(search: BlasSearch = {}): NamedBlas | undefined {
  const environment = search.environment ?? process.env;
  const [named, source] =
    search.path !== undefined
      ? ([search.path, 'path'] as const)
      : ([environment['APICAL_BLAS'] ?? '', 'APICAL_BLAS'] as const);
  // In a shell an empty variable means "not set". An empty option can only be a mistake, which is reported.
  if (named === '' && source === 'APICAL_BLAS') return undefined;
  const paths = (search.platform ?? process.platform) === 'win32' ? win32 : posix;
  // The system's loader resolves a bare name, by LD_LIBRARY_PATH and similar variables.
  return { path: named.includes('/') || named.includes(paths.sep) ? paths.resolve(named) : named, source };
}

/**
 * Returns the paths of libraries to try, in order: the one named by `path` or APICAL_BLAS, and then no other; else the
 * active conda environment, the folders of this system's package managers, and last the bare names that the system's
 * loader resolves. Paths with a folder exist; bare names and system frameworks are not checked.
 *
 * OpenBLAS built on plain threads comes first. Its number of threads can change between two products at no cost, and
 * it brings no OpenMP runtime into the process.
 */
export function findBlas(search: BlasSearch = {}): string[] {
  const named = namedBlas(search);
  if (named !== undefined) return [named.path];

  const environment = search.environment ?? process.env;
  const platform = search.platform ?? process.platform;
  const layout: Layout = {
    environment,
    architecture: search.architecture ?? process.arch,
    join: platform === 'win32' ? win32.join : posix.join,
    list: search.list ?? listFolder,
  };
  const places =
    platform === 'win32'
      ? windowsPlaces(layout)
      : platform === 'darwin'
        ? macPlaces(layout)
        : unixPlaces(layout);

  const exists = search.exists ?? existsSync;
  return [...new Set(places)].filter((path) => isResolvedByLoader(path) || exists(path));
}

interface Layout {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly architecture: string;
  readonly join: (...parts: string[]) => string;
  readonly list: (folder: string) => readonly string[];
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whether the loader finds a library without a file. macOS keeps its own in a cache: their paths load all the same. */
function isResolvedByLoader(path: string): boolean {
  return !/[\\/]/.test(path) || path.startsWith('/System/Library/');
}

/** Debian's folder names for the architectures. */
const triplets: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  ia32: 'i386-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
  riscv64: 'riscv64-linux-gnu',
  loong64: 'loongarch64-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
  s390x: 's390x-linux-gnu',
};

const unixNames = [
  'libopenblasp.so.0', // Fedora: on plain threads
  'libopenblas_pthreads.so.0', // openSUSE: on plain threads
  'libopenblas.so.0',
  'libopenblas.so.3', // Alpine
  'libopenblas.so',
  'libopenblaso.so.0', // Fedora: on OpenMP
  'libblis.so.4',
  'libblis.so',
  'libmkl_rt.so.2',
  'libmkl_rt.so.1',
  'libmkl_rt.so',
  'libopenblas64.so.0', // Debian: 64-bit integers
  'libopenblas64_.so',
  'libflexiblas.so.3', // forwards to any of the above, or to the slow reference: the last with a name
  'libcblas.so.3', // the choice of the system's administrator
  'libblas.so.3',
];

function* unixPlaces({ environment, architecture, join, list }: Layout): Generator<string> {
  const conda = environment['CONDA_PREFIX'];
  if (conda) yield* withBuilds(join(conda, 'lib'), unixNames, /^libopenblasp-r.*\.so$/, join, list);

  const triplet = triplets[architecture];
  if (triplet !== undefined) {
    const folder = `/usr/lib/${triplet}`;
    yield join(folder, 'openblas-pthread', 'libopenblas.so.0');
    yield* unixNames.slice(0, 6).map((name) => join(folder, name));
    yield join(folder, 'openblas-openmp', 'libopenblas.so.0');
    yield join(folder, 'blis-pthread', 'libblis.so.4');
    yield join(folder, 'blis-openmp', 'libblis.so.4');
    yield join(folder, 'openblas64-pthread', 'libopenblas64.so.0');
    yield* unixNames.slice(6).map((name) => join(folder, name));
    yield join(folder, 'openblas-serial', 'libopenblas.so.0');
  }
  for (const folder of [
    '/usr/lib64',
    '/usr/lib',
    '/usr/local/lib',
    '/usr/local/lib64',
    '/opt/OpenBLAS/lib',
  ]) {
    yield* unixNames.map((name) => join(folder, name));
  }
  const brew = environment['HOMEBREW_PREFIX'] ?? '/home/linuxbrew/.linuxbrew';
  yield join(brew, 'opt', 'openblas', 'lib', 'libopenblas.so.0');
  for (const root of [environment['MKLROOT'], '/opt/intel/oneapi/mkl/latest', '/opt/intel/mkl']) {
    if (!root) continue;
    yield join(root, 'lib', 'libmkl_rt.so.2');
    yield join(root, 'lib', 'intel64', 'libmkl_rt.so.2');
    yield join(root, 'lib', 'intel64', 'libmkl_rt.so');
  }
  yield* unixNames;
}

const macNames = [
  'libopenblas.0.dylib',
  'libopenblas.dylib',
  'libblis.4.dylib',
  'libmkl_rt.2.dylib',
  'libmkl_rt.1.dylib',
  'libcblas.3.dylib',
];

function* macPlaces({ environment, join, list }: Layout): Generator<string> {
  const conda = environment['CONDA_PREFIX'];
  if (conda) yield* withBuilds(join(conda, 'lib'), macNames, /^libopenblasp?-r.*\.dylib$/, join, list);
  const prefixes = [environment['HOMEBREW_PREFIX'], '/opt/homebrew', '/usr/local'];
  for (const prefix of prefixes) {
    if (prefix) yield join(prefix, 'opt', 'openblas', 'lib', 'libopenblas.dylib');
  }
  for (const folder of ['/opt/homebrew/lib', '/usr/local/lib', '/opt/local/lib']) {
    yield join(folder, 'libopenblas.dylib');
  }
  yield '/System/Library/Frameworks/Accelerate.framework/Accelerate';
  yield* macNames;
}

const windowsNames = [
  'libopenblas.dll',
  'openblas.dll',
  'mkl_rt.2.dll',
  'mkl_rt.1.dll',
  'mkl_rt.dll',
  'libblis.4.dll',
  'AOCL-LibBlis-Win-MT-dll.dll',
];

function* windowsPlaces({ environment, join }: Layout): Generator<string> {
  const conda = environment['CONDA_PREFIX'];
  if (conda) yield* windowsNames.map((name) => join(conda, 'Library', 'bin', name));
  // Names of variables are case-insensitive on Windows, but not in a plain object.
  const path = Object.entries(environment).find(([name]) => name.toUpperCase() === 'PATH')?.[1] ?? '';
  const folders = path.split(';').filter((folder) => folder !== '');
  for (const name of windowsNames) yield* folders.map((folder) => join(folder, name));
  for (const folder of ['C:\\OpenBLAS\\bin', 'C:\\msys64\\ucrt64\\bin', 'C:\\msys64\\mingw64\\bin']) {
    yield join(folder, 'libopenblas.dll');
  }
  const mkl = environment['MKLROOT'] ?? 'C:\\Program Files (x86)\\Intel\\oneAPI\\mkl\\latest';
  yield join(mkl, 'bin', 'mkl_rt.2.dll');
  yield join(mkl, 'redist', 'intel64', 'mkl_rt.2.dll');
  yield* windowsNames;
}

/** Yields OpenBLAS under its usual names, then under the name of its build, as conda keeps it, then other libraries. */
function* withBuilds(
  folder: string,
  names: readonly string[],
  build: RegExp,
  join: Layout['join'],
  list: Layout['list'],
): Generator<string> {
  const builds = list(folder).filter((name) => build.test(name));
  const openblas = names.filter((name) => name.includes('openblas'));
  const others = names.filter((name) => !name.includes('openblas'));
  yield* [...openblas, ...builds.sort().reverse(), ...others].map((name) => join(folder, name));
}
