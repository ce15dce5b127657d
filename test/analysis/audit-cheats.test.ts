import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../../src/analysis/index.ts';
import type { Audit } from '../../src/analysis/index.ts';
import { openBackend } from '../../src/backends/open.ts';
import { emitIncoming, feedforward } from '../../src/dynamics/index.ts';
import type { LearningStep, Phase } from '../../src/dynamics/index.ts';
import { defineRule, noOptions } from '../../src/learning/index.ts';
import type { Rule, StateDeclaration } from '../../src/learning/index.ts';
import { blackBox } from '../../src/network/index.ts';
import type { Area, Network, Projection } from '../../src/network/index.ts';
import type { Compute, Tensor } from '../../src/tensor/index.ts';
import { ruleById } from '../../src/rules/index.ts';
import { clouds, expectOwnGradient, learnerOf, release, smallStack } from '../rules/fixtures.ts';

/*
 * Rules that hide what they use: values read by loops, and weights kept from the last step.
 */

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const ruleOf = (
  learn: (step: LearningStep) => void,
  state?: (network: Network) => readonly StateDeclaration[],
): Rule =>
  defineRule({
    id: 'cheat',
    family: 'Tests',
    title: 'Cheat',
    summary: 'Hides what it uses.',
    equation: '',
    cites: [],
    options: noOptions,
    dynamics: feedforward,
    ...(state ? { learning: { state } } : {}),
    learn,
  });

function auditOf(rule: Rule): Audit {
  const learner = learnerOf(compute, rule);
  const batch = clouds(compute, 0, 4);
  const found = audit(compute, learner, batch);
  learner.dispose();
  release(compute, batch);
  return found;
}

const rowOf = ({ locality }: Audit, id: string) => locality.find(({ projection }) => projection === id);
const forwardFrom = (area: Area): Projection =>
  area.outgoing.find(({ kind }) => kind === 'forward') as Projection;

/** Descends with the errors that `sendDown` computes from the error of the area above. */
function descendBy(
  step: LearningStep,
  sendDown: (projection: Projection, above: Tensor, below: Tensor) => void,
  slope = (phase: Phase, area: Area, signal: Tensor) => phase.slope(area, signal),
): void {
  const phase = step.run('forward');
  const [objective] = step.network.objectives;
  if (!objective) return;
  let error = step.error(phase, objective);
  const areas = step.network.areas.filter((area) => area !== step.network.input).reverse();
  for (const area of areas) {
    if (area !== objective.area) {
      const below = step.like(area);
      sendDown(forwardFrom(area), error, below);
      error = slope(phase, area, below);
    }
    emitIncoming(step, phase, area, error, 1 / step.inputs.rows);
  }
}

/** below ← above · Wᵀ, number by number. */
function loop({ weights }: Projection, above: Tensor, below: Tensor): void {
  const [w, a, b] = [weights.data, above.data, below.data];
  for (let row = 0; row < below.rows; row++) {
    for (let i = 0; i < weights.rows; i++) {
      let sum = 0;
      for (let j = 0; j < weights.columns; j++) {
        sum += (a[row * weights.columns + j] as number) * (w[i * weights.columns + j] as number);
      }
      b[row * weights.rows + i] = sum;
    }
  }
}

