import { describe, expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import { stack } from '../../../src/network/index.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { recurrentBackpropagateBy } from '../../../src/dynamics/settling/recurrent-backpropagation.ts';
import { hopfield, vectorField } from '../../../src/dynamics/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Learner } from '../../../src/learning/index.ts';
import { clouds, gradientsOf, learnerOf, release, UNITS } from '../fixtures.ts';

const on = openAll(['reference', 'wasm']);
const rule = ruleById('vector-field-ep');
const energy = ruleById('equilibrium-propagation');
const layers = [UNITS, 5, 4, 3];
const network = (activation: 'logistic' | 'hard-sigmoid'): NetworkSpecification =>
  stack({ layers, activation, outputActivation: activation, objective: 'squared-error' });

/** Sets feedback weights to the transposed forward weights. */
function mirror(learner: Learner, compute: ReturnType<typeof on>): void {
  for (const projection of learner.network.projections) {
    if (projection.feedback) projection.exactFeedback(compute, projection.feedback.weights);
  }
}

/** Returns the transpose, (rows, columns), of values(columns, rows). */
const transposed = (values: readonly number[], rows: number, columns: number) =>
  Array.from(
    { length: rows * columns },
    (_, i) => values[(i % columns) * rows + Math.floor(i / columns)] ?? NaN,
  );

describe.each(['reference', 'wasm'] as const)('with symmetric weights, on %s', (backend) => {
  test.each(['logistic', 'hard-sigmoid'] as const)(
    'it settles like the Hopfield network, bit for bit: %s',
    (activation) => {
      const compute = on(backend);
      const [own, tied] = [rule, energy].map((each) =>
        learnerOf(compute, each, { specification: network(activation) }),
      ) as [Learner, Learner];
      mirror(own, compute);
      const batch = clouds(compute, 0, 5);
      const outputs = [own, tied].map((learner) => {
        let output: number[] = [];
        learner.respond(batch.inputs, (phase) => {
          output = learner.network.areas.flatMap((area) => phase.rate(area).toArray());
        });
        return output;
      });
      expect(outputs[0]).toEqual(outputs[1]);
      release(compute, batch);
      own.dispose();
      tied.dispose();
    },
  );
});

test('forward and feedback changes add up to equilibrium propagation, and each equals its own gradient', () => {
  const compute = on('reference');
  const options = { freeSteps: 3000, nudgedSteps: 3000, nudge: 1e-4, sides: 'symmetric' };
  const [own, tied] = [rule, energy].map((each) =>
    learnerOf(compute, each, { specification: network('logistic'), options }),
  ) as [Learner, Learner];
  mirror(own, compute);
  const batch = clouds(compute, 0, 4);
  const update = gradientsOf(compute, own, batch);
  const exact = gradientsOf(compute, own, batch, recurrentBackpropagateBy(vectorField));
  const both = gradientsOf(compute, tied, batch, recurrentBackpropagateBy(hopfield));
  expect([...update.keys()].sort()).toEqual([...exact.keys()].sort());
  for (const [id, expected] of exact) {
    for (const [i, value] of (update.get(id) ?? []).entries())
      expect(value, id).toBeCloseTo(expected[i] ?? NaN, 6);
  }
  for (const { id, from, to, feedback } of own.network.projections) {
    if (!feedback) continue;
    const back = transposed(update.get(feedback.id) ?? [], from.units, to.units);
    for (const [i, value] of (both.get(id) ?? []).entries()) {
      expect((update.get(id)?.[i] ?? NaN) + (back[i] ?? NaN), id).toBeCloseTo(value, 6);
    }
  }
  release(compute, batch);
  own.dispose();
  tied.dispose();
});

test('the continual update adds up to the update after the phases, as steps become finer', () => {
  const compute = on('reference');
  const gap = (stepSize: number) => {
    const [contrast, continual] = (['contrast', 'continual'] as const).map((update) => {
      const learner = learnerOf(compute, rule, {
        specification: network('logistic'),
        options: {
          nudge: 0.05,
          sides: 'one',
          update,
          stepSize,
          persistent: false,
          freeSteps: 20 / stepSize,
          nudgedSteps: 4 / stepSize,
        },
      });
      const batch = clouds(compute, 0, 4);
      const gradients = [...gradientsOf(compute, learner, batch).values()].flat();
      release(compute, batch);
      learner.dispose();
      return gradients;
    }) as [number[], number[]];
    return (
      Math.max(...contrast.map((value, i) => Math.abs(value - (continual[i] ?? NaN)))) /
      Math.max(...contrast.map(Math.abs))
    );
  };
  // The remaining gap is the change of the presynaptic rate within the phase, of the order of the nudge.
  expect(gap(0.1)).toBeLessThan(0.05);
});
