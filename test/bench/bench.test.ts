import { describe, expect, it } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { runBench, renderBench } from '../../src/bench/bench.ts';
import { measureByTurns } from '../../src/bench/rounds.ts';
import type { Subject } from '../../src/bench/rounds.ts';
import { ELIGIBILITY_WAYS, eligibilityUpdate } from '../../src/bench/sparse.ts';
import { SampledGradient } from '../../src/bench/sampling.ts';

const subject = (id: string, measure: Subject['measure']): Subject => ({
  id,
  work: 'work',
  subject: id,
  threads: 1,
  measure,
});

describe('turns', () => {
  it('alternate, give the median without the first round, and continue after a failure', async () => {
    const order: string[] = [];
    const turns = (id: string, times: number[]) =>
      subject(id, () => {
        order.push(id);
        return times.shift() ?? NaN;
      });
    const broken = subject('broken', () => {
      throw new Error('it broke');
    });
    const results = await measureByTurns([turns('a', [90, 1, 50, 2]), broken, turns('b', [0, 7, 9, 8])], {
      rounds: 3,
      seconds: 0.01,
    });
    expect(results.map(({ milliseconds }) => milliseconds)).toEqual([2, null, 8]);
    expect(results.map(({ fastest }) => fastest)).toEqual([1, null, 7]);
    expect(results[1]?.failure).toBe('it broke');
    expect(order.join('')).toBe('abababab');
  });

  it('stop between turns when aborted', async () => {
    const abort = new AbortController();
    const stops = subject('stops', () => {
      abort.abort(new Error('enough'));
      return 1;
    });
    await expect(
      measureByTurns([stops, stops], { rounds: 3, seconds: 0.01, signal: abort.signal }),
    ).rejects.toThrow('enough');
  });
});

describe('a run without peers', () => {
  it('compares the step with its products and the probe with the run, and prints every row', async () => {
    const seen = new Set<string>();
    const document = await runBench({
      quick: true,
      seconds: 0.02,
      only: ['share', 'probe'],
      onProgress: ({ subject: name }) => seen.add(name),
    });
    const row = (id: string) => document.rows.find((candidate) => candidate.id === id);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
    if (document.machine.blas !== null) expect(row('limit/1')?.limitFraction).toBe(1);

    const step = row('share/step')?.millisecondsPerStep ?? NaN;
    const share = row('share/products');
    expect(share?.relative?.value).toBeCloseTo((share?.millisecondsPerStep ?? NaN) / step, 9);
    expect(share?.relative?.value).toBeGreaterThan(0.1);
    // A probe at every hundredth step costs about two updates, a few per cent of a run.
    expect(row('probe/probe')?.relative?.value).toBeLessThan(0.2);

    const table = renderBench(document);
    for (const { subject: name, millisecondsPerStep } of document.rows) {
      expect(millisecondsPerStep).toBeGreaterThan(0);
      expect(table).toContain(name);
      expect(seen).toContain(name);
    }
  });

  it('refuses unknown groups and turns without length', async () => {
    await expect(runBench({ only: ['speed'] })).rejects.toThrow(/"speed".*limit, product, step/);
    await expect(runBench({ seconds: 0 })).rejects.toThrow(/longer than 0/);
  });
});

it('batched and single samples estimate the same gradient', async () => {
  const compute = await openBackend({ backend: 'reference' });
  const [batch, single] = [true, false].map((batched) => {
    const way = new SampledGradient(compute, { layers: [6, 5, 3], samples: 1000, batched });
    way.step();
    return way.gradients.flatMap((gradient) => gradient.toArray());
  }) as [number[], number[]];
  const inner = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, index) => sum + value * (b[index] ?? NaN), 0);
  const power = inner(batch, batch);
  // With 8 units, the noise of each estimate is about 9/1000 of the power of the gradient.
  expect(inner(batch, single) / Math.sqrt(power * inner(single, single))).toBeGreaterThan(0.96);
  expect(power / inner(single, single)).toBeGreaterThan(0.7);
  expect(power / inner(single, single)).toBeLessThan(1.4);
  compute.dispose();
});

it('every way to write an update by eligibility gives the same sums', async () => {
  const compute = await openBackend({ backend: 'reference' });
  const [expected, ...others] = ELIGIBILITY_WAYS.map((written) => {
    const way = eligibilityUpdate(compute, { batch: 3, units: 5, written });
    way.step();
    way.step();
    return way.target.toArray();
  });
  for (const sums of others) {
    for (const [index, sum] of sums.entries()) expect(sum).toBeCloseTo(expected?.[index] ?? NaN, 12);
  }
  compute.dispose();
});
