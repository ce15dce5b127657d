import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { ApicalError } from '../../../src/errors.ts';
import { blackBox, materialise, plainDescent, zeroOne } from '../../../src/network/index.ts';
import type { Area, BlackBox, StackOptions } from '../../../src/network/index.ts';
import { stream } from '../../../src/random/index.ts';
import { backpropagate } from '../../../src/dynamics/feedforward/feedforward.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Batch, Learner, Rule } from '../../../src/learning/index.ts';
import { emitIncoming } from '../../../src/dynamics/index.ts';
import type { LearningStep } from '../../../src/dynamics/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { clouds, gradientsOf, learnerOf, optimiser, release, smallStack, train, UNITS } from '../fixtures.ts';

/*
 * Rules that learn from a single scalar: their estimates, their noise, and losses that only they can learn from.
 */

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const small = (change: Partial<StackOptions> = {}, rule?: Rule) =>
  smallStack({ layers: [UNITS, 4, 3], ...change }, rule);

const learnerBy = (id: string, options: object = {}, change: Partial<StackOptions> = {}): Learner => {
  const rule = ruleById(id);
  return learnerOf(compute, rule, { specification: small(change, rule), options });
};

/** Returns all gradients that a step emits, concatenated. */
function gradientOf(
  learner: Learner,
  batch: Batch,
  step: number,
  learn?: (step: LearningStep) => void,
): number[] {
  const all: number[] = [];
  learner.estimate(
    batch,
    step,
    (terms) => {
      for (const parameter of learner.network.parameters) {
        const gradient = compute.temporary(parameter.values.shape);
        materialise(compute, parameter, gradient, terms.get(parameter) ?? []);
        all.push(...gradient.toArray());
      }
    },
    learn,
  );
  return all;
}

const inner = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? NaN), 0);
const difference = (a: readonly number[], b: readonly number[]) =>
  a.map((value, index) => value - (b[index] ?? NaN));
const square = (a: readonly number[]) => inner(a, a);
const relativeDistance = (a: readonly number[], b: readonly number[]) =>
  Math.sqrt(square(difference(a, b)) / square(b));

/** Returns the mean of the estimates from step `from` up to `to`, and the variance of one estimate, summed over synapses. */
function moments(learner: Learner, batch: Batch, from: number, to: number) {
  const count = to - from;
  let sum: number[] = [];
  let squares = 0;
  for (let step = from; step < to; step++) {
    const estimate = gradientOf(learner, batch, step);
    squares += square(estimate);
    sum = sum.length === 0 ? estimate : sum.map((value, index) => value + (estimate[index] ?? NaN));
  }
  const mean = sum.map((value) => value / count);
  return { mean, variance: (squares - count * square(mean)) / (count - 1) };
}

/** Returns δ of backpropagation by area id. */
function deltas(learner: Learner, batch: Batch): Map<string, number[]> {
  const all = new Map<string, number[]>();
  learner.estimate(
    batch,
    0,
    (terms) => {
      for (const area of learner.network.areas) {
        const [term] = (area.bias && terms.get(area.bias)) ?? [];
        if (term?.kind === 'outer') all.set(area.id, term.post.toArray());
      }
    },
    backpropagate,
  );
  return all;
}

describe.each<[string, object]>([
  ['weight-perturbation', { noise: 1e-5 }],
  ['weight-perturbation', { noise: 1e-2, twoSided: true }],
  ['node-perturbation', { noise: 1e-5 }],
  ['node-perturbation', { noise: 1e-3, baseline: 'mean', samples: 2 }],
  ['forward-gradient', { perturb: 'activity' }],
  ['forward-gradient', { perturb: 'weights' }],
  ['reinforce', { baseline: 'none', samples: 4 }],
  ['reinforce', { baseline: 'mean', baselineRate: 0.5 }],
  ['reinforce', { baseline: 'critic', samples: 2 }],
])('%s %o', (id, options) => {
  test('is unbiased, and the error of the mean falls as 1/√n', () => {
    const learner = learnerBy(id, options);
    train(compute, learner, 0, 3); // so that the state of the rule is not 0
    const batch = clouds(compute, 0, 3);
    const exact = gradientOf(learner, batch, 0, learner.rule.dynamics.reference?.(learner.network));
    const few = 60;
    const many = 3000;
    const { mean, variance } = moments(learner, batch, 0, many);
    // Without bias, ‖mean − exact‖² is variance/n on average.
    const standardised = square(difference(mean, exact)) / (variance / many);
    // (It scatters more for rules whose noise has few independent directions.)
    expect(standardised).toBeGreaterThan(0.25);
    expect(standardised).toBeLessThan(3.5);
    const errorOfFew =
      Array.from({ length: 20 }, (_, group) =>
        square(difference(moments(learner, batch, group * few, (group + 1) * few).mean, exact)),
      ).reduce((sum, value) => sum + value, 0) / 20;
    expect((errorOfFew * few) / variance).toBeGreaterThan(0.6);
    expect((errorOfFew * few) / variance).toBeLessThan(1.6);
    const cosine = inner(mean, exact) / Math.sqrt(square(mean) * square(exact));
    expect((Math.acos(cosine) * 180) / Math.PI).toBeLessThan(12);
    learner.dispose();
    release(compute, batch);
  });
});

