import { describe, expect, test } from 'vitest';
import { completeOptions } from '../../src/datasets/catalogue.ts';
import { datasetIds, generateDataset } from '../../src/datasets/index.ts';
import type { Dataset, Draws, LinearTeacher, Split } from '../../src/datasets/index.ts';
import { onUnitCircle, teacherExamples } from '../../src/datasets/synthetic.ts';
import { ApicalError } from '../../src/errors.ts';
import { Sequence, stream } from '../../src/random/index.ts';

const draws = (seed: number): Draws => new Sequence(stream(seed, 'dataset'));
const generate = (id: string, options: Record<string, number> = {}, seed = 1): Dataset =>
  generateDataset(id, options, draws(seed));
const generatedIds = ['linear-teacher', 'two-spirals', 'rings', 'bars'];

describe.each(generatedIds)('%s', (id) => {
  test('depends on its seed alone', () => {
    const counts = { trainCount: 40, testCount: 10 };
    expect(generate(id, counts, 3)).toEqual(generate(id, counts, 3));
    expect(generate(id, counts, 3).train.inputs).not.toEqual(generate(id, counts, 4).train.inputs);
  });

  test('keeps its task and its test set when the training set grows', () => {
    const small = generate(id, { trainCount: 10, testCount: 50 });
    const large = generate(id, { trainCount: 300, testCount: 50 });
    expect(large.test).toEqual(small.test);
    expect(large.train.inputs.subarray(0, small.train.inputs.length)).toEqual(small.train.inputs);
  });

  test('has the declared sizes', () => {
    const dataset = generate(id, { trainCount: 31, testCount: 7 });
    const width = dataset.inputShape.reduce((product, extent) => product * extent, 1);
    const perExample = dataset.task === 'regression' ? dataset.targetSize : 1;
    for (const [split, count] of [
      [dataset.train, 31],
      [dataset.test, 7],
    ] as const) {
      expect([split.count, split.inputs.length, split.targets.length]).toEqual([
        count,
        count * width,
        count * perExample,
      ]);
    }
  });
});

describe('the linear teacher', () => {
  const dataset = generate('linear-teacher') as LinearTeacher;

  test('is the task of the paper: 30 normal inputs, 10 outputs, entries uniform in ±1', () => {
    expect([dataset.inputShape, dataset.targetSize, dataset.train.count, dataset.test.count]).toEqual([
      [30],
      10,
      20_000,
      1000,
    ]);
    const { mean, variance } = moments(dataset.train.inputs);
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(600_000));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 600_000));
    expect(Math.max(...dataset.teacher)).toBeLessThan(1);
    expect(Math.min(...dataset.teacher)).toBeGreaterThanOrEqual(-1);
    // Uniform in ±1 has variance 1/3, and the sample variance of 300 draws the standard deviation √(4/45/300).
    expect(Math.abs(moments(dataset.teacher).variance - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / 300));
  });

  test('has targets equal to the teacher applied to the inputs', () => {
    for (const { inputs, targets } of [dataset.test, teacherExamples(dataset.teacher, 30, 5, draws(9))]) {
      for (let index = 0; index < targets.length; index++) {
        const [example, output] = [Math.floor(index / 10), index % 10];
        const row = dataset.teacher.subarray(output * 30, output * 30 + 30);
        const expected = row.reduce(
          (sum, weight, input) => sum + weight * (inputs[example * 30 + input] as number),
          0,
        );
        expect(targets[index]).toBeCloseTo(expected, 5);
      }
    }
  });
});

describe('two spirals', () => {
  test('without noise place every point on the spiral of its class, by Math.cos and Math.sin', () => {
    const { inputs, targets } = generate('two-spirals', { noise: 0, turns: 3 }).train;
    targets.forEach((label, example) => {
      const [x, y] = [inputs[2 * example] as number, inputs[2 * example + 1] as number];
      const along = (1 - Math.hypot(x, y)) * (104 / 96);
      const angle = 2 * Math.PI * (3 * along + label / 2);
      expect(
        Math.hypot(x - Math.hypot(x, y) * Math.cos(angle), y - Math.hypot(x, y) * Math.sin(angle)),
      ).toBeLessThan(1e-5);
    });
  });

  test('are separable by the nearest neighbour, but hardly by a line', () => {
    const dataset = generate('two-spirals');
    expect(bestLine(dataset.train)).toBeLessThan(0.65);
    expect(nearestNeighbour(dataset)).toBeGreaterThan(0.98);
  });
});

describe('rings', () => {
  test('are separable by the distance from the centre, but not by a line', () => {
    const dataset = generate('rings', { rings: 4, noise: 0 });
    expect(dataset.targetSize).toBe(4);
    const { inputs, targets } = dataset.test;
    targets.forEach((label, example) => {
      const radius = Math.hypot(inputs[2 * example] as number, inputs[2 * example + 1] as number);
      expect(radius).toBeCloseTo((label + 1) / 4, 6);
    });
    expect(bestLine(generate('rings', { rings: 2 }).train)).toBeLessThan(0.75);
  });

  test('are balanced in every prefix', () => {
    const { targets } = generate('rings', { rings: 3, trainCount: 30 }).train;
    expect([0, 1, 2].map((label) => targets.filter((target) => target === label).length)).toEqual([
      10, 10, 10,
    ]);
  });
});