describe('backpropagation by loops over values', () => {
  const rule = ruleOf((step) => descendBy(step, loop));

  test('is backpropagation', () => {
    const learner = learnerOf(compute, rule);
    const batch = clouds(compute, 0, 4);
    expectOwnGradient(compute, learner, batch, 1e-12);
    learner.dispose();
    release(compute, batch);
  });

  test('is shown to read weights and errors outside of operations', () => {
    const found = auditOf(rule);
    for (const id of ['input→hidden1', 'hidden1→hidden2']) {
      const row = rowOf(found, id);
      expect(row?.valuesRead).toEqual(
        expect.arrayContaining(['weights of hidden2→output', 'error of output']),
      );
      expect(row?.otherWeights).toContain('hidden2→output');
      expect(row?.signedError).toBe(true);
    }
    expect(rowOf(found, 'input→hidden1')?.valuesRead).toContain('weights of hidden1→hidden2');
  });

  test('is not marked before anything is read: the terms of the first step that came earlier', () => {
    const readsLate = ruleOf((step) => {
      const phase = step.run('forward');
      const [objective] = step.network.objectives;
      if (!objective) return;
      const error = step.error(phase, objective);
      emitIncoming(step, phase, objective.area, error, 1);
      if (step.step === 2) void error.toArray();
    });
    expect(rowOf(auditOf(readsLate), 'hidden2→output')?.valuesRead).toEqual([]);
  });

  test.each<[string, (tensor: Tensor) => unknown]>([
    ['data', (tensor) => tensor.data[0]],
    ['toArray', (tensor) => tensor.toArray()],
    ['data of a view', (tensor) => tensor.rowRange(1, 1).data],
  ])('is noticed by %s, and marks whatever is emitted later, as the factor of a term', (_, read) => {
    const found = auditOf(
      ruleOf((step) => {
        const phase = step.run('forward');
        read(phase.activity(step.network.area('hidden1')));
        emitIncoming(step, phase, step.network.area('hidden2'), phase.rate(step.network.area('hidden2')), 1);
      }),
    );
    expect(rowOf(found, 'hidden1→hidden2')?.valuesRead).toEqual(['activity of hidden1']);
  });

  test('is shown where weights are written without any term', () => {
    const found = auditOf(
      ruleOf((step) => {
        const phase = step.run('forward');
        const [objective] = step.network.objectives;
        if (!objective) return;
        const [first = 0] = step.error(phase, objective).data;
        const { data } = step.network.projection('input→hidden1').weights;
        data[0] = (data[0] as number) - first;
      }),
    );
    expect(found.locality.map(({ projection }) => projection)).toEqual(['input→hidden1']);
    expect(rowOf(found, 'input→hidden1')?.valuesRead).toContain('error of output');
  });

  test('is shown where operations write weights without any term', () => {
    const found = auditOf(
      ruleOf((step) => {
        const phase = step.run('forward');
        const { weights } = step.network.projection('hidden2→output');
        step.compute.matmul(
          weights,
          phase.activity(step.network.area('hidden2')),
          phase.activity(step.network.area('output')),
          {
            transposeA: true,
          },
        );
      }),
    );
    expect(rowOf(found, 'hidden2→output')?.sources).toEqual(['activity of hidden2', 'activity of output']);
  });

  test('is not suspected where constants are written, as a table or one number', () => {
    const found = auditOf(
      ruleOf((step) => {
        const phase = step.run('forward');
        const area = step.network.area('hidden1');
        const ones = step.like(area).set(Array.from({ length: step.inputs.rows * area.units }, () => 1));
        ones.data[0] = 2;
        emitIncoming(step, phase, area, ones, 1);
      }),
    );
    expect(rowOf(found, 'input→hidden1')?.valuesRead).toEqual([]);
  });
});

describe('the transposed weights of the last step, kept in a state', () => {
  const kept = ({ projections }: Network, shapeOf: (weights: Tensor) => readonly number[]) =>
    projections.map(({ id, weights }) => ({
      name: `kept ${id}`,
      shape: shapeOf(weights),
      scope: 'run' as const,
    }));
  const transposedShape = ({ rows, columns }: Tensor) => [columns, rows];
  const keepEach = (step: LearningStep, keep: (state: Tensor, weights: Tensor) => void) => {
    for (const { id, weights } of step.network.projections) keep(step.state(`kept ${id}`), weights);
  };

  test.each<[string, (network: Network) => readonly StateDeclaration[], (step: LearningStep) => void]>([
    [
      'by transposition',
      (network) => kept(network, transposedShape),
      (step) => {
        descendBy(step, ({ id }, above, below) =>
          step.compute.matmul(below, above, step.state(`kept ${id}`)),
        );
        keepEach(step, (state, weights) => step.compute.transpose(state, weights));
      },
    ],
    [
      'by a copy that is used transposed',
      (network) => kept(network, ({ shape }) => shape),
      (step) => {
        descendBy(step, ({ id }, above, below) =>
          step.compute.matmul(below, above, step.state(`kept ${id}`), { transposeB: true }),
        );
        keepEach(step, (state, weights) => step.compute.copy(state, weights));
      },
    ],
    [
      'by a running mean',
      (network) => kept(network, transposedShape),
      (step) => {
        descendBy(step, ({ id }, above, below) =>
          step.compute.matmul(below, above, step.state(`kept ${id}`)),
        );
        keepEach(step, (state, weights) => {
          const now = step.compute.temporary(state.shape);
          step.compute.transpose(now, weights);
          step.compute.combine(state, state, now, 0.9, 0.1);
        });
      },
    ],
  ])('%s is seen as transposed weights, and as what must be stored', (_, state, learn) => {
    const found = auditOf(ruleOf(learn, state));
    expect(rowOf(found, 'input→hidden1')?.transposedWeights.toSorted()).toEqual([
      'hidden1→hidden2',
      'hidden2→output',
    ]);
    expect(rowOf(found, 'hidden1→hidden2')?.transposedWeights).toEqual(['hidden2→output']);
    expect(rowOf(found, 'hidden2→output')?.transposedWeights).toEqual([]);
    expect(rowOf(found, 'hidden1→hidden2')?.stored).toEqual([
      { state: 'kept hidden2→output', numbers: 1, per: 'synapse', of: 'hidden2→output' },
    ]);
    expect(rowOf(found, 'input→hidden1')?.valuesRead).toEqual([]);
  });

  test('by loops is seen as values read outside of operations', () => {
    const found = auditOf(
      ruleOf(
        (step) => {
          descendBy(step, ({ id }, above, below) =>
            step.compute.matmul(below, above, step.state(`kept ${id}`)),
          );
          keepEach(step, (state, { data, rows, columns }) =>
            state.set(
              Array.from(
                { length: rows * columns },
                (_, k) => data[(k % rows) * columns + Math.floor(k / rows)] as number,
              ),
            ),
          );
        },
        (network) => kept(network, transposedShape),
      ),
    );
    expect(rowOf(found, 'input→hidden1')?.valuesRead).toEqual(
      expect.arrayContaining(['weights of hidden1→hidden2', 'weights of hidden2→output']),
    );
  });

  test('in a variable of the file is seen as values read outside of operations', () => {
    let remembered: number[] | undefined;
    const found = auditOf(
      ruleOf((step) => {
        const phase = step.run('forward');
        const area = step.network.area('hidden2');
        if (remembered) emitIncoming(step, phase, area, phase.rate(area), remembered[0] as number);
        remembered = step.network.projection('hidden2→output').weights.toArray();
      }),
    );
    expect(rowOf(found, 'hidden1→hidden2')?.valuesRead).toEqual(['weights of hidden2→output']);
  });
});

