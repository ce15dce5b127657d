import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { describeData } from '../../src/datasets/index.ts';
import { serializeIdx } from '../../src/datasets/formats/idx.ts';
import { serializeNpy } from '../../src/datasets/formats/npy.ts';
import { serializeNpz } from '../../src/datasets/formats/npz.ts';
import type { PredictionDocument } from '../../src/studies/prediction.ts';
import { countWrong } from '../../src/training/trained-network.ts';
import { loadNetwork, openDataset } from '../../src/entries/index.ts';
import { predictionDocument, runDocument } from './documents.ts';
import { apical, checkpointsOf, documents, expectRefusal, TINY, workInEmptyFolder } from './fixture.ts';

workInEmptyFolder();

async function run(...words: readonly string[]) {
  const { code, stdout, stderr } = await apical('run', ...words, '--out', 'here', '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  return runDocument.parse(documents(stdout)[0]);
}

describe('loadNetwork predicts with the errors that the run recorded', () => {
  test.each([
    ['with dropout', ['--set', 'network.dropout=0.4', '--set', 'network.inputDropout=0.2']],
    ['with stochastic units', ['--rule', 'reinforce', '--set', 'network.activation=logistic']],
    ['in double precision', ['--backend', 'reference']],
    [
      'with a squared error',
      ['--set', 'objective=squared-error', '--set', 'network.outputActivation=logistic'],
    ],
    [
      'with an objective without a derivative',
      ['--set', 'objective=zero-one', '--rule', 'node-perturbation'],
    ],
    ['with sparse projections', ['--set', 'network.density=0.5', '--rule', 'feedback-alignment']],
  ] as const)('%s', async (_what, words) => {
    const { test: recorded } = await run('rings', ...TINY, ...words);
    const { test: examples } = await openDataset({
      id: 'rings',
      options: { trainCount: 100, testCount: 30 },
    });
    const network = await loadNetwork('here');
    const answers = network.predict(examples.inputs);
    expect(countWrong(answers, examples.targets)).toBe(recorded?.errors);
    // The answers are the same one by one and as rows.
    const rows = Array.from({ length: 30 }, (_, row) =>
      Array.from(examples.inputs.subarray(2 * row, 2 * row + 2)),
    );
    expect(network.predict(rows, 1).classes).toEqual(answers.classes);
    for (const [index, share] of (answers.probabilities ?? []).entries()) {
      if (index % 2 === 0) expect(share + (answers.probabilities?.[index + 1] ?? NaN)).toBeCloseTo(1, 5);
    }
    network.dispose();
  });

  test('for regression: with the error that the run recorded', async () => {
    const set = 'task={"dataset":"linear-teacher","options":{"trainCount":400,"testCount":50}}';
    const { test: recorded } = await run('linear-teacher', '--set', set, '--epochs', '5');
    const { test: examples, ...description } = await openDataset({
      id: 'linear-teacher',
      options: { trainCount: 400, testCount: 50 },
    });
    writeFileSync(
      'teacher.npz',
      serializeNpz([
        ['x', { shape: [50, 30], data: examples.inputs }],
        ['y', { shape: [50, 10], data: examples.targets }],
      ]),
    );
    const printed = await apical('predict', 'here', '--input', 'teacher.npz', '--json');
    const document = predictionDocument.parse(documents(printed.stdout)[0]);
    expect(document.result?.error).toBeCloseTo(recorded?.error ?? NaN, 6);
    expect(document.rows[7]?.targets).toHaveLength(10);
    const network = await loadNetwork('here');
    expect(network.data).toEqual(describeData(description));
    expect(network.classes).toBeUndefined();
    network.dispose();
  });

  test('rows of the wrong length, and NaN', async () => {
    await run('rings', ...TINY);
    const network = await loadNetwork('here');
    expect(() => network.predict([[1, 2, 3]])).toThrow('example must be 2 values, but it is 3 values');
    expect(() => network.predict([1, 2, 3])).toThrow('not a multiple');
    expect(() => network.predict({ shape: [1, 3], data: [1, 2, 3] })).toThrow('3 values');
    expect(() => network.predict([[1, NaN]])).toThrow('Value 1 of example 0 is NaN');
    network.dispose();
  });
});

/** 4 × 3 images of three classes: which row is light. */
function pictures(count: number) {
  const labels = Uint8Array.from({ length: count }, (_, index) => (index * 7) % 3);
  const data = Uint8Array.from({ length: 12 * count }, (_, index) => {
    const row = Math.floor((index % 12) / 3);
    const isLight = row === (labels[Math.floor(index / 12)] as number) + 1;
    return isLight ? 200 + (index % 40) : index % 23;
  });
  return { labels, data };
}

async function learnPictures() {
  mkdirSync('set');
  for (const [part, count] of [
    ['train', 60],
    ['t10k', 20],
  ] as const) {
    const { labels, data } = pictures(count);
    writeFileSync(`set/${part}-images-idx3-ubyte`, serializeIdx({ shape: [count, 4, 3], data }));
    writeFileSync(`set/${part}-labels-idx1-ubyte`, serializeIdx({ shape: [count], data: labels }));
  }
  return run(
    '--set',
    'task.dataset=./set',
    '--set',
    'network.hidden=[12]',
    '--set',
    'batch=10',
    '--backend',
    'wasm',
  );
}

async function predict(
  ...words: readonly string[]
): Promise<{ document: PredictionDocument; stderr: string }> {
  const { code, stdout, stderr } = await apical('predict', 'here', ...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  return { document: predictionDocument.parse(documents(stdout)[0]) as PredictionDocument, stderr };
}
const answersOf = ({ rows }: PredictionDocument) => rows.map(({ answer }) => answer?.class);

describe('apical predict', () => {
  test('gives the same predictions for every file format, without the data set', async () => {
    const { test: recorded } = await learnPictures();
    renameSync('set', 'elsewhere');
    const { labels, data } = pictures(20);
    const floats = Float32Array.from(data, (value) => value / 255);
    const cells = Array.from({ length: 20 }, (_, row) => [
      labels[row],
      ...data.subarray(12 * row, 12 * row + 12),
    ]);
    writeFileSync('images.gz', gzipSync(readFileSync('elsewhere/t10k-images-idx3-ubyte')));
    writeFileSync(
      'bytes.npz',
      serializeNpz([
        ['x_test', { shape: [20, 4, 3], data }],
        ['y_test', { shape: [20], data: labels }],
      ]),
    );
    writeFileSync('flat.npy', serializeNpy({ shape: [20, 12], data: floats }));
    writeFileSync(
      'table.csv',
      `label,${Array.from({ length: 12 }, (_, index) => `p${index}`).join()}\n${cells.join('\n')}\n`,
    );

    const idx = await predict('--input', 'images.gz', '--labels', 'elsewhere/t10k-labels-idx1-ubyte');
    expect(idx.document.result).toEqual({ error: recorded?.error, errors: recorded?.errors, count: 20 });
    expect(idx.document.classes).toEqual(['0', '1', '2']);
    expect(idx.document.scores).toBe('probability');
    for (const { answer, second } of idx.document.rows) {
      expect(answer?.score).toBeGreaterThan(second?.score ?? 1);
    }
    for (const words of [
      ['bytes.npz'],
      ['table.csv'],
      ['flat.npy', '--labels', 'elsewhere/t10k-labels-idx1-ubyte'],
    ]) {
      const { document } = await predict('--input', ...words);
      expect(document.result).toEqual(idx.document.result);
      expect(answersOf(document)).toEqual(answersOf(idx.document));
    }
  });

  test('accepts PNG images of any kind', async () => {
    await learnPictures();
    const { data } = pictures(3);
    const second = data.slice(12, 24);
    const inPng = async (name: string, picture: Parameters<typeof encode>[0], ...words: string[]) => {
      writeFileSync(name, encode(picture));
      const { document, stderr } = await predict('--input', name, ...words);
      expect(document.rows).toHaveLength(1);
      return { row: document.rows[0], stderr };
    };
    const size = { width: 3, height: 4 };
    const grey = await inPng('grey.png', { ...size, data: second, channels: 1 });
    expect(grey.row?.answer?.name).toBe('1');
    expect(grey.stderr).toBe('');
    const colour = Uint8Array.from({ length: 36 }, (_, index) => second[Math.floor(index / 3)] as number);
    expect((await inPng('rgb.png', { ...size, data: colour, channels: 3 })).row).toEqual(grey.row);
    const deep = Uint16Array.from(second, (value) => value * 257);
    expect((await inPng('deep.png', { ...size, data: deep, channels: 1, depth: 16 })).row).toEqual(grey.row);
    const dark = second.map((value) => 255 - value);
    const paper = await inPng('paper.png', { ...size, data: dark, channels: 1 });
    expect(paper.stderr).toContain('--invert');
    expect((await inPng('paper.png', { ...size, data: dark, channels: 1 }, '--invert')).row).toEqual(
      grey.row,
    );
    // Black strokes that differ only in alpha lie on white paper.
    const strokes = Uint8Array.from({ length: 24 }, (_, index) =>
      index % 2 ? (second[index >> 1] as number) : 0,
    );
    expect((await inPng('alpha.png', { ...size, data: strokes, channels: 2 }, '--invert')).row).toEqual(
      grey.row,
    );
  });

  test('prints a table and saves all scores to a file', async () => {
    writeFileSync(
      'flowers.csv',
      `width,height,kind\n${Array.from({ length: 40 }, (_, row) => `${row % 2 ? -1 : 1},${(row % 5) / 5},${row % 2 ? '"rose, red"' : 'lily'}`).join('\n')}\n`,
    );
    await run(
      '--set',
      'task.dataset=./flowers.csv',
      '--set',
      'batch=8',
      '--set',
      'network.hidden=[6]',
      '--backend',
      'wasm',
    );
    const { code, stdout } = await apical(
      'predict',
      'here',
      '--input',
      'flowers.csv',
      '--labels',
      'kind',
      '--out',
      'all.csv',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^example +prediction +confidence +second +confidence +label$/m);
    expect(stdout).toMatch(/^ +1 +rose, red +[89]\d\.\d\d % +lily +\d+\.\d\d % +rose, red$/m);
    expect(stdout).toContain('… and 20 more');
    expect(stdout).toContain('Error 0.00 % (0 of 40)');
    const lines = readFileSync('all.csv', 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(41);
    expect(lines[0]).toBe('index,prediction,probability,second,second probability,label,lily,"rose, red"');
    expect(lines[2]).toMatch(/^1,"rose, red",0\.[89]\d+,lily,0\.[01]\d+,"rose, red",0\.[01]\d+,0\.[89]\d+$/);
    // Without labels there is no error.
    writeFileSync('new.csv', 'width,height\n-1,0.2\n');
    expect((await predict('--input', 'new.csv')).document).toMatchObject({
      result: null,
      rows: [{ answer: { name: 'rose, red' } }],
    });
  });

  test('uses an older checkpoint if the newest is damaged', async () => {
    await learnPictures();
    const [last] = checkpointsOf('here').slice(-1) as [string];
    const before = await predict('--input', 'set/t10k-images-idx3-ubyte');
    cpSync(path.join('here', last), 'here/checkpoint-9999999999.safetensors');
    writeFileSync(
      'here/checkpoint-9999999999.safetensors',
      readFileSync(path.join('here', last)).subarray(0, 90),
    );
    expect((await predict('--input', 'set/t10k-images-idx3-ubyte')).document).toEqual(before.document);
  });
});

describe('input that is refused', () => {
  const refuse = async (words: readonly string[], ...named: string[]) =>
    expectRefusal(await apical('predict', 'here', ...words), 2, ...named);

  test('examples of the wrong shape', async () => {
    await learnPictures();
    const { data } = pictures(10);
    writeFileSync('wide.png', encode({ width: 5, height: 4, channels: 1, data: data.slice(0, 20) }));
    await refuse(['--input', 'wide.png'], 'wide.png', 'must be 4 × 3, but it is 4 × 5');
    writeFileSync('wide', serializeIdx({ shape: [10, 3, 4], data }));
    await refuse(['--input', 'wide'], 'must be 4 × 3, but it is 3 × 4');
    writeFileSync('wide.csv', '1,2,3,4\n5,6,7,8\n');
    await refuse(['--input', 'wide.csv'], 'wide.csv', 'must be 4 × 3, but it is 4 values');
  });

  test('an image for a network that was not trained on images', async () => {
    await run('rings', ...TINY);
    writeFileSync('a.png', encode({ width: 28, height: 28, channels: 1, data: new Uint8Array(784) }));
    await refuse(['--input', 'a.png'], 'example must be 2 values, but it is 28 × 28');
    writeFileSync('a.csv', '1,2\n');
    await refuse(['--input', 'a.csv', '--invert'], '--invert', 'a.csv');
  });

  test('files that are missing, damaged or of unknown format', async () => {
    await learnPictures();
    await refuse([], '--input');
    await refuse(['--input', 'no.png'], 'no.png');
    writeFileSync('notes.txt', 'hello');
    await refuse(['--input', 'notes.txt'], 'notes.txt', '.png');
    const png = encode({ width: 3, height: 4, channels: 1, data: new Uint8Array(12) });
    writeFileSync('cut.png', png.subarray(0, 50));
    await refuse(['--input', 'cut.png'], 'cut.png', 'damaged');
    png[png.length - 20] = (png.at(-20) as number) ^ 1;
    writeFileSync('bit.png', png);
    await refuse(['--input', 'bit.png'], 'bit.png', 'damaged');
    writeFileSync(
      'two.npz',
      serializeNpz([
        ['a', { shape: [1, 12], data: new Float32Array(12) }],
        ['b', { shape: [1], data: new Float32Array(1) }],
      ]),
    );
    await refuse(['--input', 'two.npz'], '"a", "b"', 'x_test');
    writeFileSync('text.csv', `${'1,'.repeat(11)}x\n`);
    await refuse(['--input', 'text.csv'], 'text.csv', '"x"');
  });

  test('labels that are missing, too many or of no class', async () => {
    await learnPictures();
    const images = ['--input', 'set/t10k-images-idx3-ubyte'];
    await refuse([...images, '--labels', 'no-such'], 'no-such');
    await refuse([...images, '--labels', 'set/train-labels-idx1-ubyte'], '20 examples', 'there are 60');
    writeFileSync('other', serializeIdx({ shape: [20], data: new Uint8Array(20).fill(9) }));
    await refuse([...images, '--labels', 'other'], 'label 0 is "9"', '0 … 2');
    writeFileSync(
      'table.csv',
      `kind,${Array.from({ length: 12 }, (_, index) => `p${index}`).join()}\n${'1,'.repeat(12)}0\n`,
    );
    await refuse(['--input', 'table.csv', '--labels', 'knid'], '"knid"', 'Did you mean "kind"');
  });

  test('folders with no run or several', async () => {
    await refuse(['--input', 'x.csv'], 'no folder "here"');
    mkdirSync('here');
    await refuse(['--input', 'x.csv'], 'run.json');
    rmSync('here', { recursive: true });
    await apical('compare', 'rings', ...TINY, '--out', 'here');
    await refuse(['--input', 'x.csv'], 'here/backprop-seed0', 'here/feedback-alignment-seed0');
    expectRefusal(await apical('export', 'here'), 2, 'here/backprop-seed0');
  });
});