test('node perturbation with little noise emits (δ · ξ) ξ / σ² for noise ξ', () => {
  const noise = 1e-6;
  const learner = learnerBy('node-perturbation', { noise });
  const size = 3;
  const step = 5;
  const batch = clouds(compute, 1, size);
  const exact = deltas(learner, batch);
  const jitters = new Map(
    [...exact].map(([id, delta]) => {
      const jitter = compute.allocate([size, delta.length / size]);
      compute.drawNormal(jitter, 0, noise, stream(1, `jitter ${id}`), step);
      return [id, jitter] as const;
    }),
  );
  const row = (values: readonly number[], example: number) => {
    const width = values.length / size;
    return values.slice(example * width, (example + 1) * width);
  };
  const along = Array.from({ length: size }, (_, example) =>
    [...exact].reduce(
      (sum, [id, delta]) => sum + inner(row(delta, example), row(jitters.get(id)?.toArray() ?? [], example)),
      0,
    ),
  );
  learner.estimate(batch, step, (terms) => {
    for (const area of learner.network.areas) {
      const [term] = (area.bias && terms.get(area.bias)) ?? [];
      if (area === learner.network.input) continue;
      if (term?.kind !== 'outer') throw new Error(`No product was emitted for ${area.id}.`);
      const factor = term.factor ?? 1;
      const actual = term.post.toArray().map((value) => value * factor);
      const jitter = jitters.get(area.id)?.toArray() ?? [];
      const expected = jitter.map(
        (value, index) =>
          (value * (along[Math.floor((index * size) / jitter.length)] ?? NaN)) / (noise * noise * size),
      );
      expect(relativeDistance(actual, expected)).toBeLessThan(1e-4);
    }
  });
  for (const jitter of jitters.values()) compute.free(jitter);
  learner.dispose();
  release(compute, batch);
});

describe('many samples in one update', () => {
  test('of weights equal the mean of as many updates with one sample each', () => {
    const options = { noise: 1e-3 };
    const batch = clouds(compute, 2, 3);
    const single = learnerBy('weight-perturbation', options);
    const repeated = learnerBy('weight-perturbation', { ...options, samples: 7 });
    const expected = moments(single, batch, 14, 21).mean;
    expect(relativeDistance(gradientOf(repeated, batch, 2), expected)).toBeLessThan(1e-12);
    for (const learner of [single, repeated]) learner.dispose();
    release(compute, batch);
  });

  test('of units equal one sample per example of a batch that repeats each example as often', () => {
    const samples = 5;
    const size = 3;
    const batch = clouds(compute, 2, size);
    const inputs = compute.allocate([size * samples, UNITS]);
    const targets = compute.allocate([size * samples], 'i32');
    const repeat = (values: number[]) => Array.from({ length: samples }, () => values).flat();
    inputs.set(repeat(batch.inputs.toArray()));
    targets.set(repeat(batch.targets.toArray()));
    const single = learnerBy('node-perturbation', { noise: 1e-3 });
    const repeated = learnerBy('node-perturbation', { noise: 1e-3, samples });
    const expected = gradientOf(single, { inputs, targets }, 3);
    expect(relativeDistance(gradientOf(repeated, batch, 3), expected)).toBeLessThan(1e-12);
    for (const learner of [single, repeated]) learner.dispose();
    for (const used of [batch, { inputs, targets }]) release(compute, used);
  });

  test('of units equal single passes, each with the jitter of its row', () => {
    const samples = 6;
    const noise = 1e-3;
    const batch = clouds(compute, 2, 1);
    const many = learnerBy('node-perturbation', { noise, samples });
    const singly = (step: LearningStep) => {
      const clean = step.run('clean');
      const [before = NaN] = step.losses(clean).toArray();
      for (let row = 0; row < samples; row++) {
        const jitters = step.network.areas.slice(1).map((area) => {
          const jitter = compute.temporary([1, area.units]);
          compute.drawNormal(jitter, 0, noise, step.stream(`jitter ${area.id}`), step.step, row);
          return jitter;
        });
        const jitterOf = (area: Area) => jitters[step.network.areas.indexOf(area) - 1];
        const [after = NaN] = step.losses(step.run('jittered', { drive: jitterOf })).toArray();
        const factor = (after - before) / (noise ** 2 * samples);
        for (const area of step.network.areas) {
          const post = jitterOf(area);
          if (post) emitIncoming(step, clean, area, post, factor);
        }
      }
    };
    expect(relativeDistance(gradientOf(many, batch, 3), gradientOf(many, batch, 3, singly))).toBeLessThan(
      1e-9,
    );
    many.dispose();
    release(compute, batch);
  });

  test.each(['reference', 'wasm'] as const)(
    'give the same numbers row by row as in one draw on %s',
    async (backend) => {
      const on = await openBackend({ backend });
      const all = on.allocate([12, 5]);
      const some = on.allocate([3, 5]);
      const source = stream(9, 'rows');
      on.drawNormal(all, 0, 0.1, source, 4);
      for (let first = 0; first < 12; first += 3) {
        on.drawNormal(some, 0, 0.1, source, 4, first);
        expect(some.toArray()).toEqual(all.rowRange(first, 3).toArray());
      }
      on.dispose();
    },
  );
});

