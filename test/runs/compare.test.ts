import { describe, expect, test } from 'vitest';
import { compareDocument, summarise } from '../../src/runs/documents.ts';
import type { RunDocument } from '../../src/training/records.ts';

const run = (rule: string, seed: number, error: number, more: Partial<RunDocument> = {}): RunDocument => ({
  version: 1,
  kind: 'run',
  id: `${rule}${seed}`,
  rule,
  task: 'rings',
  backend: 'wasm',
  threads: 1,
  seed,
  epochs: 1,
  train: { loss: error, error },
  test: { loss: error, error, errors: error * 100, count: 100 },
  alignment: {},
  metrics: {},
  examplesPerSecond: 1000,
  wallSeconds: 1,
  peakMemoryBytes: 1e8,
  folder: null,
  status: 'done',
  ...more,
});

const testError = (runs: readonly RunDocument[]) => {
  const { summary, paired } = summarise(runs);
  return {
    summary: summary.filter(({ metric }) => metric === 'test error'),
    paired: paired.filter(({ metric }) => metric === 'test error'),
  };
};

describe('a comparison', () => {
  test('has a mean for each rule and one difference for each pair of rules', () => {
    const { summary, paired } = testError([
      run('a', 0, 0.1),
      run('b', 0, 0.2),
      run('c', 0, 0.4),
      run('a', 1, 0.3),
      run('b', 1, 0.4),
      run('c', 1, 0.6),
    ]);
    expect(summary.map(({ rule, seeds }) => [rule, seeds])).toEqual([
      ['a', [0, 1]],
      ['b', [0, 1]],
      ['c', [0, 1]],
    ]);
    for (const [index, mean] of [0.2, 0.3, 0.5].entries()) expect(summary[index]?.mean).toBeCloseTo(mean, 12);
    expect(paired.map(({ first, second }) => first + second)).toEqual(['ab', 'ac', 'bc']);
    for (const [index, mean] of [-0.1, -0.3, -0.2].entries())
      expect(paired[index]?.mean).toBeCloseTo(mean, 12);
  });

  test('pairs only seeds that both rules finished', () => {
    const failed = run('b', 1, 0.9, { status: 'failed' });
    const { summary, paired } = testError([run('a', 0, 0.1), run('b', 0, 0.3), run('a', 1, 0.2), failed]);
    expect(summary.map(({ seeds }) => seeds)).toEqual([[0, 1], [0]]);
    expect(paired).toHaveLength(1);
    expect(paired[0]).toMatchObject({ seeds: [0], interval: null });
    expect(paired[0]?.mean).toBeCloseTo(-0.2, 12);
  });

  test('lists failed runs, but leaves them out of the means', () => {
    const failed = run('a', 0, 0.9, { status: 'failed', train: null, test: null });
    expect(compareDocument([failed], 'there', 'failed')).toMatchObject({
      runs: [failed],
      summary: [],
      paired: [],
      folder: 'there',
      status: 'failed',
    });
  });

  test('omits metrics that the task does not have', () => {
    const metrics = summarise([run('a', 0, 0.1), run('b', 0, 0.1)]).summary.map(({ metric }) => metric);
    expect(metrics).toContain('test loss');
    expect(metrics).not.toContain('validation error');
  });
});
