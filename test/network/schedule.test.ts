import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { valueAt } from '../../src/network/index.ts';
import type { Schedule, Scheduled } from '../../src/network/index.ts';

describe('schedules', () => {
  test.each<[string, Scheduled, [epoch: number, value: number][]]>([
    [
      'a plain number',
      0.3,
      [
        [0, 0.3],
        [7, 0.3],
      ],
    ],
    [
      'constant',
      { kind: 'constant', value: 0.3 },
      [
        [0, 0.3],
        [100, 0.3],
      ],
    ],
    [
      'step',
      { kind: 'step', value: 8, factor: 0.5, every: 3 },
      [
        [0, 8],
        [2.999, 8],
        [3, 4],
        [5.9, 4],
        [6, 2],
        [9, 1],
      ],
    ],
    [
      'exponential',
      { kind: 'exponential', value: 4, factor: 0.25 },
      [
        [0, 4],
        [0.5, 2],
        [1, 1],
        [2, 0.25],
      ],
    ],
    [
      'linear over the run',
      { kind: 'linear', value: 1, end: 3 },
      [
        [0, 1],
        [2.5, 1.5],
        [10, 3],
      ],
    ],
    [
      'linear over its own epochs',
      { kind: 'linear', value: 1, end: 0, epochs: 4 },
      [
        [0, 1],
        [1, 0.75],
        [4, 0],
        [9, 0],
      ],
    ],
    [
      'cosine over the run',
      { kind: 'cosine', value: 2 },
      [
        [0, 2],
        [10 / 3, 1.5],
        [5, 1],
        [10, 0],
      ],
    ],
    [
      'cosine to an end over its own epochs',
      { kind: 'cosine', value: 2, end: 1, epochs: 6 },
      [
        [0, 2],
        [2, 1.75],
        [3, 1.5],
        [6, 1],
        [8, 1],
      ],
    ],
    [
      'warmup',
      { kind: 'constant', value: 6, warmup: 3 },
      [
        [0, 0],
        [1, 2],
        [1.5, 3],
        [3, 6],
        [4, 6],
      ],
    ],
    [
      'warmup of a falling rate',
      { kind: 'exponential', value: 4, factor: 0.25, warmup: 2 },
      [
        [0, 0],
        [1, 0.5],
        [2, 0.25],
        [3, 1 / 16],
      ],
    ],
  ])('%s', (_, scheduled, points) => {
    for (const [epoch, value] of points) expect(valueAt(scheduled, epoch, 10)).toBeCloseTo(value, 12);
  });

  test('are continuous at the end of warmup', () => {
    const schedules: Schedule[] = [
      { kind: 'cosine', value: 1, warmup: 2 },
      { kind: 'linear', value: 1, end: 0, warmup: 2 },
      { kind: 'exponential', value: 1, factor: 0.9, warmup: 2 },
    ];
    for (const schedule of schedules) {
      expect(valueAt(schedule, 2 - 1e-9, 10)).toBeCloseTo(valueAt(schedule, 2, 10), 6);
    }
  });

  test('stay between start and end at every epoch (linear and cosine)', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 200, noNaN: true }),
        fc.integer({ min: 1, max: 100 }),
        (value, end, epoch, epochs) => {
          for (const kind of ['linear', 'cosine'] as const) {
            const now = valueAt({ kind, value, end }, epoch, epochs);
            expect(now).toBeGreaterThanOrEqual(Math.min(value, end) - 1e-12);
            expect(now).toBeLessThanOrEqual(Math.max(value, end) + 1e-12);
          }
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  });
});
