import { expect, test } from 'vitest';
import { WeightHistory } from '../../lab/engine/history.ts';
import { drawnShape, shapeOf } from '../../lab/engine/shapes.ts';
import { look } from '../../lab/engine/views.ts';
import type { Watch } from '../../lab/protocol.ts';
import { Examples } from '../../src/entries/browser-internals.ts';
import type { Dataset } from '../../src/entries/browser-internals.ts';
import { begin, generate } from '../training/in-time/fixture.ts';

const WATCH: Watch = {
  ...{ example: 1, area: 'hidden1', unit: 0, projection: null },
  ...{ errors: true, gallery: [0, 1, 2], surface: true, history: false },
};

/** Returns what the page shows of a run after one update. */
async function shown(dataset: Dataset, watch: Watch) {
  const { training, compute } = await begin(dataset, { batch: 4, epochs: 1 });
  training.advance(1, () => 0);
  const { learner, step } = training;
  const examples = new Examples(compute, dataset);
  const history = new WeightHistory(learner);
  return {
    view: look({ compute, learner, step, history, examples }, watch),
    input: shapeOf(learner.network, drawnShape(examples)).areas[0],
  };
}

test('a sequence is shown with a row per step, and other areas at its last step', async () => {
  const { view, input } = await shown(generate('delayed-xor', { trainCount: 40, testCount: 20 }), WATCH);
  expect(input?.grid).toEqual([10, 2]);
  expect(view.activities['input']).toHaveLength(20);
  expect(view.activities['hidden1']).toHaveLength(16);
  expect(view.answer).toHaveLength(2);
  expect(view.gallery?.classes).toHaveLength(3);
  expect(view.surface).toBeUndefined();
  expect(view.errors['hidden1']?.angle).toBeLessThan(1e-3);
});

test('of a stream the first steps are shown', async () => {
  const data = generate('sine-waves', { trainCount: 400, testCount: 100 });
  const { view, input } = await shown(data, { ...WATCH, gallery: [0] });
  expect(input?.grid).toEqual([32, 1]);
  expect(view.activities['input']).toHaveLength(32);
  expect(view.activities['hidden1']).toHaveLength(16);
  expect(view.answer).toHaveLength(1);
});