describe('serial weight perturbation', () => {
  test('changes nothing if no synapse exists', () => {
    const specification = smallStack({ layers: [UNITS, 3], bias: false, density: 1e-9 });
    const learner = learnerOf(compute, ruleById('serial-weight-perturbation'), { specification });
    const batch = clouds(compute, 0);
    learner.learn(batch, 0, 0);
    expect(learner.network.projections[0]?.weights.toArray().every((weight) => weight === 0)).toBe(true);
    learner.dispose();
    release(compute, batch);
  });

  const tried = 200;

  test('measures the slope of every synapse that it tries', () => {
    const learner = learnerBy('serial-weight-perturbation', { synapses: tried, move: 1e-6 });
    const batch = clouds(compute, 3, 4);
    const exact = gradientOf(learner, batch, 0, backpropagate);
    const times = gradientOf(learner, batch, 0).map((value, index) => value / (exact[index] ?? NaN));
    for (const count of times) expect(Math.abs(count - Math.round(count))).toBeLessThan(0.01);
    expect(times.reduce((sum, count) => sum + Math.round(count), 0)).toBe(tried);
    learner.dispose();
    release(compute, batch);
  });

  test('uses only the sign of the slope when twiddling', () => {
    const learner = learnerBy('serial-weight-perturbation', {
      synapses: tried,
      move: 1e-6,
      change: 'twiddle',
    });
    const batch = clouds(compute, 3, 4);
    const exact = gradientOf(learner, batch, 0, backpropagate);
    const changes = gradientOf(learner, batch, 0);
    expect(changes.reduce((sum, change) => sum + Math.abs(change), 0)).toBe(tried);
    for (const [index, change] of changes.entries()) {
      if (change !== 0) expect(Math.sign(change)).toBe(Math.sign(exact[index] ?? NaN));
    }
    learner.dispose();
    release(compute, batch);
  });
});

/** Computes ½‖y − one-hot‖², as a user would write it. */
const ownLoss: BlackBox = (output, target) =>
  Array.from(output).reduce((sum, value, index) => sum + (value - Number(index === target)) ** 2 / 2, 0);

test('an area with a local loss follows the gradient of its readout, whatever lies above', () => {
  const rule = ruleById('node-perturbation');
  const options = { losses: 'local', noise: 1e-5, samples: 40_000 };
  const deep = learnerOf(compute, rule, { specification: smallStack({ layers: [UNITS, 4, 3, 3] }), options });
  const batch = clouds(compute, 0, 3);
  const learned = gradientsOf(compute, deep, batch);
  // The same area with nothing but the readout above it: initial weights depend only on the id of the projection.
  const shallow = learnerOf(compute, ruleById('backprop'), {
    specification: {
      ...smallStack({ layers: [UNITS, 4, 3] }),
      areas: [
        { id: 'input', shape: [UNITS] },
        { id: 'hidden1', shape: [4], activation: 'tanh' },
        { id: 'hidden1 readout', shape: [3] },
      ],
      projections: [
        { from: 'input', to: 'hidden1' },
        { from: 'hidden1', to: 'hidden1 readout' },
      ],
      objectives: [{ area: 'hidden1 readout', kind: 'cross-entropy' }],
    },
  });
  const own = gradientsOf(compute, shallow, batch);
  expect([...own.keys()]).toEqual(expect.arrayContaining(['input→hidden1', 'hidden1.bias']));
  // The noise of 40 000 samples leaves about 5 %; with the losses of all areas together the error would be near 100 %.
  const [mine, theirs] = [learned, own].map((gradients) =>
    [...own.keys()].flatMap((id) => gradients.get(id) ?? []),
  );
  expect(relativeDistance(mine ?? [], theirs ?? [])).toBeLessThan(0.12);
  deep.dispose();
  shallow.dispose();
  release(compute, batch);
});