test('onUnitCircle agrees with Math.cos and Math.sin over many turns', () => {
  for (let turns = -3; turns <= 100; turns += 0.0517) {
    const [cosine, sine] = onUnitCircle(turns);
    const part = (turns - Math.floor(turns)) * 2 * Math.PI;
    expect(Math.abs(cosine - Math.cos(part))).toBeLessThan(4e-14);
    expect(Math.abs(sine - Math.sin(part))).toBeLessThan(4e-14);
  }
  expect([0, 0.25, 0.5, 0.75].map((turns) => onUnitCircle(turns).map((value) => value + 0))).toEqual([
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
  ]);
});

describe('options', () => {
  test('are completed with every default', () => {
    expect(completeOptions('rings', { noise: 0.2 })).toEqual({
      trainCount: 2000,
      testCount: 1000,
      rings: 2,
      noise: 0.2,
    });
    for (const id of datasetIds)
      expect(completeOptions(id, completeOptions(id))).toEqual(completeOptions(id));
  });

  test.each([
    ['rings', { ring: 3 }, /no option "ring"; it takes .*, rings, noise\. Did you mean "rings"\?/],
    [
      'rings',
      { rings: 1 },
      /"rings" \(number of rings, one per class\) .* is 1; it must be a whole number from 2 to 256/,
    ],
    ['two-spirals', { noise: Number.NaN }, /is NaN; it must be a number from 0 to 10\./],
    ['two-spirals', { trainCount: 1.5 }, /is 1.5; it must be a whole number from 1 to 10000000\./],
    ['mnist', { trainCount: 60_001 }, /is 60001; it must be a whole number from 1 to 60000\./],
    ['linear-teacher', { inputs: 65_536, trainCount: 10_000_000 }, /do not fit in memory/],
  ])('of %s refuse %o', (id, options, message) => {
    const run = (): unknown => (id === 'mnist' ? completeOptions(id, options) : generate(id, options));
    expect(run).toThrow(message);
    expect(run).toThrow(ApicalError);
  });
});

function moments(values: Float32Array | Uint8Array): { mean: number; variance: number } {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return { mean, variance: squares / values.length - mean * mean };
}

/** Returns the accuracy of the best of many lines. */
function bestLine({ inputs, targets }: Split): number {
  let best = 0;
  for (let direction = 0; direction < 12; direction++) {
    const [a, b] = onUnitCircle(direction / 12);
    for (let threshold = -1; threshold <= 1; threshold += 0.1) {
      const right = targets.filter((label, example) => {
        const side =
          a * (inputs[2 * example] as number) + b * (inputs[2 * example + 1] as number) > threshold;
        return side === (label === 1);
      }).length;
      best = Math.max(best, right / targets.length);
    }
  }
  return best;
}

function nearestNeighbour({ train, test: probe }: Dataset): number {
  let right = 0;
  for (let example = 0; example < 200; example++) {
    let [nearest, distance] = [-1, Infinity];
    for (let other = 0; other < train.count; other++) {
      const x = (train.inputs[2 * other] as number) - (probe.inputs[2 * example] as number);
      const y = (train.inputs[2 * other + 1] as number) - (probe.inputs[2 * example + 1] as number);
      if (x * x + y * y < distance) [nearest, distance] = [other, x * x + y * y];
    }
    if (train.targets[nearest] === probe.targets[example]) right += 1;
  }
  return right / 200;
}

describe('bars', () => {
  test('are complete lines of one orientation, at least one per image', () => {
    const { train, inputShape, classNames } = generate('bars', { trainCount: 400, side: 5 });
    expect([inputShape, classNames]).toEqual([
      [5, 5],
      ['upright', 'lying'],
    ]);
    let lit = 0;
    for (let example = 0; example < 400; example++) {
      const at = (row: number, column: number) => train.inputs[example * 25 + row * 5 + column];
      const line = (place: number, along: number) =>
        train.targets[example] === 0 ? at(along, place) : at(place, along);
      const lines = Array.from({ length: 5 }, (_, place) => line(place, 0));
      for (let place = 0; place < 5; place++) {
        for (let along = 0; along < 5; along++) expect(line(place, along)).toBe(lines[place]);
      }
      const count = lines.filter((value) => value === 255).length;
      expect(count).toBeGreaterThan(0);
      lit += count;
    }
    // The expected share of bars is p / (1 − (1 − p)⁵), since images without bars are drawn again.
    expect(Math.abs(lit / 2000 - 0.3 / (1 - 0.7 ** 5))).toBeLessThan(0.05);
  });
});
