import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { backpropagateInTime, backpropagateInTimeBy, recurrent } from '../../../src/dynamics/index.ts';
import type { RecurrentOptions } from '../../../src/dynamics/index.ts';
import { defineRule, Learner, noOptions } from '../../../src/learning/index.ts';
import type { Batch } from '../../../src/learning/index.ts';
import { Network, plainDescent, stack } from '../../../src/network/index.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { Sequence, stream } from '../../../src/random/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { expectExactGradient } from '../finite-differences.ts';
import type { BatchOf } from '../finite-differences.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const STEPS = 6;
const BATCH = 3;

/** A stack whose hidden areas feed back on themselves. */
const recurrentStack = (
  hidden: readonly number[],
  change: Partial<NetworkSpecification> = {},
): NetworkSpecification => {
  const base = stack({ layers: [4, ...hidden, 3], activation: 'tanh', objective: 'cross-entropy' });
  const lateral = hidden.map((_, layer) => ({
    from: `hidden${layer + 1}`,
    to: `hidden${layer + 1}`,
    kind: 'lateral' as const,
  }));
  return { ...base, projections: [...base.projections, ...lateral], ...change };
};

/** Sequences of STEPS steps with targets at some of them. */
const sequences =
  (due?: readonly number[]): BatchOf =>
  (on, { network }, draws) => {
    const rows = STEPS * BATCH;
    const inputs = on.temporary([rows, network.input.units]);
    inputs.set(Array.from({ length: inputs.size }, () => draws.normal()));
    const targets = on.temporary([rows], 'i32').set(Array.from({ length: rows }, () => draws.below(3)));
    const mask = Array.from({ length: rows }, (_, row) =>
      (due?.includes(Math.floor(row / BATCH)) ?? true) ? 1 : 0,
    );
    return {
      inputs,
      targets,
      time: {
        steps: STEPS,
        count: mask.reduce<number>((sum, value) => sum + value, 0),
        continues: false,
        first: 0,
        ...(due ? { due: on.temporary([rows]).set(mask) } : {}),
      },
    };
  };

const exact = { dynamics: recurrent, reference: backpropagateInTime, smooth: 2e-3, most: 1e-9 } as const;

describe('backpropagation through time equals finite differences to 1e-9', () => {
  test.each([[[5]], [[5, 4]]])('hidden areas of %j units, targets at every step', (hidden) => {
    expectExactGradient(compute, recurrentStack(hidden), 1, true, { ...exact, batchOf: sequences() });
  });

  test('targets at the last step, and at some', () => {
    for (const due of [[STEPS - 1], [1, 4]]) {
      expectExactGradient(compute, recurrentStack([5]), 2, true, { ...exact, batchOf: sequences(due) });
    }
  });

  test.each([0.3, 0.9])('leaky units, α = %d', (leak) => {
    const leaky: typeof recurrent = {
      ...recurrent,
      id: 'leaky',
      run: (setting, name, options: RecurrentOptions) => recurrent.run(setting, name, { leak, ...options }),
    };
    const reference = backpropagateInTimeBy(leaky);
    expectExactGradient(compute, recurrentStack([5]), 3, true, {
      ...exact,
      dynamics: leaky,
      reference,
      batchOf: sequences([2, 5]),
    });
  });

  test('delays, fixed and drawn for each unit', () => {
    const base = recurrentStack([5]);
    const delays = [{ minimum: 0, maximum: 2 }, 1, { minimum: 1, maximum: 4 }];
    const projections = base.projections.map((projection, index) => ({
      ...projection,
      delay: delays[index] as number | { minimum: number; maximum: number },
    }));
    expectExactGradient(compute, { ...base, projections }, 4, true, { ...exact, batchOf: sequences() });
  });

  test('dropout, a skip connection, and feedback from the output by a lateral projection', () => {
    const base = recurrentStack([5, 4]);
    const specification = {
      ...base,
      areas: base.areas.map((area) => ({ ...area, dropout: area.id === 'output' ? 0 : 0.3 })),
      projections: [
        ...base.projections,
        { from: 'input', to: 'output' },
        { from: 'output', to: 'hidden1', kind: 'lateral' as const, delay: 2 },
      ],
    };
    expectExactGradient(compute, specification, 5, true, { ...exact, batchOf: sequences() });
  });
});

