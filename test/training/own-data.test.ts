import { describe, expect, test } from 'vitest';
import { ApicalError } from '../../src/errors.ts';
import { isContentsId, ownDataset } from '../../src/training/own/own-data.ts';
import type { OwnData } from '../../src/training/own/own-data.ts';

const SQUARE = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];

describe('own arrays become a data set', () => {
  test.each([
    ['rows of numbers', SQUARE],
    ['rows of float arrays', SQUARE.map((row) => Float32Array.from(row))],
    ['flat numbers', SQUARE.flat()],
    ['a Float32Array', Float32Array.from(SQUARE.flat())],
    ['a Float64Array', Float64Array.from(SQUARE.flat())],
  ])('from %s', (_, inputs) => {
    const dataset = ownDataset({ inputs, labels: [0, 1, 1, 0] });
    expect(dataset).toMatchObject({
      task: 'classification',
      inputShape: [2],
      inputScale: 1,
      targetSize: 2,
      train: { count: 4, inputs: Float32Array.from(SQUARE.flat()), targets: Uint8Array.of(0, 1, 1, 0) },
      test: { count: 0 },
    });
    expect(isContentsId(dataset.id)).toBe(true);
  });

  test('from bytes, which stand for 0 to 1', () => {
    const inputs = Uint8Array.of(0, 255, 255, 0, 1, 2, 3, 4);
    const dataset = ownDataset({ inputs, labels: [0, 1], shape: [2, 2] });
    expect(dataset).toMatchObject({ inputShape: [2, 2], inputScale: 1 / 255, train: { count: 2, inputs } });
  });

  test('with class names, also of classes without examples', () => {
    const dataset = ownDataset({ inputs: SQUARE, labels: [0, 1, 1, 0], classNames: ['a', 'b', 'c'] });
    expect(dataset).toMatchObject({ targetSize: 3, classNames: ['a', 'b', 'c'] });
  });

  test('with test examples, which may contain further classes', () => {
    const dataset = ownDataset({
      inputs: SQUARE,
      labels: [0, 1, 1, 0],
      test: { inputs: [0.5, 0.5], labels: [4] },
    });
    expect(dataset).toMatchObject({ targetSize: 5, test: { count: 1, targets: Uint8Array.of(4) } });
  });

  test.each([
    ['one value each', [0, 1, 2, 3], 1],
    ['rows', SQUARE, 2],
    ['flat values of several each', Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), 2],
  ])('with targets, %s', (_, targets, targetSize) => {
    expect(ownDataset({ inputs: SQUARE, targets })).toMatchObject({ task: 'regression', targetSize });
  });

  test('whose id depends on contents and meaning', () => {
    const ids = [
      { inputs: SQUARE, labels: [0, 1, 1, 0] },
      { inputs: SQUARE, labels: [0, 1, 1, 1] },
      { inputs: SQUARE, targets: [0, 1, 1, 0] },
      { inputs: SQUARE, labels: [0, 1, 1, 0], shape: [1, 2] },
      { inputs: SQUARE, labels: [0, 1, 1, 0], classNames: ['no', 'yes'] },
      { inputs: SQUARE, labels: [0, 1, 1, 0], test: { inputs: SQUARE, labels: [0, 1, 1, 0] } },
    ].map((data) => ownDataset(data).id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ownDataset({ inputs: SQUARE.flat(), labels: Uint8Array.of(0, 1, 1, 0) }).id).toBe(ids[0]);
  });
});

