import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApicalError } from '../../src/errors.ts';
import {
  addressOf,
  findBlas,
  noTranspose,
  openBlas,
  rowMajor,
  transpose,
  tryOpenBlas,
  type BlasLibrary,
} from '../../src/backends/blas/library.ts';

const here = tryOpenBlas().library;

/** A system library that every machine has and that is not a BLAS. */
const notABlas =
  process.platform === 'win32'
    ? 'kernel32.dll'
    : process.platform === 'darwin'
      ? '/usr/lib/libSystem.B.dylib'
      : 'libc.so.6';

describe('the search', () => {
  const layout = (files: readonly string[]) => ({
    environment: {},
    exists: (path: string) => files.includes(path),
    list: (folder: string) =>
      files
        .filter((file) => file.startsWith(`${folder}/`))
        .map((file) => file.slice(folder.length + 1))
        .filter((name) => !name.includes('/')),
  });

  it('prefers threaded OpenBLAS to the other libraries of Debian, and puts the reference last', () => {
    const triplet = '/usr/lib/aarch64-linux-gnu';
    const files = [
      `${triplet}/libblas.so.3`,
      `${triplet}/libmkl_rt.so`,
      `${triplet}/libblis.so.4`,
      `${triplet}/libopenblas.so.0`,
      `${triplet}/openblas-pthread/libopenblas.so.0`,
    ];
    const found = findBlas({ platform: 'linux', architecture: 'arm64', ...layout(files) });
    expect(found.filter((path) => path.startsWith('/'))).toEqual([...files].reverse());
  });

  it('prefers the threaded build on Fedora, and puts FlexiBLAS after it', () => {
    const files = [
      '/usr/lib64/libflexiblas.so.3',
      '/usr/lib64/libopenblaso.so.0',
      '/usr/lib64/libopenblasp.so.0',
    ];
    const found = findBlas({ platform: 'linux', architecture: 'x64', ...layout(files) });
    expect(found.slice(0, 3)).toEqual([...files].reverse());
  });

  it('puts the active conda environment before the system', () => {
    const files = ['/usr/lib/x86_64-linux-gnu/libopenblas.so.0', '/home/a/env/lib/libopenblasp-r0.3.28.so'];
    const found = findBlas({
      platform: 'linux',
      architecture: 'x64',
      ...layout(files),
      environment: { CONDA_PREFIX: '/home/a/env' },
    });
    expect(found.slice(0, 2)).toEqual([...files].reverse());
  });

  it('falls back from Homebrew to Accelerate on macOS, which has no file', () => {
    const accelerate = '/System/Library/Frameworks/Accelerate.framework/Accelerate';
    const brewed = '/opt/homebrew/opt/openblas/lib/libopenblas.dylib';
    expect(findBlas({ platform: 'darwin', ...layout([]) })[0]).toBe(accelerate);
    expect(findBlas({ platform: 'darwin', ...layout([brewed]) }).slice(0, 2)).toEqual([brewed, accelerate]);
  });

  it('searches PATH on Windows, whatever the case of the variable name', () => {
    const file = 'D:\\blas\\bin\\libopenblas.dll';
    const found = findBlas({
      platform: 'win32',
      ...layout([file]),
      environment: { Path: 'C:\\Windows;D:\\blas\\bin' },
    });
    expect(found[0]).toBe(file);
  });

  it('considers only the library that the user named, the option before the variable', () => {
    const environment = { APICAL_BLAS: '/b/libopenblas.so', CONDA_PREFIX: '/home/a/env' };
    expect(findBlas({ platform: 'linux', environment })).toEqual(['/b/libopenblas.so']);
    expect(findBlas({ platform: 'linux', environment, path: 'libblis.so.4' })).toEqual(['libblis.so.4']);
    expect(findBlas({ platform: 'linux', environment: { APICAL_BLAS: '' } }).length).toBeGreaterThan(1);
  });
});

