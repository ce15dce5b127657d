import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from '../../src/analysis/index.ts';
import { openBackend } from '../../src/backends/open.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Learner } from '../../src/learning/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { clouds, learnerOf, release, smallStack, UNITS } from '../rules/fixtures.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

describe('the audit of rules that receive a single scalar', () => {
  const localityOf = (id: string, options: object = {}) => {
    const learner = learnerOf(compute, ruleById(id), { options });
    const batch = clouds(compute, 0, 4);
    const { locality } = audit(compute, learner, batch);
    learner.dispose();
    release(compute, batch);
    return locality;
  };

  test.each<[string, object, RegExp]>([
    ['weight-perturbation', { samples: 2 }, /^loss$/],
    ['weight-perturbation', { samples: 2, twoSided: true }, /^loss$/],
    ['serial-weight-perturbation', { synapses: 300 }, /^loss$/],
    ['node-perturbation', { samples: 2 }, /^loss per example$/],
    ['node-perturbation', { samples: 2, baseline: 'mean' }, /^loss per example$/],
    ['forward-gradient', { perturb: 'activity' }, /^one number an example from .*error of output/],
    ['forward-gradient', { perturb: 'weights' }, /^one number an example from .*error of output/],
  ])(
    'shows that %s %o receives its success as one number, and needs no top-down signal',
    (id, options, scalar) => {
      const rows = localityOf(id, options);
      expect(rows.map(({ projection }) => projection)).toEqual([
        'input→hidden1',
        'hidden1→hidden2',
        'hidden2→output',
      ]);
      for (const row of rows) {
        expect(
          row.globalScalars.some((each) => scalar.test(each)),
          row.globalScalars.join('; '),
        ).toBe(true);
        expect(row.transposedWeights).toEqual([]);
        expect(row.otherWeights).toEqual([]);
        expect(row.signedError).toBe(false);
        expect(row.waitsForProjections).toBe(0);
      }
    },
  );

  test.each<[string, (projection: string) => string]>([
    ['weight-perturbation', (projection) => `noise jitter ${projection}`],
    ['node-perturbation', (projection) => `noise jitter ${projection.split('→')[1] ?? ''}`],
  ])('reports only the noise of its own projection for a synapse of %s', (id, own) => {
    for (const { projection, sources } of localityOf(id)) {
      expect(sources.filter((source) => source.startsWith('noise'))).toEqual([own(projection)]);
      expect(sources).toContain('loss');
    }
  });

  test('counts a phase through perturbed weights as a crossing of their projection, in bytes and in products', () => {
    const [learner, exact] = ['weight-perturbation', 'backprop'].map((id) =>
      learnerOf(compute, ruleById(id), { specification: smallStack({ layers: [UNITS, 4, 3] }) }),
    ) as [Learner, Learner];
    const batch = clouds(compute, 0, 4);
    const moved = audit(compute, learner, batch).cost;
    const clean = audit(compute, exact, batch).cost;
    expect(moved.forwardMacs).toBe(2 * clean.forwardMacs);
    // Backprop sends two signals forward and one back; weight perturbation sends two forward, twice.
    const [up, down] = [(UNITS + 4) * 8, 3 * 8];
    expect(clean.bytesBetweenAreas).toBe(up + down);
    expect(moved.bytesBetweenAreas).toBe(2 * up);
    for (const each of [learner, exact]) each.dispose();
    release(compute, batch);
  });
});
