import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApicalError } from '../../src/errors.ts';
import { openBackend } from '../../src/backends/open.ts';
import { CUTS } from '../../src/backends/wasm/cuts.ts';
import { wasmBackend, wasmKernels } from '../../src/backends/wasm/index.ts';
import { CONTROL_BYTES, WORD, workersOfHost } from '../../src/backends/wasm/worker.ts';
import type { StartWorker } from '../../src/backends/wasm/worker.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { Heap } from '../../src/tensor/index.ts';
import type { Kernels } from '../../src/tensor/kernels.ts';

/** Control blocks of pools whose workers are idle. Their tickets change when a job is cut. */
const tickets = new Set<Int32Array>();

/** A worker that reports ready and never takes a share: every job is cut, and this thread does all shares. */
const idle: StartWorker = ({ control, index }) => {
  const words = new Int32Array(control);
  Atomics.store(words, WORD.ready + index, 1);
  tickets.add(words);
  return { terminate: () => undefined };
};

/** Workers of this host, whether they are ready, and how many shares of the last job they did. */
function watched(): { startWorker: StartWorker; ready(): boolean; shares(): number } {
  const controls: { words: Int32Array; index: number }[] = [];
  return {
    startWorker: (start, failed) => {
      controls.push({ words: new Int32Array(start.control), index: start.index });
      const host = workersOfHost();
      if (!host) throw new Error('This host has no workers.');
      return host(start, failed);
    },
    ready: () =>
      controls.length > 0 &&
      controls.every(({ words, index }) => Atomics.load(words, WORD.ready + index) === 1),
    shares: () => (controls[0] ? Atomics.load(controls[0].words, WORD.finished) : 0),
  };
}

const ROWS = 131;
const COLUMNS = 517;
const SIZE = ROWS * COLUMNS;
const BYTES = 4 * SIZE;
const NAMES = ['a', 'b', 'c', 'd', 'row', 'bytes', 'indices', 'starts', 'sources'] as const;
type Operands = Record<(typeof NAMES)[number], number>;

/** Kernels on a heap with the same operands each time: floats, a row, bytes, indices of rows. */
async function bench(threads: number, startWorker: StartWorker) {
  const heap = new Heap({ initialBytes: 2 ** 22 });
  const { kernels, pool } = await wasmKernels(heap, { threads, startWorker });
  const at = Object.fromEntries(NAMES.map((name) => [name, heap.reserve(BYTES)])) as Operands;
  const reset = (): void => {
    const draws = new Sequence(stream(7, 'operands'));
    for (const name of ['a', 'b', 'c', 'd', 'row'] as const) {
      const values = heap.f32.subarray(at[name] / 4, at[name] / 4 + SIZE);
      // Positive where a square root is taken; a third are zeros, which products may skip.
      const low = name === 'c' ? 0 : -1;
      for (let i = 0; i < SIZE; i++) values[i] = i % 3 === 0 ? 0 : low + (1 - low) * draws.uniform();
    }
    for (let i = 0; i < SIZE; i++) heap.u8[at.bytes + i] = (i * 31) & 255;
    for (let i = 0; i < SIZE; i++) heap.i32[at.indices / 4 + i] = (i * 17) % 67;
    for (let i = 0; i <= COLUMNS; i++) heap.i32[at.starts / 4 + i] = i * FAN_IN;
    for (let i = 0; i < SIZE; i++) heap.i32[at.sources / 4 + i] = 4 * ((i * 17) % ROWS);
  };
  const contents = (): Buffer =>
    Buffer.concat(NAMES.map((name) => Buffer.from(heap.u8.slice(at[name], at[name] + BYTES))));
  return { heap, kernels, pool, at, reset, contents };
}

/** Sparse synapses from ROWS to COLUMNS units. */
const FAN_IN = 130;
const COUNT = FAN_IN * COLUMNS;
const synapses = ({ starts, sources }: Operands) =>
  [starts, sources, 0, starts, sources, 0, ROWS, COLUMNS, COUNT, COUNT] as const;
