import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import {
  backpropagate,
  randomCrop,
  descend,
  feedforward,
  randomFlip,
  gaussianNoise,
  randomShift,
} from '../../../src/dynamics/index.ts';
import type { LearningStep, View } from '../../../src/dynamics/index.ts';
import { audit } from '../../../src/analysis/index.ts';
import { defineRule, Learner, noOptions, parseOptions } from '../../../src/learning/index.ts';
import type { Batch, Rule } from '../../../src/learning/index.ts';
import { defineLoss, Network, plainDescent, stack } from '../../../src/network/index.ts';
import type { Loss, NetworkSpecification, ObjectiveSpecification } from '../../../src/network/index.ts';
import type { Compute, Tensor } from '../../../src/tensor/index.ts';
import contrastiveCrops, { contrastive } from '../../../examples/open-core/contrastive-crops.ts';
import { expectExactGradient } from '../../dynamics/finite-differences.ts';
import { gradientsOf, smallStack, UNITS, clouds, release } from '../../rules/fixtures.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const withObjectives = (objectives: readonly ObjectiveSpecification[]): NetworkSpecification => ({
  ...smallStack(),
  objectives: [...smallStack().objectives, ...objectives],
});

const runner = (learn: (step: LearningStep) => void): Rule =>
  defineRule({
    id: 'runner',
    family: 'Test',
    title: 'Runner',
    summary: '',
    equation: '',
    cites: [],
    options: noOptions,
    dynamics: feedforward,
    learn,
  });

const learnerOf = (
  specification: NetworkSpecification,
  learn: (step: LearningStep) => void = backpropagate,
) =>
  new Learner(compute, {
    specification,
    rule: runner(learn),
    options: {},
    optimiserOf: () => plainDescent(0.1),
    seed: 1,
    epochs: 1,
  });

/** Runs `look` in a step on clouds of points. */
function inStep(
  specification: NetworkSpecification,
  look: (step: LearningStep) => void,
  change: Partial<Batch> = {},
): void {
  const learner = learnerOf(specification, look);
  const batch = clouds(compute, 0);
  try {
    learner.learn({ ...batch, ...change }, 0, 0);
  } finally {
    release(compute, batch);
    learner.dispose();
  }
}

/** Backpropagation on two noisy views of each example. */
const onViews = (step: LearningStep): void => {
  const views = [0, 1].map((draw) => step.view(gaussianNoise({ deviation: 0.5 }), draw));
  const pair = { ...step.stacked(views), emit: step.emit };
  descend(pair, pair.run('pair'), (projection, above, below, beta) =>
    projection.sendBack(pair.compute, below, above, beta),
  );
};

/** The mean distance of a unit's activity from the mean over the batch, which depends on every row. */
const spread: Loss = defineLoss({
  name: 'spread',
  target: 'none',
  losses({ compute: on, output }) {
    const [mean, centred, losses] = [
      on.temporary([output.columns]),
      on.temporary(output.shape),
      on.temporary([output.rows]),
    ];
    on.sumRows(mean, output, 1 / output.rows, 0);
    on.addRow(centred, output, mean, -1);
    on.dotRows(losses, centred, centred);
    return losses;
  },
  error({ compute: on, output }) {
    const [mean, error] = [on.temporary([output.columns]), on.temporary(output.shape)];
    on.sumRows(mean, output, 1 / output.rows, 0);
    on.addRow(error, output, mean, -1);
    on.scale(error, error, 2);
    return error;
  },
});

describe('the exact gradient equals finite differences', () => {
  test('of a loss over the batch at a hidden area, beside that of the output', () => {
    const specification = withObjectives([{ area: 'hidden1', kind: spread }]);
    expectExactGradient(compute, specification, 1);
  });

  test('of two objectives at one area, and one that reconstructs the example', () => {
    const base = withObjectives([{ area: 'output', kind: spread }]);
    const specification = {
      ...base,
      areas: [...base.areas, { id: 'reconstruction', shape: [UNITS] }],
      projections: [...base.projections, { from: 'hidden2', to: 'reconstruction' }],
      objectives: [
        ...base.objectives,
        { area: 'reconstruction', kind: 'squared-error' as const, target: 'inputs' },
      ],
    };
    expectExactGradient(compute, specification, 2);
  });

  test.each([0.2, 1])('of the contrastive loss between two views at a hidden area, τ = %d', (temperature) => {
    const specification = {
      ...smallStack(),
      objectives: [{ area: 'hidden1', kind: contrastive(temperature) }],
    };
    const projections = specification.projections.filter(({ to }) => to === 'hidden1');
    expectExactGradient(
      compute,
      { ...specification, projections, areas: specification.areas.slice(0, 2) },
      3,
      true,
      { dynamics: feedforward, reference: onViews, smooth: 2e-3, most: 1e-9 },
    );
  });
});