describe('a library that cannot be used', () => {
  let folder = '';
  let text = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'apical-blas-'));
    mkdirSync(join(folder, 'lib'));
    text = join(folder, 'lib', 'libopenblas.so.0');
    writeFileSync(text, 'no library at all');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const failure = (work: () => unknown): ApicalError => {
    try {
      work();
    } catch (error) {
      if (error instanceof ApicalError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  it('is an error with its path and the fix if the user named it, and no other library replaces it', () => {
    const missing = join(folder, 'absent.so');
    const cases = [
      [{ path: missing }, 'blas.not-found', missing],
      [{ path: '' }, 'blas.not-found', 'leave it out'],
      [{ environment: { APICAL_BLAS: missing } }, 'blas.not-found', 'unset APICAL_BLAS'],
      [{ path: text }, 'blas.not-a-blas', text],
      [{ path: 'libabsent-blas.so' }, 'blas.not-found', 'libabsent-blas.so'],
      [{ path: notABlas }, 'blas.not-a-blas', 'not a BLAS'],
      [{ environment: { APICAL_BLAS: text } }, 'blas.not-a-blas', 'unset APICAL_BLAS'],
    ] as const;
    for (const [options, code, part] of cases) {
      for (const work of [() => openBlas(options), () => tryOpenBlas(options)]) {
        const error = failure(work);
        expect(error.code).toBe(code);
        expect(error.message).toContain(part);
      }
    }
  });

  it('is skipped in a search, with the reason kept', () => {
    const candidates = [text, notABlas, 'libabsent-blas.so'];
    const { library, reasons } = tryOpenBlas({ environment: {}, candidates });
    expect(library).toBeUndefined();
    expect(reasons).toHaveLength(2);
    expect(reasons[0]).toContain(text);
    expect(reasons[1]).toContain('not a BLAS');
    const error = failure(() => openBlas({ environment: {}, candidates }));
    expect(error.code).toBe('blas.not-found');
    expect(error.message).toContain(text);
    expect(error.message).toMatch(/install/i);
  });

  it.skipIf(here === undefined)('does not prevent the search from finding a good library after it', () => {
    const { library, reasons } = tryOpenBlas({ environment: {}, candidates: [text, here?.path ?? ''] });
    expect(library?.path).toBe(here?.path);
    expect(reasons).toHaveLength(1);
  });
});

if (here === undefined) {
  describe.skip('the library of this system (there is none)', () => undefined);
} else {
  describe('the library of this system', () => {
    checkLibrary(here);
  });
}

function checkLibrary(library: BlasLibrary): void {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 1024, shared: true });
  const heap = new Float32Array(memory.buffer);
  const base = addressOf(memory.buffer);
  const at = (element: number): number => base + 4 * element;
  const threadCounts = library.threadsSettable ? [1, library.maximumThreads] : [library.maximumThreads];
  const useThreads = (threads: number): void => {
    if (library.threadsSettable) library.setThreads(threads);
  };

  // Deterministic noise.
  let state = 1;
  const noise = (from: number, count: number): void => {
    for (let index = 0; index < count; index++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      heap[from + index] = state / 2 ** 31;
    }
  };
  const read = (index: number): number => heap[index] ?? Number.NaN;

  it.each([
    [1, 1, 1],
    [3, 5, 7],
    [17, 33, 9],
    [1, 257, 131],
    [129, 1, 67],
    [101, 259, 131],
  ])(
    'multiplies (%i, %i) by %i columns within float32 rounding, for every transpose and number of threads',
    (m, k, n) => {
      const [a, b, c] = [0, 40_000, 80_000];
      noise(a, m * k);
      noise(b, k * n);
      for (const threads of threadCounts) {
        useThreads(threads);
        for (const transposeA of [false, true]) {
          for (const transposeB of [false, true]) {
            const guard = c + m * n;
            noise(c, m * n);
            heap[guard] = 7;
            const before = heap.slice(c, guard);
            library.sgemm(
              rowMajor,
              transposeA ? transpose : noTranspose,
              transposeB ? transpose : noTranspose,
              m,
              n,
              k,
              -0.5,
              at(a),
              transposeA ? m : k,
              at(b),
              transposeB ? k : n,
              2,
              at(c),
              n,
            );
            let worst = 0;
            for (let i = 0; i < m; i++) {
              for (let j = 0; j < n; j++) {
                let exact = 2 * (before[i * n + j] ?? 0);
                let size = Math.abs(exact);
                for (let p = 0; p < k; p++) {
                  const term =
                    -0.5 *
                    read(a + (transposeA ? p * m + i : i * k + p)) *
                    read(b + (transposeB ? j * k + p : p * n + j));
                  exact += term;
                  size += Math.abs(term);
                }
                worst = Math.max(worst, Math.abs(read(c + i * n + j) - exact) / size);
              }
            }
            // The error of a sum of k + 1 terms, in any order, is at most (k + 2) roundings of the sum of their sizes.
            expect(worst).toBeLessThanOrEqual((k + 2) * 2 ** -24);
            expect(heap[guard]).toBe(7);
          }
        }
      }
    },
  );

  it('gives the same results by its vector routines and its matrix product', () => {
    const [m, n] = [37, 53];
    const [a, x, y, u, v] = [0, 5_000, 6_000, 7_000, 8_000];
    noise(a, m * n);
    noise(x, n);
    noise(u, m);
    library.sgemm(rowMajor, noTranspose, noTranspose, m, 1, n, 1, at(a), n, at(x), 1, 0, at(y), 1);
    library.sgemv(rowMajor, noTranspose, m, n, 1, at(a), n, at(x), 1, 0, at(v), 1);
    for (let i = 0; i < m; i++) expect(read(v + i)).toBeCloseTo(read(y + i), 4);

    // (a + u xᵀ) x − a x = u (x·x)
    library.sger(rowMajor, m, n, 1, at(u), 1, at(x), 1, at(a), n);
    library.sgemv(rowMajor, noTranspose, m, n, 1, at(a), n, at(x), 1, 0, at(y), 1);
    library.saxpy(m, -1, at(v), 1, at(y), 1);
    const square = heap.subarray(x, x + n).reduce((sum, value) => sum + value * value, 0);
    library.sscal(m, 1 / square, at(y), 1);
    for (let i = 0; i < m; i++) expect(read(y + i)).toBeCloseTo(read(u + i), 4);
  });

  it('refuses numbers of threads that it cannot use', () => {
    for (const threads of [0, -1, 1.5, Number.NaN, library.maximumThreads + 1]) {
      expect(() => {
        library.setThreads(threads);
      }).toThrow(ApicalError);
    }
  });

  it('is the same object when opened again', () => {
    expect(openBlas({ path: library.path, environment: {} })).toBe(library);
  });
}

describe.skipIf(here === undefined)('addresses', () => {
  it('point to the start of the view, in shared and unshared memory, also after growth', () => {
    for (const shared of [true, false]) {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 400, shared });
      memory.grow(300);
      const heap = new Float32Array(memory.buffer);
      heap.set([1, 2, 3], 100);
      here?.sscal(3, 10, addressOf(memory.buffer) + 400, 1);
      expect([...heap.subarray(99, 104)]).toEqual([0, 10, 20, 30, 0]);
    }
  });

  it('are refused for a buffer that has been transferred', () => {
    const buffer = new ArrayBuffer(8);
    structuredClone(buffer, { transfer: [buffer] });
    expect(() => addressOf(buffer)).toThrow(/detached/);
  });
});