type Call = (kernels: Kernels, at: Operands) => void;
const calls: Record<string, Call> = {
  momentumOuterStep: (k, { a, b, c, d }) =>
    k.momentumStep(a, b, c, d, 1, ROWS, COLUMNS, 0.1, 0.9, 0.01, true),
  rmspropStep: (k, { a, c, b }) => k.rmspropStep(a, c, b, SIZE, 0.1, 0.9, 1e-8),
  adamStep: (k, { a, b, c, d }) => k.adamStep(a, b, c, d, SIZE, 0.1, 0.9, 0.99, 1e-8, 1.5, 2),
  fill: (k, { a }) => k.fill(a, SIZE, 0.3),
  combine: (k, { a, b }) => k.combine(a, a, b, SIZE, 0.7, -0.3),
  multiply: (k, { a, b, c }) => k.multiply(a, b, c, SIZE),
  divide: (k, { a, b, c }) => k.divide(a, b, c, SIZE),
  exp: (k, { a, b }) => k.exp(a, b, SIZE),
  log: (k, { a, b }) => k.log(a, b, SIZE),
  sqrt: (k, { a, c }) => k.sqrt(a, c, SIZE),
  abs: (k, { a, b }) => k.abs(a, b, SIZE),
  clip: (k, { a, b }) => k.clip(a, b, SIZE, -0.3, 0.6),
  multiplyBySign: (k, { a, b, c }) => k.multiplyBySign(a, b, c, SIZE),
  activate: (k, { a, b, row }) => {
    k.activate(a, b, row, ROWS, COLUMNS, 3);
    k.activate(b, b, 0, ROWS, COLUMNS, 5);
  },
  multiplyBySlope: (k, { a, b, c, d }) => {
    k.multiplyBySlope(a, b, c, d, SIZE, 2);
    k.multiplyBySlope(b, b, c, 0, SIZE, 3);
  },
  relax: (k, { a, b, c, d }) => {
    k.relax(a, a, b, c, SIZE, 0.5, 4);
    k.relax(a, b, c, d, SIZE, 0.5, 3);
  },
  fire: (k, { a, b, c, row }) => {
    k.fire(a, b, c, row, ROWS, COLUMNS, 0.5, 11, 12, 13, 0, 5);
    k.fire(c, b, b, 0, ROWS, COLUMNS, 0.5, 11, 12, 13, 0, 5);
  },
  sweep: (k, { a, b, c, d }) => {
    k.sweep(a, b, d, c, 300, 67, 0.5);
    k.sweep(b, c, d, 0, 300, 67, 0.5);
  },
  addRow: (k, { a, b, row }) => k.addRow(a, b, row, ROWS, COLUMNS, 0.3),
  addColumn: (k, { a, b, row }) => k.addColumn(a, b, row, ROWS, COLUMNS, 0.3),
  sumColumns: (k, { a, b }) => k.sumColumns(a, b, ROWS, COLUMNS, 0.3, 0.5),
  maxColumns: (k, { a, b }) => k.maxColumns(a, b, ROWS, COLUMNS),
  scaleColumns: (k, { a, b, row }) => k.scaleColumns(a, b, row, ROWS, COLUMNS, 0.3, 0.5),
  scaleRows: (k, { a, b, row }) => k.scaleRows(a, b, row, ROWS, COLUMNS, 0.3, 0.5),
  gatherBytes: (k, { a, bytes, indices }) => k.gatherRows(a, bytes, indices, ROWS, COLUMNS, 1 / 255, true),
  gatherFloats: (k, { a, b, indices }) => k.gatherRows(a, b, indices, ROWS, COLUMNS, 0.7, false),
  gatherColumns: (k, { a, b, c, indices }) => {
    k.gatherColumns(a, b, indices, ROWS, COLUMNS, 67, false);
    k.gatherColumns(c, b, indices, ROWS, COLUMNS, COLUMNS, true);
  },
  activateChannels: (k, { a, b, row }) => k.activateChannels(a, b, row, ROWS, 11, 47, 3),
  unfold: (k, { a, b }) => k.unfold(a, b, 20, 11, 20, 3, 5, 1, 1, 1, 2),
  fold: (k, { a, b }) => k.fold(a, b, 20, 11, 20, 3, 5, 1, 1, 1, 2, 0.5),
  maxPool: (k, { a, b, c }) => {
    k.maxPool(a, b, b, 300, 14, 16, 2, 2, 2, 2, 0, 0);
    k.maxPool(b, a, c, 300, 14, 16, 3, 2, 1, 2, 0, 0);
  },
  maxPoolBack: (k, { a, b, c }) => {
    k.maxPoolBack(a, b, c, 300, 14, 16, 2, 2, 2, 2, 0, 0);
    k.maxPoolBack(b, a, c, 300, 14, 16, 3, 2, 1, 2, 0, 0);
  },
  matmulChannels: (k, { a, b, c }) => k.matmulChannels(a, b, c, 31, 25, 7, 85, false, 0.3, 0.5),
  matmulPlaces: (k, { a, b, c }) => k.matmulPlaces(a, b, c, 31, 25, 7, 85, true, 0.3, 0.5),
  outerChannels: (k, { a, b, c }) => k.outerChannels(a, b, c, 31, 25, 7, 85, 0.3, 0.5),
  outerPlaces: (k, { a, b, c }) => k.outerPlaces(a, b, c, 31, 25, 7, 85, 0.3, 0.5),
  sparseVector: (k, at) => k.sparseMatmul(at.a, at.b, at.d, 1, false, 0.3, 0.5, ...synapses(at)),
  sparseBlocks: (k, at) => k.sparseMatmul(at.a, at.b, at.d, 31, false, 0.3, 0.5, ...synapses(at)),
  sparseOuterVector: (k, at) => k.sparseOuter(at.a, at.b, at.d, 1, 0.3, 0.5, ...synapses(at)),
  sparseOuterBlocks: (k, at) => k.sparseOuter(at.a, at.b, at.d, 31, 0.3, 0.5, ...synapses(at)),
  traces: (k, { a, b, c, d, row }) => {
    k.eligibility(a, row, 0.3, 0.5, b, c, d, 0.9, 0, 3, 43, COLUMNS);
    k.eligibility(a, row, 0.3, 1, b, 0, d, 0, c, ROWS, 1, COLUMNS);
    k.decayOuter(b, c, d, 0.9, 0, 3, 43, COLUMNS);
  },
  softmax: (k, { a, b }) => k.softmax(a, b, ROWS, COLUMNS),
  drawUniform: (k, { a }) => k.drawUniform(a, ROWS, COLUMNS, -1, 2, 11, 12, 13, 0, 5),
  drawNormal: (k, { a }) => k.drawNormal(a, ROWS, COLUMNS, 0, 1, 11, 12, 13, 0, 5),
  drawBernoulli: (k, { a }) => k.drawBernoulli(a, ROWS, COLUMNS, 2 ** 31, 2, 11, 12, 13, 0, 5),
};
const SHAPES = [
  [1, 513, 131],
  [131, 1, 513],
  [131, 513, 1],
  [7, 517, 129],
  [20, 131, 509],
  [131, 67, 389],
  [67, 131, 401],
  [517, 121, 37],
] as const;
for (const transposeA of [false, true]) {
  for (const transposeB of [false, true]) {
    for (const [m, n, k] of SHAPES) {
      const form = `${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'}`;
      calls[`matmul ${form} ${m}×${k}×${n}`] = (kernels, { a, b, d }) => {
        kernels.matmul(d, a, b, m, n, k, transposeA, transposeB, -0.3, 0.9);
        kernels.matmul(d, a, b, m, n, k, transposeA, transposeB, 0.1, 1);
      };
    }
  }
}

