import { describe, expect, test } from 'vitest';
import { audit, measureAlignment, estimatorStatistics } from '../../src/analysis/index.ts';
import { openAll } from '../backends/open-all.ts';
import { convolutionalStack } from '../../src/network/index.ts';
import type { ConvolutionalStackOptions, NetworkSpecification } from '../../src/network/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { backpropagate } from '../../src/dynamics/feedforward/feedforward.ts';
import { parseOptions } from '../../src/learning/index.ts';
import { ruleById, RULES } from '../../src/rules/index.ts';
import type { Batch, Learner, Rule } from '../../src/learning/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { gradientsOf, learnerOf, optimiser, poison, release, snapshot } from './fixtures.ts';

/*
 * Every built-in rule on images: convolution, pooling, locally connected and dense projections in one stack.
 */

const BACKENDS = ['reference', 'wasm'] as const;
const on = openAll(BACKENDS);

const SIDE = 8;
const CLASSES = 2;
/** Ways to reduce an image, the usual one first: some rules do not support max-pooling, some no pooling at all. */
const REDUCTIONS = [{ pool: 2 }, { pool: 2, pooling: 'average' }, { stride: 2 }] as const;
function pictures(change: Partial<ConvolutionalStackOptions> = {}, rule?: Rule): NetworkSpecification {
  const specifications = REDUCTIONS.map((reduction) =>
    convolutionalStack({
      input: [1, SIDE, SIDE],
      convolutions: [
        { channels: 3, kernel: 3, padding: 1, ...reduction },
        { channels: 3, kernel: 2, shared: false },
      ],
      hidden: [5],
      outputs: CLASSES,
      objective: 'cross-entropy',
      ...change,
      activation: rule?.dynamics.activations?.[0] ?? change.activation ?? 'tanh',
    }),
  );
  const served = specifications.find(
    (specification) =>
      !rule?.dynamics.refuses?.(specification) &&
      !rule?.network?.refuses?.(specification, parseOptions(rule, {})),
  );
  return served ?? (specifications[0] as NetworkSpecification);
}

/** Options for rules whose defaults exceed f32 precision: feedback too weak for four levels, or too little jitter. */
const OPTIONS: Readonly<Record<string, object>> = {
  'weight-perturbation': { noise: 1e-2 },
  'contrastive-hebbian': { gain: 0.5 },
  generec: { gain: 0.5 },
};

/** Generates images of a vertical or horizontal bar in noise. */
function bars(compute: Compute, index: number, size = 10): Batch {
  const draws = new Sequence(stream(78, 'bars'), index);
  const inputs = compute.allocate([size, SIDE * SIDE]);
  const targets = compute.allocate([size], 'i32');
  targets.set(Array.from({ length: size }, (_, example) => example % CLASSES));
  const at = Array.from({ length: size }, () => draws.below(SIDE));
  inputs.set(
    Array.from({ length: inputs.size }, (_, i) => {
      const example = Math.floor(i / (SIDE * SIDE));
      const [row, column] = [Math.floor(i / SIDE) % SIDE, i % SIDE];
      const isBar = (example % CLASSES === 0 ? row : column) === at[example];
      return Math.fround((isBar ? 1.5 : 0) + 0.2 * draws.normal());
    }),
  );
  return { inputs, targets };
}

function train(compute: Compute, learner: Learner, from: number, to: number): number[] {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const batch = bars(compute, step);
    learner.resetTally();
    learner.learn(batch, step, step / 20);
    losses.push(learner.tally().loss / batch.inputs.rows);
    release(compute, batch);
  }
  return losses;
}

