import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadDataset, loadIdxDataset } from '../../src/datasets/index.ts';
import type { ByteSource, Dataset, Draws } from '../../src/datasets/index.ts';
import { serializeIdx } from '../../src/datasets/formats/idx.ts';
import { serializeNpz } from '../../src/datasets/formats/npz.ts';
import type { ShapedArray } from '../../src/datasets/formats/array.ts';
import { ApicalError } from '../../src/errors.ts';
import {
  candidateFolders,
  describeDatasets,
  folderSource,
  openDataset,
} from '../../src/runs/files/datasets.ts';
import type { DatasetReference } from '../../src/runs/files/datasets.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'apical-data-'));
});
afterAll(() => rm(root, { recursive: true }));

const pictures = (count: number, first = 0): Uint8Array =>
  serializeIdx({
    shape: [count, 2, 2],
    data: Uint8Array.from({ length: 4 * count }, (_, index) => first + index),
  });
const labels = (...classes: number[]): Uint8Array =>
  serializeIdx({ shape: [classes.length], data: Uint8Array.from(classes) });

const smallSet = {
  'train-images-idx3-ubyte': pictures(3),
  'train-labels-idx1-ubyte': labels(0, 2, 1),
  't10k-images-idx3-ubyte': pictures(2, 100),
  't10k-labels-idx1-ubyte': labels(3, 0),
};

let folders = 0;
async function folderOf(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const folder = join(root, `set-${folders++}`);
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return folder;
}

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  return join(
    await folderOf({ [name]: typeof content === 'string' ? new TextEncoder().encode(content) : content }),
    name,
  );
}

async function errorOf(reference: DatasetReference): Promise<ApicalError> {
  const thrown: unknown = await openDataset(reference).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(ApicalError);
  return thrown as ApicalError;
}

/** Opens a folder as a browser would: without the MD5 and gzip of Node. */
function openWithoutTools(folder: string): Promise<Dataset> {
  const { read, where } = folderSource(folder);
  return loadIdxDataset({ id: 'own', title: 'Own', how: '' }, { read, where });
}

