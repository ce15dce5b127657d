import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { Learner } from '../../../src/learning/index.ts';
import { plainDescent } from '../../../src/network/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { network, settle, UNITS } from '../../../examples/open-core/ring.ts';

const STEPS = 150;

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

/** Units above a tenth of the largest possible rate, as the first and the length of each arc of the ring. */
function arcs(rates: readonly number[]): { first: number; length: number }[] {
  const isActive = (unit: number) => (rates[(unit + UNITS) % UNITS] as number) > 0.1;
  return rates.flatMap((_, unit) => {
    if (!isActive(unit) || isActive(unit - 1)) return [];
    let length = 1;
    while (length < UNITS && isActive(unit + length)) length += 1;
    return [{ first: unit, length }];
  });
}

test('activity gathers in one bump at the strongest input, and follows it to another place', () => {
  const learner = new Learner(compute, {
    ...{ specification: network, rule: settle, options: {}, seed: 1, epochs: 1 },
    optimiserOf: () => plainDescent(0.1),
  });
  const { sheet } = learner.network.input;
  const near = (unit: number, place: number) =>
    Math.exp(-((sheet?.distance(unit, place) ?? 0) ** 2) / (2 * 0.05 ** 2));
  // The weak input alone would make a bump too; the strong one lies across the edge of the ring at times.
  for (let trial = 0; trial < 12; trial++) {
    const before = (trial * 37) % UNITS;
    const weak = (before + 20 + ((trial * 13) % 60)) % UNITS;
    const after = (before + 20 + ((trial * 29) % 60)) % UNITS;
    const inputs = compute.allocate([STEPS, UNITS]);
    inputs.set(
      Array.from({ length: STEPS * UNITS }, (_, i) => {
        const [step, unit] = [Math.floor(i / UNITS), i % UNITS];
        const strong = near(unit, step < STEPS / 2 ? before : after);
        return strong + 0.5 * near(unit, weak) + 0.1 * Math.sin(12.9898 * unit);
      }),
    );
    learner.respond(
      inputs,
      (phase) => {
        const activity = phase.activity(learner.network.area('cortex'));
        for (const [step, place] of [
          [STEPS / 2 - 1, before],
          [STEPS - 1, after],
        ] as const) {
          const found = arcs(activity.rowRange(step, 1).toArray());
          expect(found).toHaveLength(1);
          const [{ first, length }] = found as [{ first: number; length: number }];
          expect(length).toBeLessThan(UNITS / 4);
          const centre = Math.round(first + (length - 1) / 2) % UNITS;
          expect(sheet?.distance(centre, place)).toBeLessThanOrEqual(0.03);
        }
      },
      { steps: STEPS, count: STEPS, continues: false, first: 0 },
    );
    compute.free(inputs);
  }
  learner.dispose();
});