const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
});

describe('the number of threads changes no bit', () => {
  test('every kernel that is cut has a case', () => {
    expect(Object.keys(calls)).toEqual(expect.arrayContaining(Object.keys(CUTS)));
  });

  const benches = [1, 2, 3, 7].map((threads) => bench(threads, idle));
  test.each(Object.entries(calls))('%s', async (_, call) => {
    const results: Buffer[] = [];
    const before = [...tickets].map((words) => words[WORD.ticket]);
    for (const { kernels, at, reset, contents } of await Promise.all(benches)) {
      // The first job of its kind is never cut.
      reset();
      call(kernels, at);
      reset();
      call(kernels, at);
      results.push(contents());
    }
    for (const [i, words] of [...tickets].entries()) expect(words[WORD.ticket]).not.toBe(before[i]);
    expect(tickets.size).toBeGreaterThanOrEqual(3);
    const [one, ...others] = results;
    for (const other of others) expect(one?.equals(other)).toBe(true);
  });

  test('real workers take shares and change no bit', { timeout: 30_000 }, async () => {
    const { startWorker, ready, shares } = watched();
    const single = await bench(1, idle);
    const triple = await bench(3, startWorker);
    closing.push(() => triple.pool?.close());
    let helped = 0;
    const deadline = performance.now() + 20_000;
    for (let round = 0; helped < 3 && performance.now() < deadline; round++) {
      for (const [name, call] of Object.entries(calls)) {
        single.reset();
        triple.reset();
        call(single.kernels, single.at);
        call(triple.kernels, triple.at);
        if (!single.contents().equals(triple.contents())) expect.unreachable(`${name}, round ${round}`);
        if (ready() && shares() > 0) helped += 1;
      }
    }
    expect(helped).toBeGreaterThanOrEqual(3);
    // Workers see memory that was added after they started.
    const before = triple.heap.memory.buffer.byteLength;
    const [far = 0, farToo = 0] = [single, triple].map(({ heap }) => heap.reserve(2 ** 24) + 2 ** 24 - BYTES);
    expect(triple.heap.memory.buffer.byteLength).toBeGreaterThan(before);
    for (let i = 0; i < 50; i++) {
      single.kernels.drawNormal(far, ROWS, COLUMNS, 0, 1, i, 2, 3, 4, 5);
      triple.kernels.drawNormal(farToo, ROWS, COLUMNS, 0, 1, i, 2, 3, 4, 5);
    }
    const bytesAt = (heap: Heap, offset: number) => Buffer.from(heap.u8.slice(offset, offset + BYTES));
    expect(bytesAt(single.heap, far).equals(bytesAt(triple.heap, farToo))).toBe(true);
  });
});