describe.each(RULES.map((rule): [string, Rule] => [rule.id, rule]))('%s on images', (_, rule) => {
  test('agrees on wasm and the reference backend, and does not depend on old contents of memory', () => {
    const [expected, ...others] = [...BACKENDS, 'wasm' as const].map((backend) => {
      const specification = pictures({ dropout: 0.2, density: 0.8 }, rule);
      const learner = learnerOf(on(backend), rule, { specification, options: OPTIONS[rule.id] });
      poison(on(backend));
      const losses = train(on(backend), learner, 0, 6);
      learner.dispose();
      return losses;
    });
    expect(others[0]).toEqual(others[1]);
    for (const [step, loss] of (others[0] ?? []).entries())
      expect(loss).toBeCloseTo(expected?.[step] ?? NaN, 4);
  });

  test.each(['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const)(
    'continues from a checkpoint to the bit, within max-norm and mask: %s',
    (kind) => {
      const compute = on('wasm');
      const setting = {
        specification: pictures({ density: 0.6 }, rule),
        optimiser: optimiser({ kind, rate: 0.01, decay: 0.01, maximumNorm: 0.5 }),
      };
      const whole = learnerOf(compute, rule, setting);
      const before = snapshot(whole);
      train(compute, whole, 0, 3);
      const resumed = learnerOf(compute, rule, setting);
      for (const [name, tensor] of resumed.tensors()) {
        const saved = whole.tensors().get(name);
        if (saved) compute.copy(tensor, saved);
      }
      expect(train(compute, resumed, 3, 6)).toEqual(train(compute, whole, 3, 6));
      expect(snapshot(resumed)).toEqual(snapshot(whole));
      for (const { id, kind, weights, mask, plastic } of whole.network.projections) {
        // A rule that perturbs one synapse per update leaves most projections unchanged.
        if (!plastic || String(weights.toArray()) === String(before[`network/${id}`])) continue;
        const values = weights.toArray();
        const exists = mask?.toArray() ?? [];
        expect(
          values.every((value, i) => exists[i] === 1 || value === 0),
          id,
        ).toBe(true);
        // Feedback has other bounds: those of the forward weights that it answers, or none.
        if (kind === 'feedback') continue;
        const { columns } = weights;
        for (let column = 0; column < columns; column++) {
          const square = values.reduce(
            (sum, value, i) => (i % columns === column ? sum + value ** 2 : sum),
            0,
          );
          expect(Math.sqrt(square)).toBeLessThan(0.5001);
        }
      }
      for (const learner of [whole, resumed]) learner.dispose();
    },
  );
});

test.each<[string, object]>([
  ['weight-perturbation', { noise: 1e-6, twoSided: true }],
  ['node-perturbation', { noise: 1e-6 }],
  ['forward-gradient', { perturb: 'activity' }],
  ['forward-gradient', { perturb: 'weights' }],
])('%s %o gives an unbiased estimate of the gradient of kernels', (id, options) => {
  const compute = on('reference');
  const learner = learnerOf(compute, ruleById(id), { specification: pictures({ hidden: [] }), options });
  const batch = bars(compute, 0, 4);
  const rows = estimatorStatistics(compute, learner, batch, 400);
  expect(rows.map(({ projection }) => projection)).toContain('input→convolution1');
  for (const { projection, squaredBias, variance } of rows) {
    expect(variance.value).toBeGreaterThan(0);
    const { value, standardError } = squaredBias ?? { value: NaN, standardError: NaN };
    expect(Math.abs(value), projection).toBeLessThan(4 * standardError);
  }
  learner.dispose();
  release(compute, batch);
});

describe('feedback for a convolution', () => {
  const rule = ruleById('feedback-alignment');

  test('has kernels of its own for every convolution above the first; pooling has no feedback', () => {
    const learner = learnerOf(on('reference'), rule, { specification: pictures() });
    const { projections } = learner.network;
    const feedback = projections.filter(({ kind }) => kind === 'feedback');
    expect(feedback.map(({ id, weights }) => [id, weights.shape])).toEqual([
      ['feedback:convolution2→pool1', [3, 12, 9]],
      ['feedback:hidden1→convolution2', [5, 27]],
      ['feedback:output→hidden1', [2, 5]],
    ]);
    learner.dispose();
  });

  test.each<[string, Partial<ConvolutionalStackOptions>]>([
    ['locally connected above a convolution', {}],
    [
      'convolution above convolution',
      {
        convolutions: [
          { channels: 2, kernel: 3 },
          { channels: 4, kernel: 3, stride: 2, pool: 2 },
        ],
      },
    ],
    [
      'mean pooling',
      {
        convolutions: [
          { channels: 2, kernel: 3, pool: 2, pooling: 'average' },
          { channels: 3, kernel: 2 },
        ],
      },
    ],
    ['sparse kernels', { density: 0.5 }],
  ])('equals backpropagation to the bit with transposed kernels: %s', (_, change) => {
    const compute = on('reference');
    const learner = learnerOf(compute, rule, { specification: pictures(change) });
    const batch = bars(compute, 0);
    const exact = gradientsOf(compute, learner, batch, backpropagate);
    expect(gradientsOf(compute, learner, batch)).not.toEqual(exact);
    for (const projection of learner.network.projections) {
      if (projection.feedback) projection.exactFeedback(compute, projection.feedback.weights);
    }
    expect(gradientsOf(compute, learner, batch)).toEqual(exact);

    // Every angle between kernels is then 0, while random kernels are nearly orthogonal.
    const alignment = measureAlignment(compute, learner, batch, 0);
    for (const [id, { angle, feedbackAngle }] of Object.entries(alignment)) {
      expect(angle, id).toBeCloseTo(0, 3);
      if (feedbackAngle !== undefined) expect(feedbackAngle, id).toBeCloseTo(0, 3);
    }
    learner.dispose();
    release(compute, batch);
  });

  test('learns to tell vertical from horizontal bars as updates align with the gradient', () => {
    const compute = on('wasm');
    const specification = pictures({
      convolutions: [
        { channels: 8, kernel: 3, padding: 1, pool: 2 },
        { channels: 8, kernel: 3, pool: 2 },
      ],
      initialisation: { kind: 'glorot', scale: 0.1 },
      activation: 'relu',
    });
    const learner = learnerOf(compute, rule, {
      specification,
      optimiser: optimiser({ kind: 'adam', rate: 0.005 }),
    });
    const probe = bars(compute, 5_000, 40);
    const losses = train(compute, learner, 0, 300);
    expect(losses.slice(-20).reduce((sum, loss) => sum + loss, 0) / 20).toBeLessThan(0.1);
    const alignment = measureAlignment(compute, learner, probe, 0);
    expect(alignment['pool1→convolution2']?.angle).toBeLessThan(60);
    expect(alignment['pool1→convolution2']).not.toHaveProperty('pseudoInverseAngle');
    learner.dispose();
    release(compute, probe);
  });
});

describe('the audit of convolutions', () => {
  const auditOf = (id: string) => {
    const compute = on('reference');
    const learner = learnerOf(compute, ruleById(id), { specification: pictures() });
    const batch = bars(compute, 0, 4);
    const found = audit(compute, learner, batch);
    learner.dispose();
    release(compute, batch);
    return found;
  };

  test('reports transposed kernels for backpropagation, but not for feedback alignment', () => {
    const exact = auditOf('backprop').locality.find(({ projection }) => projection === 'input→convolution1');
    expect(exact?.transposedWeights).toContain('pool1→convolution2');
    expect(exact?.sources).toContain('through pool1→convolution2 transposed');
    expect(exact?.signedError).toBe(true);
    const own = auditOf('feedback-alignment').locality.find(
      ({ projection }) => projection === 'input→convolution1',
    );
    expect(own?.transposedWeights).toEqual([]);
    expect(own?.sources).toContain('through feedback:convolution2→pool1');
    expect(own?.waitsForProjections).toBeGreaterThan(0);
    for (const row of [exact, own]) expect(row?.otherWeights).toEqual([]);
  });

  test('counts products once per position, and each unit sent once, however many kernels receive it', () => {
    const { cost } = auditOf('backprop');
    const first = 9 * 3 * 64;
    const others = 12 * 3 * 9 + 27 * 5 + 5 * 2;
    expect(cost.forwardMacs).toBe(first + others);
    expect(cost.feedbackMacs).toBe(others);
    expect(cost.updateMacs).toBe(first + others);
    const up = 64 + 48 + 27 + 5;
    const down = 27 + 5 + 2;
    expect(cost.bytesBetweenAreas).toBe(8 * (up + down));
  });
});