describe('the reach of an objective', () => {
  const gradients = (objectives: readonly ObjectiveSpecification[]) => {
    const learner = learnerOf({ ...smallStack(), objectives });
    const batch = clouds(compute, 0);
    const found = gradientsOf(compute, learner, batch);
    release(compute, batch);
    learner.dispose();
    return found;
  };
  const output = { area: 'output', kind: 'cross-entropy' } as const;
  const local = { area: 'hidden2', kind: spread, reach: 'layer' } as const;

  test('"layer" teaches the synapses onto its area alone', () => {
    const [without, within, through] = [
      gradients([output]),
      gradients([output, local]),
      gradients([output, { ...local, reach: 'network' }]),
    ];
    expect(within.get('input→hidden1')).toEqual(without.get('input→hidden1'));
    expect(within.get('hidden1→hidden2')).not.toEqual(without.get('hidden1→hidden2'));
    const differences = (within.get('hidden1→hidden2') ?? []).map((value, index) =>
      Math.abs(value - (through.get('hidden1→hidden2')?.[index] ?? NaN)),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-14);
    expect(through.get('input→hidden1')).not.toEqual(without.get('input→hidden1'));
  });

  test('is verified by the audit', () => {
    const violationsOf = (learn: (step: LearningStep) => void) => {
      const learner = learnerOf({ ...smallStack(), objectives: [local] }, learn);
      const batch = clouds(compute, 0);
      try {
        return compute.scope(() => audit(compute, learner, batch).reachViolations);
      } finally {
        release(compute, batch);
        learner.dispose();
      }
    };
    expect(violationsOf(backpropagate)).toEqual([]);
    const further = violationsOf((step) => {
      const phase = step.run('forward');
      const [objective] = step.network.objectives;
      const [below, area] = [step.network.area('hidden1'), step.network.area('hidden2')];
      if (!objective) return;
      const error = phase.slope(area, step.error(phase, objective));
      const sent = step.like(below);
      step.network.projection('hidden1→hidden2').sendBack(step.compute, sent, error);
      step.emit(step.network.projection('input→hidden1'), {
        kind: 'outer',
        pre: phase.activity(step.network.input),
        post: phase.slope(below, sent),
      });
    });
    expect(further).toHaveLength(1);
    expect(further[0]).toContain('input→hidden1');
  });
});

test('an area may be compared with the activity of another, which stays constant', () => {
  const specification = withObjectives([
    { id: 'agreement', area: 'hidden1', kind: 'squared-error', target: { area: 'twin' } },
  ]);
  const twin = {
    ...specification,
    areas: [...specification.areas, { id: 'twin', shape: [9], activation: 'tanh' as const }],
    projections: [...specification.projections, { from: 'input', to: 'twin' }],
  };
  inStep(twin, (step) => {
    const phase = step.run('forward');
    const agreement = step.network.objectives.find(({ id }) => id === 'agreement');
    if (!agreement) throw new Error('no agreement');
    const [own, other] = [phase.rate(step.network.area('hidden1')), phase.rate(step.network.area('twin'))];
    const expected = own.toArray().map((value, index) => value - (other.toArray()[index] ?? NaN));
    expect(step.error(phase, agreement).toArray()).toEqual(expected);
    expect(step.target(agreement, phase).toArray()).toEqual(other.toArray());
    expect(() => step.target(agreement)).toThrow('so its target depends on a phase');
  });
});

test('several objectives use the named targets of a batch, and the tally counts those of the run', () => {
  const specification = withObjectives([
    { area: 'output', kind: 'squared-error', target: 'position', auxiliary: true },
  ]);
  const position = compute.allocate([12, 3]);
  inStep(specification, (step) => backpropagate(step), { named: { position } });
  expect(() => inStep(specification, backpropagate)).toThrow(
    'The objective "output:squared-error" needs the target "position", which the batch lacks. The batch has "target", "inputs".',
  );
  compute.free(position);
});