/** A rule that only runs, and copies the outputs of a phase. */
function runner(outputs: number[][], options: RecurrentOptions = {}) {
  return defineRule({
    id: 'runner',
    family: 'Test',
    title: 'Runner',
    summary: '',
    equation: '',
    cites: [],
    options: noOptions,
    dynamics: recurrent,
    learn(step) {
      const phase = step.run('forward', options);
      outputs.push(phase.rate(step.network.area('output')).toArray());
    },
  });
}

const learnerOf = (specification: NetworkSpecification, rule: ReturnType<typeof runner>, streams?: number) =>
  new Learner(compute, {
    specification,
    rule,
    options: {},
    optimiserOf: () => plainDescent(0.1),
    seed: 1,
    epochs: 1,
    ...(streams === undefined ? {} : { streams }),
  });

/** Steps `first` to `first + steps − 1` of a stream with BATCH rows. */
function window(first: number, steps: number, values: readonly number[], rows = BATCH): Batch {
  const units = 4;
  const part = values.slice(first * rows * units, (first + steps) * rows * units);
  return {
    inputs: compute.temporary([steps * rows, units]).set(part),
    targets: compute.temporary([steps * rows], 'i32').set(part.slice(0, steps * rows).map(() => 0)),
    time: { steps, count: steps * rows, continues: first > 0, first },
  };
}

const values = (steps: number): number[] => {
  const draws = new Sequence(stream(3, 'values'));
  return Array.from({ length: steps * BATCH * 4 }, () => draws.normal());
};

test('a stream in windows gives the outputs of the whole, also with delays longer than a window', () => {
  const base = recurrentStack([5]);
  const projections = base.projections.map((projection) =>
    projection.kind === 'lateral'
      ? { ...projection, delay: { minimum: 1, maximum: 4 } }
      : { ...projection, delay: 3 },
  );
  const specification = { ...base, projections };
  const [whole, parts]: [number[][], number[][]] = [[], []];
  const given = values(12);
  const once = learnerOf(specification, runner(whole), BATCH);
  compute.scope(() => once.learn(window(0, 12, given), 0, 0));
  const pieces = learnerOf(specification, runner(parts), BATCH);
  for (const [index, first] of [0, 2, 4, 6, 8, 10].entries()) {
    compute.scope(() => pieces.learn(window(first, 2, given), index, 0));
  }
  expect(parts.flat()).toEqual(whole.flat());
});

test('with and without a history, activity is the same, and each step can be seen', () => {
  const specification = recurrentStack([5]);
  const given = values(6);
  const [kept, live]: [number[][], number[][]] = [[], []];
  const seen: number[] = [];
  for (const [outputs, options] of [
    [kept, { history: true }],
    [live, { each: ({ time }: { time: number }) => void seen.push(time) }],
  ] as const) {
    const learner = learnerOf(specification, runner(outputs, options));
    compute.scope(() => learner.learn(window(0, 6, given), 0, 0));
  }
  expect(live).toEqual(kept);
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
});

test('an estimate changes nothing that a stream carries', () => {
  const specification = recurrentStack([5]);
  const given = values(4);
  const outputs: number[][] = [];
  const learner = learnerOf(specification, runner(outputs), BATCH);
  compute.scope(() => learner.learn(window(0, 2, given), 0, 0));
  const before = [...learner.tensors()].map(([name, tensor]) => [name, tensor.toArray()]);
  compute.scope(() => learner.estimate(window(2, 2, given), 1, () => undefined, backpropagateInTime));
  expect([...learner.tensors()].map(([name, tensor]) => [name, tensor.toArray()])).toEqual(before);
});

test('a stream goes on only with as many streams as it began with', () => {
  const learner = learnerOf(recurrentStack([5]), runner([]), BATCH);
  const given = values(12);
  compute.scope(() => learner.learn(window(0, 2, given), 0, 0));
  compute.scope(() => {
    expect(() => learner.learn(window(2, 2, given, 2), 1, 0)).toThrow(
      'The state is that of 3 streams, but the batch has 2.',
    );
  });
});

test('impossible delays are refused by name', () => {
  const base = recurrentStack([5]);
  const made = (delay: number | { minimum: number; maximum: number }) => () =>
    new Network(
      compute,
      {
        ...base,
        projections: base.projections.map((each) => (each.kind === 'lateral' ? { ...each, delay } : each)),
      },
      1,
    );
  expect(made(0)).toThrow('Projection "lateral:hidden1→hidden1" has a delay of 0 in a cycle of areas');
  expect(made({ minimum: 3, maximum: 1 })).toThrow(
    'has the delay 3 to 1, but a delay is a whole number of steps',
  );
  expect(made(1.5)).toThrow('has the delay 1.5');
});