describe('MNIST from its package', () => {
  test('is complete, verified and held once, as bytes', async () => {
    const dataset = await openDataset('mnist');
    expect(dataset.verified).toBe(true);
    expect([dataset.train.count, dataset.test.count, dataset.inputShape, dataset.targetSize]).toEqual([
      60_000,
      10_000,
      [28, 28],
      10,
    ]);
    expect(dataset.train.inputs).toBeInstanceOf(Uint8Array);
    expect(dataset.train.inputs.buffer.byteLength).toBeLessThan(47_040_016 + 4096);
    // Published: the training pixels have mean 0.1307 and standard deviation 0.3081; the first digits are 5 0 4 1 9.
    let [sum, squares] = [0, 0];
    for (const byte of dataset.train.inputs) {
      sum += byte;
      squares += byte * byte;
    }
    const mean = (sum / dataset.train.inputs.length) * dataset.inputScale;
    const meanSquare = (squares / dataset.train.inputs.length) * dataset.inputScale ** 2;
    expect(mean).toBeCloseTo(0.1307, 4);
    expect(Math.sqrt(meanSquare - mean * mean)).toBeCloseTo(0.3081, 4);
    expect([...dataset.train.targets.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
  });

  test('loads only the first examples if the options say so', async () => {
    const dataset = await openDataset({ id: 'mnist', options: { trainCount: 100, testCount: 10 } });
    expect([dataset.train.count, dataset.train.inputs.length, dataset.test.targets.length]).toEqual([
      100, 78_400, 10,
    ]);
  });

  test('verifies its checksums without injected tools', async () => {
    const { read, where } = folderSource(candidateFolders('mnist', {})[0] as string);
    const dataset = await loadDataset('mnist', {}, { read, where }, fixedDraws());
    expect(dataset.verified).toBe(true);
  });
});

describe('the list of data sets', () => {
  test('shows which data sets are available, and why the others are not', async () => {
    const statuses = await describeDatasets();
    expect(statuses.map(({ id }) => id)).toEqual([
      'mnist',
      'fashion-mnist',
      'linear-teacher',
      'two-spirals',
      'rings',
      'bars',
      'delayed-xor',
      'sine-waves',
      'mackey-glass',
    ]);
    expect(statuses[0]).toMatchObject({
      available: true,
      verified: true,
      count: { train: 60_000, test: 10_000 },
    });
    for (const { available, verified, problem } of statuses)
      expect(available && verified).toBe(problem === undefined);
  });

  test('shows a damaged data set as available but not verified, with the reason', async () => {
    const folder = join(root, 'own');
    await mkdir(join(folder, 'mnist'), { recursive: true });
    for (const [name, bytes] of Object.entries(smallSet)) await writeFile(join(folder, 'mnist', name), bytes);
    const mnist = (await describeDatasets({ APICAL_DATA: folder })).find(({ id }) => id === 'mnist');
    expect(mnist).toMatchObject({ available: true, verified: false, path: join(folder, 'mnist') });
    expect(mnist?.problem).toMatch(/expected the MD5 6bbc9ace898e44ae57da46a324031adb/);
  });
});

describe('a folder of IDX files', () => {
  const expected = {
    task: 'classification',
    inputShape: [2, 2],
    inputScale: 1 / 255,
    targetSize: 4,
    verified: false,
    train: {
      count: 3,
      inputs: Uint8Array.from({ length: 12 }, (_, index) => index),
      targets: Uint8Array.of(0, 2, 1),
    },
    test: {
      count: 2,
      inputs: Uint8Array.from({ length: 8 }, (_, index) => 100 + index),
      targets: Uint8Array.of(3, 0),
    },
  };

  test.each([
    ['plain', (name: string, bytes: Uint8Array) => [name, bytes] as const],
    ['gzipped', (name: string, bytes: Uint8Array) => [`${name}.gz`, gzipSync(bytes)] as const],
    ['dotted', (name: string, bytes: Uint8Array) => [name.replace('-idx', '.idx'), bytes] as const],
    [
      'dotted and gzipped',
      (name: string, bytes: Uint8Array) => [`${name.replace('-idx', '.idx')}.gz`, gzipSync(bytes)] as const,
    ],
  ])('is read from %s files', async (_, variant) => {
    const files = Object.fromEntries(Object.entries(smallSet).map(([name, bytes]) => variant(name, bytes)));
    const folder = await folderOf(files);
    expect(await openDataset(folder)).toMatchObject(expected);
    expect(await openWithoutTools(folder)).toMatchObject(expected);
  });

  test('with a missing file is refused; the message names the file and how to obtain it', async () => {
    const folder = await folderOf({ ...smallSet });
    await rm(join(folder, 't10k-labels-idx1-ubyte'));
    expect((await errorOf(folder)).message).toMatch(/there is no t10k-labels-idx1-ubyte/);
    const error = await errorOf({ id: 'fashion-mnist', path: await folderOf({}) });
    expect(error.code).toBe('dataset.missing');
    expect(error.message).toMatch(/there is no train-images-idx3-ubyte .*apt install dataset-fashion-mnist/);
  });

  test('with a wrong checksum is refused; the message shows both checksums', async () => {
    const error = await errorOf({ id: 'mnist', path: await folderOf(smallSet) });
    expect(error.code).toBe('dataset.checksum');
    expect(error.message).toMatch(
      /train-images-idx3-ubyte in .*expected the MD5 6bbc9ace\w+, found [0-9a-f]{32} /,
    );
  });

  test.each([
    [
      'truncated',
      'train-images-idx3-ubyte',
      pictures(3).subarray(0, 20),
      /train-images-idx3-ubyte in .* 28 bytes .* found 20/,
    ],
    ['not IDX', 't10k-labels-idx1-ubyte', new TextEncoder().encode('<html>'), /found 3c 68 74 6d/],
    ['a truncated gzip file', 't10k-images-idx3-ubyte', gzipSync(pictures(2)).subarray(0, 25), /gzip/],
    ['empty', 'train-labels-idx1-ubyte', new Uint8Array(0), /found 0 bytes/],
  ])('with a file that is %s is refused', async (_, name, bytes, message) => {
    const folder = await folderOf({ ...smallSet, [name]: bytes });
    for (const open of [openDataset, openWithoutTools]) {
      await expect(open(folder)).rejects.toMatchObject({
        code: 'dataset.corrupt',
        message: expect.stringMatching(message) as string,
      });
    }
  });

  test('with a flipped bit in a gzip stream is refused', async () => {
    const packed = gzipSync(pictures(3));
    const position = packed.length - 12;
    packed[position] = (packed[position] as number) ^ 0x10;
    const folder = await folderOf({ ...smallSet, 'train-images-idx3-ubyte': packed });
    for (const open of [openDataset, openWithoutTools]) {
      await expect(open(folder)).rejects.toMatchObject({ code: 'dataset.corrupt' });
    }
  });

  test('with unequal numbers of images and labels is refused; the message shows both numbers', async () => {
    const error = await errorOf(await folderOf({ ...smallSet, 'train-labels-idx1-ubyte': labels(0, 1) }));
    expect(error.code).toBe('dataset.mismatch');
    expect(error.message).toMatch(/holds 3 examples and .* holds 2\./);
  });

  test('with training and test images of different shapes is refused', async () => {
    const wide = serializeIdx({ shape: [2, 3], data: new Uint8Array(6) });
    expect((await errorOf(await folderOf({ ...smallSet, 't10k-images-idx3-ubyte': wide }))).code).toBe(
      'dataset.mismatch',
    );
  });

  test('keeps the values of float inputs', async () => {
    const inputs = (count: number): Uint8Array =>
      serializeIdx({
        shape: [count, 2],
        data: Float32Array.from({ length: 2 * count }, (_, index) => index - 0.5),
      });
    const dataset = await openDataset(
      await folderOf({
        ...smallSet,
        'train-images-idx3-ubyte': inputs(3),
        't10k-images-idx3-ubyte': inputs(2),
      }),
    );
    expect(dataset).toMatchObject({ inputScale: 1, inputShape: [2] });
    expect(dataset.test.inputs).toEqual(Float32Array.of(-0.5, 0.5, 1.5, 2.5));
  });
});

describe('an NPZ file', () => {
  const bytes = (shape: number[]): ShapedArray => ({
    shape,
    data: new Uint8Array(shape.reduce((a, b) => a * b)).fill(9),
  });
  const set = {
    x_train: bytes([3, 2, 2]),
    y_train: { shape: [3], data: BigInt64Array.of(0n, 2n, 1n) },
    x_test: bytes([1, 2, 2]),
    y_test: { shape: [1], data: BigInt64Array.of(2n) },
  };
  const open = async (arrays: Readonly<Record<string, ShapedArray>>): ReturnType<typeof openDataset> =>
    openDataset(await fileOf('digits.npz', serializeNpz(Object.entries(arrays))));

  /** Written by numpy.savez_compressed (NumPy 2.4) from uint8 x and int64 y of shape (count, 1), as in Keras. */
  const numpyFile =
    'UEsDBC0AAAAIAAAAIQCaCbEc//////////8LABQAeF90cmFpbi5ucHkBABAAjAAAAAAAAABUAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6l' +
    'oF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CkZApKmjUKtAHuBiYGRiZmFlY+fg5OIGAFBLAwQtAAAACAAAACEAiM0P' +
    '6///////////CwAUAHlfdHJhaW4ubnB5AQAQAJgAAAAAAAAATgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBef' +
    'X5SSChJ3S8wpTgWKF2ckFqQC+RrGOgqGmjoKtQpkAy4GKGCC0oxQGgBQSwMELQAAAAgAAAAhAALSotr//////////woAFAB4X3Rlc3QubnB5' +
    'AQAQAIQAAAAAAAAATAAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RqGOgpG' +
    'QKSpo1CrQB7gSklNSwcAUEsDBC0AAAAIAAAAIQDtrYsr//////////8KABQAeV90ZXN0Lm5weQEAEACIAAAAAAAAAEoAAAAAAAAAm+wX6hsQ' +
    'ychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkahjoKhpo6CrUKZAMuJgYIAABQSwECLQMtAAAACAAA' +
    'ACEAmgmxHFQAAACMAAAACwAAAAAAAAAAAAAAgAEAAAAAeF90cmFpbi5ucHlQSwECLQMtAAAACAAAACEAiM0P604AAACYAAAACwAAAAAAAAAA' +
    'AAAAgAGRAAAAeV90cmFpbi5ucHlQSwECLQMtAAAACAAAACEAAtKi2kwAAACEAAAACgAAAAAAAAAAAAAAgAEcAQAAeF90ZXN0Lm5weVBLAQIt' +
    'Ay0AAAAIAAAAIQDtrYsrSgAAAIgAAAAKAAAAAAAAAAAAAACAAaQBAAB5X3Rlc3QubnB5UEsFBgAAAAAEAAQA4gAAACoCAAAAAA==';

  test('written by NumPy is read', async () => {
    const file = Uint8Array.from(atob(numpyFile), (letter) => letter.charCodeAt(0));
    expect(await openDataset(await fileOf('keras.npz', file))).toMatchObject({
      id: 'keras',
      task: 'classification',
      inputShape: [2, 2],
      inputScale: 1 / 255,
      targetSize: 3,
      train: {
        count: 3,
        inputs: Uint8Array.from({ length: 12 }, (_, index) => index),
        targets: Uint8Array.of(0, 2, 1),
      },
      test: { count: 1, inputs: Uint8Array.of(100, 101, 102, 103), targets: Uint8Array.of(2) },
    });
  });

  test('without targets holds the inputs alone', async () => {
    const dataset = await open({ x_train: set.x_train, x_test: set.x_test });
    expect(dataset).toMatchObject({ task: 'none', targetSize: 0, train: { count: 3 }, test: { count: 1 } });
    expect(dataset.train.targets).toHaveLength(0);
  });

  test('with floating-point targets becomes a regression task', async () => {
    const y = (count: number): ShapedArray => ({
      shape: [count, 2],
      data: Float64Array.from({ length: 2 * count }, () => 0.5),
    });
    const dataset = await open({ ...set, y_train: y(3), y_test: y(1) });
    expect(dataset).toMatchObject({ task: 'regression', targetSize: 2 });
    expect(dataset.test.targets).toEqual(Float32Array.of(0.5, 0.5));
  });

  test.each([
    ['lacks the test examples', { x_train: set.x_train }, 'dataset.missing', /lacks x_test/],
    [
      'lacks an array',
      { x_train: set.x_train, y_train: set.y_train },
      'dataset.missing',
      /lacks x_test, y_test/,
    ],
    [
      'mixes bytes and floats',
      { ...set, x_test: { shape: [1, 2, 2], data: new Float32Array(4) } },
      'dataset.mismatch',
      /x_train holds bytes and .*x_test holds floats/,
    ],
    [
      'has unequal counts',
      { ...set, y_train: set.y_test },
      'dataset.mismatch',
      /x_train holds 3 examples and .*y_train holds 1/,
    ],
    ['has one-hot rows', { ...set, y_train: bytes([3, 10]) }, 'dataset.labels', /numpy\.argmax/],
    [
      'has a negative label',
      { ...set, y_test: { shape: [1], data: Int32Array.of(-1) } },
      'dataset.labels',
      /label 0 is -1/,
    ],
    [
      'holds NaN',
      { ...set, x_test: { shape: [1, 2, 2], data: Float32Array.of(0, 0, NaN, 0) } },
      'dataset.values',
      /value 2 is NaN/,
    ],
  ] as [string, Record<string, ShapedArray>, string, RegExp][])(
    'that %s is refused',
    async (_, arrays, code, message) => {
      await expect(open(arrays)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
    },
  );

  test('that is not a ZIP file is refused', async () => {
    expect((await errorOf(await fileOf('text.npz', 'hello'))).code).toBe('dataset.corrupt');
  });
});

describe('a CSV file', () => {
  const irises = [
    '5.1,3.5,setosa',
    '4.9,3.0,setosa',
    '7.0,3.2,versicolor',
    '6.3,3.3,virginica',
    '5.8,2.7,virginica',
  ].join('\n');

  test('with names as labels and no header becomes a classification task', async () => {
    const dataset = await openDataset({ path: await fileOf('iris.csv', irises), csv: { testFraction: 0.4 } });
    expect(dataset).toMatchObject({ task: 'classification', inputShape: [2], inputScale: 1, targetSize: 3 });
    expect(dataset.classNames).toEqual(['setosa', 'versicolor', 'virginica']);
    expect([dataset.train.count, dataset.test.count]).toEqual([3, 2]);
    const rows = [dataset.train, dataset.test].flatMap(({ inputs, targets }) =>
      [...targets].map(
        (label, row) =>
          `${[...inputs.subarray(2 * row, 2 * row + 2)].map((x) => x.toFixed(1)).join(',')},${dataset.classNames?.[label]}`,
      ),
    );
    expect(rows.sort()).toEqual(irises.split('\n').sort()); // every row once, with its own label
  });

  test('is split as a function of the draws', async () => {
    const path = await fileOf(
      'many.csv',
      Array.from({ length: 50 }, (_, row) => `${row},${row % 2}`).join('\n'),
    );
    expect(await openDataset(path)).toEqual(await openDataset(path));
    expect((await openDataset(path, fixedDraws())).test).not.toEqual((await openDataset(path)).test);
  });

  test('with a header, a byte-order mark, semicolons and a named label column is read', async () => {
    const path = await fileOf('table.csv', '\ufefflabel;first;second\r\n1;0.5;2\r\n0;1.5;3\r\n');
    const dataset = await openDataset({ path, csv: { testPath: path } });
    expect(dataset.train).toEqual({
      count: 2,
      inputs: Float32Array.of(0.5, 2, 1.5, 3),
      targets: Uint8Array.of(1, 0),
    });
    expect(dataset.classNames).toBeUndefined();
  });

  test('of pixels stays bytes and gets the given shape', async () => {
    const path = await fileOf('pixels.csv', '1,0,255,3,4\n0,5,6,7,8\n');
    const dataset = await openDataset({
      path,
      csv: { testPath: path, label: 0, pixels: true, inputShape: [2, 2] },
    });
    expect(dataset).toMatchObject({ inputScale: 1 / 255, inputShape: [2, 2] });
    expect(dataset.train.inputs).toEqual(Uint8Array.of(0, 255, 3, 4, 5, 6, 7, 8));
  });

  test('with several targets becomes a regression task', async () => {
    const path = await fileOf('two.csv', 'x,y,z\n1,0.5,2\n2,1.5,3\n');
    const dataset = await openDataset({
      path,
      csv: { testPath: path, label: ['z', 'y'], task: 'regression' },
    });
    expect(dataset).toMatchObject({ task: 'regression', targetSize: 2, inputShape: [1] });
    expect(dataset.train.targets).toEqual(Float32Array.of(2, 0.5, 3, 1.5));
  });

  test('with the labels −1 and 1 has two classes', async () => {
    const path = await fileOf('signs.csv', '1,1\n2,-1\n3,1.0\n');
    const dataset = await openDataset({ path, csv: { testPath: path } });
    expect(dataset.classNames).toEqual(['-1', '1']);
    expect([...dataset.train.targets]).toEqual([1, 0, 1]);
  });

  test.each([
    [
      'a cell that is not a number',
      '1,2,0\n3,x,1\n',
      {},
      'dataset.values',
      /line 2, column 2: "x" is not a finite number/,
    ],
    ['an empty cell', 'a,b,c\n1,,0\n', {}, 'dataset.values', /line 2, column 2 \("b"\): "" is not/],
    ['rows of unequal length', '1,2,0\n3,1\n', {}, 'dataset.corrupt', /equally long rows.* line 2/],
    ['no rows', 'a,b\n', {}, 'dataset.corrupt', /found none/],
    [
      'an unknown label column',
      'width,length,kind\n1,2,0\n',
      { label: 'knd' },
      'dataset.column',
      /Did you mean "kind"\?/,
    ],
    ['a column out of range', '1,2,0\n', { label: 3 }, 'dataset.column', /from 0 to 2/],
    ['fractional labels', '1,2,0.5\n2,3,1\n', {}, 'dataset.labels', /row 1 is "0.5".*"regression"/],
    ['a pixel above 255', '256,1\n2,3\n', { pixels: true }, 'dataset.values', /whole number from 0 to 255/],
    [
      'a wrong input shape',
      '1,2,0\n3,4,1\n',
      { inputShape: [3] },
      'dataset.option',
      /2 input columns.* \[3\] has 3 elements/,
    ],
    ['a single row', '1,2,0\n', {}, 'dataset.option', /leaves no training rows/],
  ])('with %s is refused', async (_, text, csv, code, message) => {
    const error = await errorOf({ path: await fileOf('bad.csv', text), csv });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

describe('references', () => {
  test.each([
    ['mnits', 'dataset.unknown', /Did you mean "mnist"\?/],
    ['Fashion_MNIST', 'dataset.unknown', /Did you mean "fashion-mnist"\?/],
    ['something-else-entirely', 'dataset.unknown', /"something-else-entirely"; use mnist/],
    ['./nowhere/', 'dataset.missing', /no file or folder .*nowhere/],
    ['nothing.csv', 'dataset.missing', /nothing\.csv/],
    [{}, 'dataset.option', /an id or a path/],
  ] as [DatasetReference, string, RegExp][])('%o is refused with %s', async (reference, code, message) => {
    const error = await errorOf(reference);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('a file of unknown kind is refused', async () => {
    expect((await errorOf(await fileOf('notes.txt', 'x'))).code).toBe('dataset.unknown');
  });

  test('APICAL_DATA is searched before every other folder', () => {
    expect(candidateFolders('mnist', { APICAL_DATA: '/data' })[0]).toBe(join('/data', 'mnist'));
  });

  test('generated data sets need no files', async () => {
    const nothing: ByteSource = { where: 'nowhere', read: () => Promise.resolve(undefined) };
    expect((await loadDataset('rings', { trainCount: 4 }, nothing, fixedDraws())).train.count).toBe(4);
    await expect(loadDataset('mnist', {}, nothing, fixedDraws())).rejects.toMatchObject({
      code: 'dataset.missing',
    });
  });
});

/** A small linear congruential generator: any source of numbers serves. */
function fixedDraws(): Draws {
  let state = 12_345;
  const uniform = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
  return { uniform, normal: () => uniform() + uniform() + uniform() + uniform() - 2 };
}