describe('an error in own arrays is one sentence with its position', () => {
  const labels = [0, 1, 1, 0];
  const cases: [string, unknown, string, string][] = [
    ['no object', [1, 2], 'dataset.option', 'dataset is an array: give an object such as { inputs, labels }'],
    ['nothing', null, 'dataset.option', 'dataset is null'],
    ['an unknown key', { input: SQUARE, labels }, 'dataset.option', 'no key "input". Did you mean "inputs"?'],
    [
      'an unknown key of the test examples',
      { inputs: SQUARE, labels, test: { inputs: SQUARE, label: labels } },
      'dataset.option',
      'dataset.test has no key "label". Did you mean "labels"?',
    ],
    ['no inputs', { labels }, 'dataset.values', 'dataset.inputs is missing'],
    ['inputs of another kind', { inputs: 'digits', labels }, 'dataset.values', 'dataset.inputs is "digits"'],
    ['integers', { inputs: new Int32Array(8), labels }, 'dataset.values', 'of the kind Int32Array'],
    [
      'labels for the training examples only',
      { inputs: SQUARE, labels, test: { inputs: SQUARE } },
      'dataset.option',
      'dataset.test has neither labels nor targets, but the training examples have labels',
    ],
    [
      'labels and targets',
      { inputs: SQUARE, labels, targets: labels },
      'dataset.option',
      'both labels and targets',
    ],
    ['empty inputs', { inputs: [], labels }, 'dataset.empty', 'dataset.inputs is empty'],
    ['empty labels', { inputs: SQUARE, labels: [] }, 'dataset.empty', 'dataset.labels is empty'],
    ['empty rows', { inputs: [[], []], labels: [0, 1] }, 'dataset.mismatch', 'dataset.inputs[0] is empty'],
    [
      'a row of another length',
      { inputs: [[0, 0], [1]], labels: [0, 1] },
      'dataset.mismatch',
      'dataset.inputs[1] is 1 values, but the first row has 2 values',
    ],
    [
      'NaN in a row',
      {
        inputs: [
          [0, 0],
          [1, NaN],
        ],
        labels: [0, 1],
      },
      'dataset.values',
      'dataset.inputs[1][1] is NaN',
    ],
    [
      'an infinity in a flat array',
      { inputs: Float32Array.of(0, 1, -Infinity, 1), labels: [0, 1] },
      'dataset.values',
      'dataset.inputs[2] is -Infinity',
    ],
    [
      'a number too large for single precision',
      { inputs: Float64Array.of(0, 1e300), labels: [0, 1] },
      'dataset.values',
      'dataset.inputs[1] is 1e+300: single precision ends at 3.4e38',
    ],
    ['a text', { inputs: [0, '1'], labels: [0, 1] }, 'dataset.values', 'dataset.inputs[1] is "1"'],
    ['a hole', { inputs: [0, undefined], labels: [0, 1] }, 'dataset.values', 'dataset.inputs[1] is missing'],
    [
      'a length that the labels do not divide',
      { inputs: SQUARE.flat(), labels: [0, 1, 1] },
      'dataset.mismatch',
      'dataset.inputs holds 8 values, which do not fit the 3 examples of dataset.labels',
    ],
    [
      'more labels than rows',
      { inputs: SQUARE, labels: [0, 1, 1, 0, 1] },
      'dataset.mismatch',
      'dataset.labels holds 5 labels, but dataset.inputs holds 4 examples',
    ],
    [
      'a length that the shape does not divide',
      { inputs: SQUARE.flat(), labels, shape: [3] },
      'dataset.mismatch',
      'dataset.inputs holds 8 values, which is no multiple of the 3 of an example of shape (3)',
    ],
    [
      'rows of another length than the shape',
      { inputs: SQUARE, labels, shape: [3] },
      'dataset.mismatch',
      'has 2 values, but an example of shape (3) has 3',
    ],
    ['an empty shape', { inputs: SQUARE, labels, shape: [] }, 'dataset.mismatch', 'dataset.shape is []'],
    ['a shape of 0', { inputs: SQUARE, labels, shape: [0, 2] }, 'dataset.mismatch', 'dataset.shape is [0,2]'],
    [
      'a negative label',
      { inputs: SQUARE, labels: [0, 1, -1, 0] },
      'dataset.labels',
      'dataset.labels[2] is -1',
    ],
    [
      'half a label',
      { inputs: SQUARE, labels: Float32Array.of(0, 0.5, 1, 0) },
      'dataset.labels',
      'dataset.labels[1] is 0.5: a label is a whole number from 0 to 255',
    ],
    [
      'a label of NaN',
      { inputs: SQUARE, labels: [0, NaN, 1, 0] },
      'dataset.labels',
      'dataset.labels[1] is NaN',
    ],
    ['too large a label', { inputs: SQUARE, labels: [0, 256, 1, 0] }, 'dataset.labels', 'is 256'],
    [
      'a label in words',
      { inputs: SQUARE, labels: ['no', 1, 1, 0] },
      'dataset.labels',
      'dataset.labels[0] is "no"',
    ],
    [
      'labels of another kind',
      { inputs: SQUARE, labels: 'abcd' },
      'dataset.labels',
      'dataset.labels is "abcd"',
    ],
    [
      'too few names',
      { inputs: SQUARE, labels, classNames: ['no'] },
      'dataset.labels',
      'dataset.classNames names 1 classes, but the largest label is 1',
    ],
    [
      'names that are no texts',
      { inputs: SQUARE, labels, classNames: [0, 1] },
      'dataset.labels',
      'must be an array of texts',
    ],
    [
      'names beside targets',
      { inputs: SQUARE, targets: labels, classNames: ['no', 'yes'] },
      'dataset.labels',
      'no place beside targets',
    ],
    [
      'targets that do not divide',
      { inputs: SQUARE, targets: [1, 2, 3] },
      'dataset.mismatch',
      'dataset.targets holds 3 values, which do not fit the 4 examples of dataset.inputs',
    ],
    [
      'a target of NaN',
      { inputs: SQUARE, targets: [[1], [2], [NaN], [4]] },
      'dataset.values',
      'dataset.targets[2][0] is NaN',
    ],
    [
      'test examples of another length',
      { inputs: SQUARE, labels, test: { inputs: [[1, 2, 3]], labels: [0] } },
      'dataset.mismatch',
      'An example of dataset.test.inputs has 3 values',
    ],
    [
      'test examples with targets',
      { inputs: SQUARE, labels, test: { inputs: SQUARE, targets: labels } },
      'dataset.option',
      'dataset.test has targets, but the training examples have labels',
    ],
    [
      'test targets of another length',
      { inputs: SQUARE, targets: labels, test: { inputs: SQUARE, targets: SQUARE } },
      'dataset.mismatch',
      'dataset.test.targets holds 2 values for each example, but a training example has 1',
    ],
    [
      'bytes beside floats',
      { inputs: SQUARE, labels, test: { inputs: new Uint8Array(8), labels } },
      'dataset.mismatch',
      'must both be bytes',
    ],
  ];

  test.each(cases)('%s', (_, data, code, words) => {
    let thrown: unknown;
    try {
      ownDataset(data as OwnData);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ApicalError);
    expect(thrown).toMatchObject({ code, message: expect.stringContaining(words) as string });
    expect((thrown as Error).message.split(/[.?] (?=[A-Z])/).length).toBeLessThanOrEqual(3);
  });
});
