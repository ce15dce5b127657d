import { Matrix, solve } from 'ml-matrix';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { Sequence, stream } from '../../../src/random/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Model } from '../../../src/training/readout/model.ts';
import { fitNeighbours } from '../../../src/training/readout/nearest-neighbours.ts';
import { normalisationOf } from '../../../src/training/readout/normalisation.ts';
import { fitRidge } from '../../../src/training/readout/ridge.ts';
import { fitSoftmax } from '../../../src/training/readout/softmax.ts';

let exact: Compute;
let fast: Compute;
beforeAll(async () => {
  exact = await openBackend({ backend: 'reference' });
  fast = await openBackend({ backend: 'wasm' });
});

const [EXAMPLES, UNITS, OUTPUTS] = [700, 6, 3];
const draws = new Sequence(stream(5, 'readout tests'));
const normals = (count: number) => Array.from({ length: count }, () => draws.normal());
const INPUTS = normals(EXAMPLES * UNITS);
const HELD = normals(40 * UNITS);
const VALUES = normals(EXAMPLES * OUTPUTS).map((value, index) => value + (INPUTS[index] as number) + 2);
const HELD_VALUES = normals(40 * OUTPUTS);
/** The class is the largest of the first three units, with some labels wrong. */
const labelsOf = (inputs: readonly number[]) =>
  Array.from({ length: inputs.length / UNITS }, (_, row) => {
    const first = inputs.slice(row * UNITS, row * UNITS + OUTPUTS);
    return row % 11 === 0 ? row % OUTPUTS : first.indexOf(Math.max(...first));
  });

const matrix = (compute: Compute, values: readonly number[], columns: number): Tensor =>
  compute.allocate([values.length / columns, columns]).set(values);
const classes = (compute: Compute, labels: readonly number[]): Tensor =>
  compute.allocate([labels.length], 'i32').set(labels);

function tallyOf(compute: Compute, model: Model, features: Tensor, targets: Tensor): number[] {
  const tally = compute.allocate([4], 'f64');
  model.tally(features, targets, tally);
  return Array.from(tally.data);
}

describe('ridge', () => {
  test.each([0, 0.3])('equals the normal equations with a bias, at λ = %d', (regularisation) => {
    const augmented = Matrix.from1DArray(EXAMPLES, UNITS, INPUTS).addColumn(
      UNITS,
      new Array<number>(EXAMPLES).fill(1),
    );
    const gram = augmented.transpose().mmul(augmented).div(EXAMPLES);
    for (let unit = 0; unit < UNITS; unit++) gram.set(unit, unit, gram.get(unit, unit) + regularisation);
    const targets = Matrix.from1DArray(EXAMPLES, OUTPUTS, VALUES);
    const weights = solve(gram, augmented.transpose().mmul(targets).div(EXAMPLES));
    const answers = Matrix.from1DArray(40, UNITS, HELD)
      .addColumn(UNITS, new Array<number>(40).fill(1))
      .mmul(weights)
      .to1DArray();
    const loss = answers.reduce((sum, value, i) => sum + (value - (HELD_VALUES[i] as number)) ** 2 / 2, 0);

    for (const [compute, digits] of [
      [exact, 9],
      [fast, 3],
    ] as const) {
      const training = {
        features: matrix(compute, INPUTS, UNITS),
        targets: matrix(compute, VALUES, OUTPUTS),
      };
      const model = fitRidge(compute, training, { outputs: OUTPUTS, regularisation });
      const held = matrix(compute, HELD_VALUES, OUTPUTS);
      const [found = NaN, , count, power] = tallyOf(compute, model, matrix(compute, HELD, UNITS), held);
      expect(found).toBeCloseTo(loss, digits);
      expect(count).toBe(40);
      expect(power).toBeCloseTo(
        HELD_VALUES.reduce((sum, value) => sum + value ** 2 / 2, 0),
        digits,
      );
    }
  });

  test('has no solution for dependent units without regularisation', () => {
    const doubled = INPUTS.flatMap((value) => [value, value]);
    const training = { features: matrix(exact, doubled, 2), targets: matrix(exact, INPUTS, 1) };
    expect(() => fitRidge(exact, training, { outputs: 1, regularisation: 0 })).toThrow(
      /no unique solution: with readout.regularisation 0, its 2 units are linearly dependent/,
    );
    expect(() => fitRidge(exact, training, { outputs: 1, regularisation: 1e-3 })).not.toThrow();
  });
});

describe('nearest neighbours', () => {
  test.each([1, 5])('equal brute force with %d neighbours', (neighbours) => {
    const labels = labelsOf(INPUTS);
    const held = labelsOf(HELD);
    const wrong = held.filter((label, row) => {
      const query = HELD.slice(row * UNITS, (row + 1) * UNITS);
      const order = labels
        .map((own, index) => {
          const known = INPUTS.slice(index * UNITS, (index + 1) * UNITS);
          return [
            known.reduce((sum, value, i) => sum + (value - (query[i] as number)) ** 2, 0),
            own,
          ] as const;
        })
        .sort(([a], [b]) => a - b)
        .slice(0, neighbours)
        .map(([, own]) => own);
      const votes = (own: number) => order.filter((other) => other === own).length;
      return order.toSorted((a, b) => votes(b) - votes(a))[0] !== label;
    }).length;
    expect(wrong).toBeGreaterThan(0);
    for (const compute of [exact, fast]) {
      const training = { features: matrix(compute, INPUTS, UNITS), targets: classes(compute, labels) };
      const model = fitNeighbours(compute, training, neighbours);
      const tally = tallyOf(compute, model, matrix(compute, HELD, UNITS), classes(compute, held));
      expect(tally).toEqual([wrong, wrong, 40, 0]);
    }
  });
});

describe('softmax', () => {
  test('finds classes that a linear readout can tell apart, and depends on the seed alone', () => {
    const training = { features: matrix(fast, INPUTS, UNITS), targets: classes(fast, labelsOf(INPUTS)) };
    const fit = (seed: number) => {
      const options = { outputs: OUTPUTS, epochs: 30, rate: 0.02, regularisation: 1e-4, seed };
      const model = fitSoftmax(fast, training, options);
      return tallyOf(fast, model, matrix(fast, HELD, UNITS), classes(fast, labelsOf(HELD)));
    };
    const [loss = NaN, wrong = NaN, count = NaN] = fit(0);
    // One in eleven labels is drawn without regard to the inputs.
    expect(wrong / count).toBeLessThan(0.15);
    expect(loss / count).toBeLessThan(Math.log(3) / 2);
    expect(fit(0)).toEqual([loss, wrong, count, 0]);
    expect(fit(1)[0]).not.toBe(loss);
  });
});

describe('normalisation', () => {
  test('standardises by the training examples', () => {
    const training = matrix(exact, [1, 7, 3, 7, 5, 7], 2);
    const other = matrix(exact, [3, 8], 2);
    const normalise = normalisationOf('standardise', training);
    normalise(training);
    normalise(other);
    const deviation = Math.sqrt(8 / 3);
    expect(training.toArray()).toEqual([-2 / deviation, 0, 0, 0, 2 / deviation, 0]);
    // A unit that was constant is only centred.
    expect(other.toArray()).toEqual([0, 1]);
  });

  test('scales each example to norm 1, and leaves zeros', () => {
    const features = matrix(exact, [3, 4, 0, 0], 2);
    normalisationOf('unit-norm', features)(features);
    expect(features.toArray()).toEqual([0.6, 0.8, 0, 0]);
  });
});