describe('wrong losses are refused by name', () => {
  const hidden = (loss: Partial<Loss>) =>
    withObjectives([{ area: 'hidden1', kind: defineLoss({ name: 'odd', target: 'none', ...loss }) }]);

  test('an error or losses of another shape', () => {
    const error = ({ compute: on, output }: { compute: Compute; output: Tensor }) =>
      on.temporary([output.rows, 3]);
    expect(() => inStep(hidden({ error }), backpropagate)).toThrow(
      'The loss "odd" of objective "hidden1" returned error of shape (12, 3), but the shape must be (12, 9)',
    );
    const losses = ({ compute: on }: { compute: Compute }) => on.temporary([1]);
    expect(() => inStep(hidden({ losses }), (step) => void step.losses(step.run('forward')))).toThrow(
      'returned losses of shape (1), but the shape must be (12): one number per example',
    );
  });

  test('labels where the batch has values, and values of another number', () => {
    const specification = {
      ...smallStack(),
      objectives: [{ area: 'output', kind: 'cross-entropy' as const }],
    };
    const values = compute.allocate([12, 4]);
    expect(() => inStep(specification, backpropagate, { targets: values })).toThrow(
      'The objective "output" (cross-entropy) needs class labels, but the target "target" holds values.',
    );
    const squared = { ...specification, objectives: [{ area: 'output', kind: 'squared-error' as const }] };
    expect(() => inStep(squared, backpropagate, { targets: values })).toThrow(
      'needs a target of 3 values per example, but it has 4',
    );
    compute.free(values);
  });

  test('unknown and incomplete losses, and two objectives of one name', () => {
    const made = (objectives: unknown) => () =>
      new Network(compute, { ...smallStack(), objectives } as NetworkSpecification, 1);
    expect(made([{ area: 'output', kind: 'cross-entrophy' }])).toThrow('Did you mean "cross-entropy"?');
    expect(
      made([
        { area: 'output', kind: 'zero-one' },
        { id: 'output', area: 'hidden1', kind: spread },
      ]),
    ).toThrow('Two objectives have the id "output"');
    expect(() => defineLoss({ name: 'mine', target: 'numbers' } as unknown as Loss)).toThrow(
      'A loss "mine" has the target "numbers", but it must be labels, values, any, none.',
    );
    expect(() => defineLoss({ name: 'mine', target: 'none', error: 1 } as unknown as Loss)).toThrow(
      'has a "error" that is no function',
    );
  });
});

describe('several input areas', () => {
  const base = smallStack();
  const twoParts: NetworkSpecification = {
    ...base,
    areas: [
      { id: 'left', shape: [4], part: { first: 0 } },
      { id: 'right', shape: [4], part: { first: 2 } },
      ...base.areas.slice(1),
    ],
    projections: [
      { from: 'left', to: 'hidden1' },
      { from: 'right', to: 'hidden1' },
      ...base.projections.slice(1),
    ],
    input: 'left',
  };

  test('receive their parts of each example, and can be given others', () => {
    inStep(twoParts, (step) => {
      const rows = step.inputs.toArray();
      const phase = step.run('forward');
      const part = (first: number) =>
        Array.from({ length: step.batch }, (_, row) =>
          rows.slice(row * UNITS + first, row * UNITS + first + 4),
        ).flat();
      expect(phase.activity(step.network.area('left')).toArray()).toEqual(part(0));
      expect(phase.activity(step.network.area('right')).toArray()).toEqual(part(2));
      const right = step.like(step.network.area('right'));
      compute.fill(right, 0.5);
      const other = step.run('other', { inputs: { right } });
      expect(
        other
          .activity(step.network.area('right'))
          .toArray()
          .every((value) => value === 0.5),
      ).toBe(true);
      expect(other.activity(step.network.area('left')).toArray()).toEqual(part(0));
      expect(() => step.run('bad', { inputs: { hidden1: right } })).toThrow(
        'presents inputs to "hidden1", which is no input area. The input areas are "left", "right".',
      );
      const narrow = compute.temporary([step.batch, 3]);
      expect(() => step.run('bad', { inputs: { right: narrow } })).toThrow(
        'of shape (12, 3), but area "right" has (12, 4)',
      );
    });
  });

  test('have exact gradients', () => {
    // The finite-difference suite draws as many values as the first input area has units.
    const whole = {
      ...twoParts,
      areas: twoParts.areas.map((area) => (area.id === 'right' ? { ...area, part: { first: 0 } } : area)),
    };
    expectExactGradient(compute, whole, 4);
  });

  test('a part that an example lacks is refused', () => {
    const far = {
      ...twoParts,
      areas: twoParts.areas.map((area) => (area.id === 'right' ? { ...area, part: { first: 4 } } : area)),
    };
    expect(() => inStep(far, backpropagate)).toThrow(
      'Area "right" receives value 7 of an example (counted from 0), but an example has 6 values.',
    );
    const made = (part: object) => () =>
      new Network(
        compute,
        { ...twoParts, areas: [{ id: 'left', shape: [2, 2], part } as never, ...twoParts.areas.slice(1)] },
        1,
      );
    expect(made({ picture: [3, 3], top: 2, left: 0 })).toThrow('which is not within pictures of 3 × 3');
    expect(made({ first: -1 })).toThrow('must be a whole number from 0');
  });
});

