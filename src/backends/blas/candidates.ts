/**
 * Where a system BLAS may lie, best first. Nothing is loaded here: the result is a list of paths, and the
 * probes of the file system can be replaced, so that the layouts of other systems can be tried on any of them.
 */
import { existsSync, readdirSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import process from 'node:process';

export interface BlasSearch {
  /** The library the user asks for; when given, it is the only candidate. */
  readonly path?: string | undefined;
  /** Defaults to `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly platform?: NodeJS.Platform | undefined;
  /** A value of `process.arch`. */
  readonly architecture?: string | undefined;
  readonly exists?: ((path: string) => boolean) | undefined;
  /** The names in a folder; an empty list when it cannot be read. */
  readonly list?: ((folder: string) => readonly string[]) | undefined;
}

/** A library that the user named, and where: it is used or refused, never replaced by another. */
export interface NamedBlas {
  readonly path: string;
  readonly source: 'path' | 'APICAL_BLAS';
}

/** The library named by the option or by APICAL_BLAS, made absolute unless it is a bare file name. */
export function namedBlas(search: BlasSearch = {}): NamedBlas | undefined {
  const environment = search.environment ?? process.env;
  const [named, source] =
    search.path !== undefined
      ? ([search.path, 'path'] as const)
      : ([environment['APICAL_BLAS'] ?? '', 'APICAL_BLAS'] as const);
  // An empty variable is how a shell says "not set"; an empty option can only be a mistake, and is kept.
  if (named === '' && source === 'APICAL_BLAS') return undefined;
  const paths = (search.platform ?? process.platform) === 'win32' ? win32 : posix;
  // A bare name is left to the system's loader, which knows LD_LIBRARY_PATH and its like.
  return { path: named.includes('/') || named.includes(paths.sep) ? paths.resolve(named) : named, source };
}

/**
 * Paths of libraries to try, in order: the one named by `path` or APICAL_BLAS (then nothing else), the active
 * conda environment, the places of this system's package managers, and last the bare names that the system's
 * loader resolves. Paths with a folder exist; bare names and system frameworks are not checked.
 *
 * OpenBLAS built on plain threads comes first: its thread count can be changed between two products at no cost,
 * and it brings no OpenMP runtime into the process.
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

/** macOS keeps its own libraries in a cache and not in files, so their paths load although nothing is there. */
function isResolvedByLoader(path: string): boolean {
  return !/[\\/]/.test(path) || path.startsWith('/System/Library/');
}

/** Debian's names of the folder for an architecture. */
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
  'libopenblas_pthreads.so.0', // openSUSE: likewise
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
  'libflexiblas.so.3', // passes on to any of the above, or to the slow reference: last of those with a name
  'libcblas.so.3', // whatever the system's administrator chose
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
  // Windows does not mind the case of variable names, a plain object of them does.
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

/** The usual names in a folder, then OpenBLAS under the name of its build, as conda keeps it. */
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
