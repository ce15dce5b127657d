import { afterAll, beforeAll, expect, test } from 'vitest';
import { estimatorStatistics, measureAlignment } from '../../src/analysis/index.ts';
import type { Alignment } from '../../src/analysis/index.ts';
import { openBackend } from '../../src/backends/open.ts';
import { defineRule, noOptions } from '../../src/learning/index.ts';
import type { Rule } from '../../src/learning/index.ts';
import { emitReadouts, feedforward } from '../../src/dynamics/index.ts';
import type { NetworkSpecification } from '../../src/network/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { clouds, CLASSES, gradientsOf, learnerOf, release, smallStack, UNITS } from '../rules/fixtures.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

function alignmentOf(
  rule: Rule,
  setting: { specification?: NetworkSpecification; options?: object } = {},
): Readonly<Record<string, Alignment>> {
  const learner = learnerOf(compute, rule, setting);
  const batch = clouds(compute, 0, 6);
  const found = measureAlignment(compute, learner, batch, 0);
  learner.dispose();
  release(compute, batch);
  return found;
}

const lateral: NetworkSpecification = {
  areas: [
    { id: 'input', shape: [UNITS] },
    { id: 'hidden1', shape: [8], activation: 'hard-sigmoid' },
    { id: 'output', shape: [CLASSES] },
  ],
  projections: [
    { from: 'input', to: 'hidden1' },
    { from: 'hidden1', to: 'output' },
    { from: 'hidden1', to: 'hidden1', kind: 'lateral', symmetric: true },
  ],
  input: 'input',
  objectives: [{ area: 'output', kind: 'squared-error' }],
};

const readout = defineRule({
  id: 'readout',
  family: 'Tests',
  title: 'Readout',
  summary: 'Trains the output only.',
  equation: '',
  cites: [],
  options: noOptions,
  dynamics: feedforward,
  learn: (step) => emitReadouts(step, step.run('forward')),
});

test('a lateral projection has the angle of its update to its gradient, by plain loops over both', () => {
  const options = { stepSize: 0.2, freeSteps: 300, nudgedSteps: 300, nudge: 0.01, persistent: false };
  const rule = ruleById('equilibrium-propagation');
  const { 'lateral:hidden1→hidden1': found } = alignmentOf(rule, { specification: lateral, options });
  const learner = learnerOf(compute, rule, { specification: lateral, options });
  const batch = clouds(compute, 0, 6);
  const update = gradientsOf(compute, learner, batch).get('lateral:hidden1→hidden1') ?? [];
  const exact = gradientsOf(compute, learner, batch, learner.reference).get('lateral:hidden1→hidden1') ?? [];
  learner.dispose();
  release(compute, batch);
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
  const cosine = dot(update, exact) / Math.sqrt(dot(update, update) * dot(exact, exact));
  expect(found?.angle).toBeCloseTo((Math.acos(cosine) * 180) / Math.PI, 6);
  expect(found?.normRatio).toBeCloseTo(Math.sqrt(dot(update, update) / dot(exact, exact)), 9);
  expect(found).not.toHaveProperty('reason');
  expect(found?.angle).toBeLessThan(20);
});

test('feedback that is part of settling has an angle', () => {
  const specification = smallStack({ activation: 'hard-sigmoid' });
  const found = alignmentOf(ruleById('vector-field-ep'), { specification });
  const feedback = Object.keys(found).filter((id) => id.startsWith('feedback:'));
  expect(feedback).toHaveLength(2);
  for (const id of feedback) expect(found[id]?.angle).toBeGreaterThan(0);
});

test.each(['learned-feedback', 'weight-mirror', 'kolen-pollack'])(
  'learned feedback of %s has no gradient, which is said instead of an angle',
  (id) => {
    const found = alignmentOf(ruleById(id));
    const feedback = Object.entries(found).filter(([projection]) => projection.startsWith('feedback:'));
    expect(feedback.length).toBeGreaterThan(0);
    for (const [, { angle, normRatio, reason }] of feedback) {
      expect({ angle, normRatio, reason }).toEqual({ angle: null, normRatio: null, reason: 'no gradient' });
    }
    expect(found['hidden2→output']?.angle).toBeLessThan(1e-4);
  },
);

test('a projection that the rule does not change is said not to change', () => {
  const found = alignmentOf(readout);
  expect(found['input→hidden1']).toEqual({ angle: null, normRatio: 0, reason: 'no change' });
  expect(found['hidden1→hidden2']?.reason).toBe('no change');
  expect(found['hidden2→output']?.angle).toBeLessThan(1e-4);
});

test('a gradient of zero is told from none', () => {
  // No signal leaves a silent hidden layer, so that the output's gradient is zero.
  const constant = defineRule({
    ...readout,
    id: 'constant',
    learn: (step) => {
      step.run('forward');
      for (const parameter of step.network.parameters) {
        const direction = step.compute.temporary(parameter.values.shape);
        step.compute.fill(direction, 1);
        step.emit(parameter, { kind: 'direction', direction });
      }
    },
  });
  const silent = smallStack({ layers: [UNITS, 4, CLASSES], activation: 'relu', bias: false });
  const [first, ...rest] = silent.projections;
  const specification: NetworkSpecification = {
    ...silent,
    projections: [{ ...first, from: 'input', to: 'hidden1', initialisation: { kind: 'zero' } }, ...rest],
  };
  const found = alignmentOf(constant, { specification });
  expect(found['hidden1→output']).toEqual({ angle: null, normRatio: null, reason: 'zero gradient' });
});

test('sparse projections are compared over the synapses that exist', () => {
  const found = alignmentOf(ruleById('backprop'), { specification: smallStack({ density: 0.5 }) });
  expect(Object.keys(found)).toEqual(['input→hidden1', 'hidden1→hidden2', 'hidden2→output']);
  for (const { angle, normRatio } of Object.values(found)) {
    expect(angle).toBeLessThan(1e-4);
    expect(normRatio).toBeCloseTo(1, 9);
  }
});

test('an estimate shows feedback without a gradient, and leaves it out of the whole', () => {
  const learner = learnerOf(compute, ruleById('learned-feedback'));
  const batch = clouds(compute, 0, 6);
  const rows = estimatorStatistics(compute, learner, batch, 20);
  learner.dispose();
  release(compute, batch);
  const row = (id: string) => rows.find(({ projection }) => projection === id);
  expect(row('feedback:output→hidden2')).toMatchObject({ angleDegrees: null, gradientPower: null });
  const forward = rows.filter(({ projection }) => /^(input|hidden\d)→/.test(projection));
  expect(forward).toHaveLength(3);
  expect(row('all')?.synapses).toBe(forward.reduce((sum, { synapses }) => sum + synapses, 0));
  expect(row('all')?.gradientPower).toBeCloseTo(
    forward.reduce((sum, { gradientPower }) => sum + (gradientPower ?? 0), 0),
    12,
  );
});