describe('views', () => {
  const pictures = { ...smallStack(), exampleShape: [2, 3] };
  const viewsOf = (view: View, change: Partial<Batch> = {}, draw = 0, step = 0): number[][] => {
    const found: number[][] = [];
    const learner = learnerOf(pictures, (at) => {
      const made = at.view(view, draw);
      for (let row = 0; row < made.rows; row++) found.push(made.rowRange(row, 1).toArray());
    });
    const batch = clouds(compute, 0);
    learner.learn({ ...batch, ...change }, step, 0);
    release(compute, batch);
    learner.dispose();
    return found;
  };
  const numbered = (numbers: readonly number[]) => compute.allocate([numbers.length], 'i32').set(numbers);

  test.each([
    gaussianNoise({ deviation: 1 }),
    randomShift({ by: 1 }),
    randomFlip(),
    randomCrop({ height: 1, width: 2 }),
  ])('$name is a function of the seed, the step, the example and the draw', (view) => {
    const order = Array.from({ length: 12 }, (_, row) => row);
    const first = viewsOf(view, { examples: numbered(order) });
    expect(viewsOf(view, { examples: numbered(order) })).toEqual(first);
    expect(viewsOf(view, { examples: numbered(order) }, 1)).not.toEqual(first);
    expect(viewsOf(view, { examples: numbered(order) }, 0, 1)).not.toEqual(first);
    // The same example in another row has the same view: here rows 0 and 3 change places.
    const [inputs, swapped] = [clouds(compute, 0), [3, 1, 2, 0, ...order.slice(4)]];
    const moved = compute.allocate([12, UNITS]);
    compute.gatherRows(moved, inputs.inputs, numbered(swapped), 1);
    const again = viewsOf(view, { inputs: moved, examples: numbered(swapped) });
    expect(again[0]).toEqual(first[3]);
    expect(again[3]).toEqual(first[0]);
  });

  test('a crop is a window of the picture, and one that is too large is refused', () => {
    const rows = clouds(compute, 0).inputs.toArray();
    for (const [row, values] of viewsOf(randomCrop({ height: 2, width: 2 })).entries()) {
      const picture = rows.slice(row * 6, row * 6 + 6);
      const windows = [0, 1].map((left) => [0, 1, 3, 4].map((pixel) => picture[pixel + left]));
      expect(windows).toContainEqual(values);
    }
    expect(() => viewsOf(randomCrop({ height: 3, width: 2 }))).toThrow(
      'A crop of 3 × 2 does not fit into pictures of 2 × 3.',
    );
  });
});

test('contrastive crops, layer by layer: no label, no transposed weights, no error beyond its layer', () => {
  const specification = {
    ...stack({ layers: [36, 12, 8, 3], activation: 'tanh', objective: 'cross-entropy' }),
    exampleShape: [6, 6],
  };
  const rule = contrastiveCrops as unknown as Rule;
  const learner = new Learner(compute, {
    specification,
    rule,
    options: parseOptions(rule, { size: 4 }),
    optimiserOf: () => plainDescent(0.5),
    seed: 1,
    epochs: 1,
  });
  const [inputs, targets] = [compute.allocate([16, 36]), compute.allocate([16], 'i32')];
  // Picture n has a bright quadrant for every bit of n.
  inputs.set(
    Array.from({ length: inputs.size }, (_, index) => {
      const [picture, pixel] = [Math.floor(index / 36), index % 36];
      const quadrant = 2 * Math.floor(pixel / 18) + Math.floor((pixel % 6) / 3);
      return (picture >> quadrant) & 1;
    }),
  );
  const lossAt = (step: number) => {
    learner.resetTally();
    learner.learn({ inputs, targets }, step, 0);
    const sums = Object.values(learner.tally().measures);
    return sums.reduce((total, [sum, rows]) => total + sum / rows, 0);
  };
  const before = lossAt(0);
  for (let step = 1; step < 60; step++) lossAt(step);
  expect(lossAt(60)).toBeLessThan(0.9 * before);
  const { locality, reachViolations } = compute.scope(() => audit(compute, learner, { inputs, targets }));
  expect(reachViolations).toEqual([]);
  for (const { transposedWeights, target, valuesRead } of locality) {
    expect(transposedWeights).toEqual([]);
    expect(target).toBe(false);
    expect(valuesRead).toEqual([]);
  }
});
