import { describe, expect, test } from 'vitest';
import { openAll } from '../backends/open-all.ts';
import {
  costLine,
  earlyInference,
  energyTraces,
  startDistances,
  updateCurves,
} from '../../src/analysis/index.ts';
import { stack } from '../../src/network/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import { clouds, learnerOf, release, UNITS } from '../rules/fixtures.ts';

const on = openAll(['reference']);
const specification = stack({
  layers: [UNITS, 6, 5, 3],
  activation: 'logistic',
  outputActivation: 'logistic',
  objective: 'squared-error',
});

function subjectOf(id: string, change: object = {}) {
  const compute = on('reference');
  const learner = learnerOf(compute, ruleById(id), {
    specification,
    options:
      id === 'equilibrium-propagation'
        ? { freeSteps: 2000, nudgedSteps: 2000, nudge: 1e-3, sides: 'symmetric', persistent: false }
        : {},
  });
  const batch = clouds(compute, 0, 4);
  const subject = {
    compute,
    learner,
    batch,
    freeSteps: 400,
    nudgedSteps: 30,
    stepSize: 0.3,
    nudge: 1e-5,
    ...change,
  };
  return {
    subject,
    end() {
      release(compute, batch);
      learner.dispose();
    },
  };
}

test('the energy decreases in every step of the free phase, and is the sum of its terms', () => {
  const { subject, end } = subjectOf('equilibrium-propagation', { stepSize: 0.1 });
  const { energy, speed } = energyTraces(subject);
  const total = energy.find(({ name }) => name === 'energy')?.values ?? [];
  expect(total.length).toBe(430);
  for (let step = 1; step < 400; step++)
    expect(total[step]).toBeLessThanOrEqual((total[step - 1] ?? NaN) + 1e-12);
  const terms = energy.filter(({ name }) => name !== 'energy');
  expect(terms.map(({ name }) => name)).toContain('hidden1→hidden2');
  expect(terms.reduce((sum, { values }) => sum + (values[100] ?? NaN), 0)).toBeCloseTo(total[100] ?? NaN, 12);
  expect(speed.values[399]).toBeLessThan(1e-6);
  expect(speed.values[1]).toBeGreaterThan(0.01);
  end();
});

describe.each(['equilibrium-propagation', 'vector-field-ep'])('the curves of %s', (id) => {
  test(
    id === 'vector-field-ep'
      ? 'part from those of backpropagation through time where weights differ'
      : 'lie on those of backpropagation through time',
    () => {
      const { subject, end } = subjectOf(id);
      const curves = updateCurves(subject);
      expect(curves.length).toBeGreaterThanOrEqual(3);
      for (const { projection, nudged, unrolled, error } of curves) {
        expect(unrolled.at(-1)).toBeCloseTo(1, 12);
        expect(nudged.length).toBe(30);
        if (id === 'equilibrium-propagation') expect(error.at(-1), projection).toBeLessThan(1e-3);
      }
      if (id === 'vector-field-ep')
        expect(Math.max(...curves.map(({ error }) => error.at(-1) ?? 0))).toBeGreaterThan(0.1);
      end();
    },
  );
});

test('right after the nudge, areas move along −∂C/∂h, one area deeper at each step', () => {
  const { subject, end } = subjectOf('equilibrium-propagation', { freeSteps: 2000 });
  const found = earlyInference(subject);
  expect(found.map(({ area, arrival }) => [area, arrival])).toEqual([
    ['hidden1', 3],
    ['hidden2', 2],
    ['output', 1],
  ]);
  for (const { cosine } of found) expect(cosine).toBeGreaterThan(0.999);
  end();
});

test('a feedforward pass is nearer to the fixed point than silence, and equals it without feedback', () => {
  const { subject, end } = subjectOf('equilibrium-propagation');
  for (const { feedforward, silence } of startDistances(subject)) expect(feedforward).toBeLessThan(silence);
  end();
  const compute = on('reference');
  const learner = learnerOf(compute, ruleById('contrastive-hebbian'), {
    specification,
    options: { gain: 1e-9 },
  });
  const batch = clouds(compute, 0, 4);
  for (const { feedforward } of startDistances({ ...subject, learner, batch }))
    expect(feedforward).toBeLessThan(1e-8);
  release(compute, batch);
  learner.dispose();
});

test('if top-down input equals bottom-up input, the doubled pass is the fixed point', () => {
  const { subject, end } = subjectOf('equilibrium-propagation');
  const learner = learnerOf(subject.compute, ruleById('equilibrium-propagation'), {
    specification: stack({
      layers: [UNITS, 4, 4],
      ...{ activation: 'hard-sigmoid', outputActivation: 'hard-sigmoid' },
      objective: 'squared-error',
      bias: false,
    }),
  });
  // The upper area receives h / √2 and sends back h / 2, as much as comes from the input.
  const isDiagonal = (index: number) => index % 5 === 0;
  const [lower, upper] = learner.network.projections.map(({ weights }) => weights);
  lower?.set(Array.from({ length: UNITS * 4 }, (_, index) => (index % 3) / 20));
  upper?.set(Array.from({ length: 16 }, (_, index) => (isDiagonal(index) ? Math.SQRT1_2 : 0)));
  const starts = startDistances({ ...subject, learner });
  for (const { doubled, feedforward } of starts) {
    expect(doubled).toBeLessThan(1e-9);
    expect(feedforward).toBeGreaterThan(0.2);
  }
  learner.dispose();
  end();
});

test('the terms of the rule equal the slope of the settled cost', () => {
  const { subject, end } = subjectOf('equilibrium-propagation');
  const { compute, learner, batch } = subject;
  const before = learner.network.parameters.map(({ values }) => values.toArray());
  const line = costLine(compute, learner, batch, { reach: 1e-3, points: 2 });
  expect(line?.points.length).toBe(5);
  const { rule, reference, difference } = line?.slopes ?? { rule: NaN, reference: NaN, difference: NaN };
  expect(Math.abs(rule / reference - 1)).toBeLessThan(1e-4);
  expect(Math.abs(difference / reference - 1)).toBeLessThan(1e-4);
  expect(learner.network.parameters.map(({ values }) => values.toArray())).toEqual(before);
  end();
});

test('a rule on feedforward dynamics is refused by name', () => {
  const { subject, end } = subjectOf('backprop');
  expect(() => energyTraces(subject)).toThrow(/"backprop".*nothing settles.*equilibrium-propagation/);
  end();
});

test('with all units at a bound the cost is flat: there is no line, and weights stay unchanged', () => {
  const compute = on('reference');
  const learner = learnerOf(compute, ruleById('equilibrium-propagation'), {
    specification: stack({
      layers: [UNITS, 4, 3],
      activation: 'hard-sigmoid',
      outputActivation: 'hard-sigmoid',
      objective: 'squared-error',
    }),
  });
  for (const { values, role } of learner.network.parameters) if (role === 'bias') compute.fill(values, 50);
  const before = learner.network.parameters.map(({ values }) => values.toArray());
  const batch = clouds(compute, 0, 4);
  expect(costLine(compute, learner, batch, { reach: 0.1, points: 2 })).toBeUndefined();
  expect(learner.network.parameters.map(({ values }) => values.toArray())).toEqual(before);
  release(compute, batch);
  learner.dispose();
});