test('a baseline reduces the noise of REINFORCE, and a critic that knows the examples reduces it further', () => {
  const varianceWith = (baseline: string) => {
    const rule = ruleById('reinforce');
    const learner = learnerOf(compute, rule, {
      specification: small({ objective: 'squared-error' }, rule),
      optimiser: plainDescent(0), // only the baseline learns
      options: { baseline },
    });
    const batch = clouds(compute, 0, 6);
    // Targets whose magnitude depends on the class, so that the expected loss depends on the example.
    const targets = compute
      .allocate([6, 3])
      .set(Array.from({ length: 18 }, (_, index) => (index % 3) * (Math.floor(index / 3) % 3)));
    for (let step = 0; step < 600; step++) learner.learn({ ...batch, targets }, step, 0);
    const { variance } = moments(learner, { ...batch, targets }, 0, 1500);
    learner.dispose();
    release(compute, batch);
    compute.free(targets);
    return variance;
  };
  const [none, mean, critic] = ['none', 'mean', 'critic'].map(varianceWith);
  expect(mean).toBeLessThan((none ?? NaN) / 1.5);
  expect(critic).toBeLessThan((mean ?? NaN) / 1.5);
});

describe('an objective without a derivative', () => {
  const wrongOf = (learner: Learner): number => {
    const unseen = clouds(compute, 1000, 60);
    learner.resetTally();
    learner.evaluate(unseen);
    release(compute, unseen);
    return learner.tally().wrong;
  };

  test.each<[string, string, object, StackOptions['objective'], number]>([
    ['node-perturbation', 'zero-one', { noise: 0.5, samples: 40, baseline: 'mean' }, 'zero-one', 200],
    ['weight-perturbation', 'zero-one', { noise: 0.2, samples: 40 }, 'zero-one', 200],
    ['node-perturbation', 'a black box', { samples: 20 }, blackBox(ownLoss), 60],
    ['weight-perturbation', 'a black box', { samples: 40 }, blackBox(ownLoss), 60],
    ['serial-weight-perturbation', 'a black box', { synapses: 60 }, blackBox(ownLoss), 60],
    ['reinforce', 'zero-one', { samples: 20 }, 'zero-one', 200],
    ['reinforce', 'a black box', { samples: 20 }, blackBox(ownLoss), 200],
  ])('%s learns on %s', (id, _, options, objective, steps) => {
    const rule = ruleById(id);
    const learner = learnerOf(compute, rule, {
      specification: small({ objective }, rule),
      optimiser: optimiser({ rate: 0.03 }),
      options,
    });
    const before = wrongOf(learner);
    train(compute, learner, 0, steps);
    expect(before).toBeGreaterThan(15);
    expect(wrongOf(learner)).toBeLessThanOrEqual(3);
    learner.dispose();
  });

  test.each([zeroOne, blackBox(ownLoss)])('$name is refused by rules that need a derivative', (objective) => {
    for (const id of ['backprop', 'feedback-alignment', 'forward-gradient']) {
      const learner = learnerBy(id, {}, { objective });
      const batch = clouds(compute, 0);
      expect(codeOf(() => learner.learn(batch, 0, 0))).toBe('objective.no-derivative');
      learner.dispose();
      release(compute, batch);
    }
  });

  test.each<[string, BlackBox]>([
    [
      'threw "no such thing"',
      () => {
        throw new Error('no such thing');
      },
    ],
    ['returned NaN', () => NaN],
    ['returned Infinity', () => Infinity],
    ['returned the text "much"', () => 'much' as unknown as number],
    ['returned nothing', () => undefined as unknown as number],
  ])('that %s is refused, and the error names the example', (failure, fail) => {
    let calls = 0;
    const loss: BlackBox = (...args) => (++calls === 3 ? fail(...args) : 1);
    const learner = learnerBy('node-perturbation', {}, { objective: blackBox(loss) });
    const batch = clouds(compute, 0);
    const learn = () => learner.learn(batch, 0, 0);
    expect(learn).toThrow(`The black-box objective of area "output" ${failure} for example 2 of the batch`);
    calls = 0;
    expect(codeOf(learn)).toBe('objective.black-box');
    learner.dispose();
    release(compute, batch);
  });

  test('is refused by the name of the example, also for a copy', () => {
    const batch = { ...clouds(compute, 0), nameOf: (row: number) => `number ${row}` };
    const copy = batch.inputs.rows + 3;
    let calls = 0;
    const loss: BlackBox = () => (calls++ === copy ? NaN : 1);
    const learner = learnerBy('node-perturbation', { samples: 2 }, { objective: blackBox(loss) });
    expect(() => learner.learn(batch, 0, 0)).toThrow('returned NaN for number 3: it must');
    learner.dispose();
    release(compute, batch);
  });
});

function codeOf(body: () => void): string | undefined {
  try {
    body();
  } catch (error) {
    if (error instanceof ApicalError) return error.code;
    throw error;
  }
  return undefined;
}