describe('an objective that declares to reach one layer', () => {
  const withReach = (learn: (step: LearningStep) => void) => {
    const rule = ruleOf(learn);
    const learner = learnerOf(compute, rule);
    for (const objective of learner.network.objectives) Object.assign(objective, { reach: 'layer' });
    const batch = clouds(compute, 0, 4);
    const { reachViolations } = audit(compute, learner, batch);
    learner.dispose();
    release(compute, batch);
    return reachViolations;
  };

  test('is believed where its error changes its own layer only', () => {
    const violations = withReach((step) => {
      const phase = step.run('forward');
      for (const objective of step.network.objectives) {
        emitIncoming(step, phase, objective.area, step.error(phase, objective), 1);
      }
    });
    expect(violations).toEqual([]);
  });

  test('is contradicted by every parameter below that its error reaches', () => {
    const violations = withReach((step) =>
      descendBy(step, (projection, above, below) => projection.sendBack(step.compute, below, above)),
    );
    expect(violations.toSorted()).toEqual([
      'objective of output → hidden1.bias',
      'objective of output → hidden1→hidden2',
      'objective of output → hidden2.bias',
      'objective of output → input→hidden1',
    ]);
  });

  test('is contradicted by a layer that receives its loss as one number', () => {
    const violations = withReach((step) => {
      const phase = step.run('forward');
      const area = step.network.area('hidden1');
      emitIncoming(step, phase, area, phase.rate(area), step.loss(phase));
    });
    expect(violations).toContain('objective of output → input→hidden1');
  });
});

describe('reads of the library that reach no synapse, or that the audit sees otherwise', () => {
  const readOf = (rule: Rule, setting: Parameters<typeof learnerOf>[2]) => {
    const learner = learnerOf(compute, rule, setting);
    const batch = clouds(compute, 0, 4);
    const { locality } = audit(compute, learner, batch);
    learner.dispose();
    release(compute, batch);
    expect(locality.length).toBeGreaterThan(0);
    return locality.map(({ valuesRead }) => valuesRead).flat();
  };

  test('a test of whether activity has settled', () => {
    const options = { tolerance: 0.5, freeSteps: 500, nudgedSteps: 500 };
    expect(readOf(ruleById('equilibrium-propagation'), { options })).toEqual([]);
  });

  test('a black box, whose loss is shown as a global scalar', () => {
    const loss = (output: ArrayLike<number>) => output[0] as number;
    const specification = smallStack({ objective: blackBox(loss) });
    expect(readOf(ruleById('node-perturbation'), { specification })).toEqual([]);
  });

  test('a metric', () => {
    const measuring: Rule = defineRule({
      ...ruleById('backprop'),
      id: 'measuring',
      report: { measures: () => ['size'] },
      learn: (step) => {
        step.measure('size', step.run('seen').rate(step.network.area('hidden1')));
        ruleById('backprop').learn(step);
      },
    });
    expect(readOf(measuring, {})).toEqual([]);
  });
});