describe('a backend reports its threads', () => {
  const large = (compute: Awaited<ReturnType<typeof wasmBackend>>): number => {
    const [a, out] = [compute.allocate([300, 300]), compute.allocate([300, 300])];
    a.data.fill(1);
    compute.matmul(out, a, a);
    return out.data[0] as number;
  };

  test('as many as requested, or one without shared memory', async () => {
    const two = await openBackend({ backend: 'wasm', threads: 2 });
    expect(two.backend.threads).toBe(2);
    two.dispose();
    const unshared = await openBackend({ backend: 'wasm', threads: 2, heap: { shared: false } });
    expect(unshared.backend.threads).toBe(1);
    expect(large(unshared)).toBe(300);
  });

  test('one, with the reason and the right results, if workers cannot be started', async () => {
    const compute = await wasmBackend(new Heap(), {
      threads: 3,
      startWorker: () => {
        throw new Error('no more threads');
      },
    });
    expect(large(compute)).toBe(300);
    expect(compute.backend.threads).toBe(1);
    expect(compute.backend.detail).toContain('no more threads');
  });

  test('one fewer, without waiting, after a worker has ended', async () => {
    let die: (reason: string) => void = () => undefined;
    const compute = await wasmBackend(new Heap(), {
      threads: 2,
      startWorker: (start, failed) => {
        die = failed;
        return idle(start, failed);
      },
    });
    expect(large(compute)).toBe(300);
    die('it ended');
    expect(compute.backend.threads).toBe(1);
    expect(compute.backend.detail).toContain('it ended');
    expect(large(compute)).toBe(300);
  });

  test('one after a kernel has failed on a worker, which throws once', async () => {
    let words = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
    const compute = await wasmBackend(new Heap(), {
      threads: 2,
      startWorker: (start, failed) => {
        words = new Int32Array(start.control);
        return idle(start, failed);
      },
    });
    large(compute);
    large(compute);
    Atomics.store(words, WORD.broken, 1);
    expect(() => large(compute)).toThrow(ApicalError);
    expect(compute.backend.threads).toBe(1);
    expect(large(compute)).toBe(300);
  });
});

describe('a process with workers', () => {
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'apical-threads-'));
    const entry = path.join(folder, 'entry.ts');
    const open = fileURLToPath(new URL('../../src/backends/open.ts', import.meta.url));
    writeFileSync(
      entry,
      `import { openBackend } from ${JSON.stringify(open)};
       globalThis.finished = (async () => {
         const compute = await openBackend({ backend: 'wasm', threads: 3 });
         const [a, out] = [compute.allocate([500, 500]), compute.allocate([500, 500])];
         const until = performance.now() + 400;
         while (performance.now() < until) compute.matmul(out, a, a);
         return compute;
       })();`,
    );
    await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      build: { outDir: folder, lib: { entry, formats: ['es'], fileName: () => 'program.mjs' } },
    });
    program = path.join(folder, 'program.mjs');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (ending: string) =>
    spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `await import(${JSON.stringify(program)}); const compute = await globalThis.finished; ${ending}`,
      ],
      { timeout: 20_000, encoding: 'utf8' },
    );

  test.each([
    ['by itself', '', 0, null],
    ['after dispose', 'compute.dispose()', 0, null],
    ['by exit', 'process.exit(3)', 3, null],
    ['by a signal', 'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5000)', null, 'SIGTERM'],
  ] as const)('ends %s', (_, ending, status, signal) => {
    const child = run(ending);
    expect(child.stderr).toBe('');
    expect(child).toMatchObject({ status, signal });
  });
});
