import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { auditStandard } from '../../src/analysis/audit/standard-audit.ts';
import { describeStored } from '../../src/analysis/index.ts';
import { openBackend } from '../../src/backends/open.ts';
import { RULES } from '../../src/rules/index.ts';

/*
 * Compares what the audit says of every rule with what was recorded: these rows are what reports and the page show.
 * APICAL_UPDATE_GOLDEN=1 writes the file anew.
 */

const file = new URL('locality.json', import.meta.url);

const compute = await openBackend({ backend: 'reference' });
const actual = Object.fromEntries(
  RULES.map((rule) => {
    const { locality, cost, reachViolations } = auditStandard(compute, rule, [20, 17, 16, 10]);
    const rows = Object.fromEntries(
      locality.map(({ projection, stored, ...row }) => [
        projection,
        { ...row, stored: describeStored(stored) },
      ]),
    );
    return [rule.id, { rows, cost, reachViolations }];
  }),
);
compute.dispose();
if (process.env['APICAL_UPDATE_GOLDEN'] === '1') {
  const lines = Object.entries(actual).map(
    ([id, found]) => `${JSON.stringify(id)}: ${JSON.stringify(found)}`,
  );
  writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
}
const golden = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;

test.each(RULES.map(({ id }) => id))('%s needs the same information as recorded', (id) => {
  expect(golden[id], `test/analysis/locality.json: run this test with APICAL_UPDATE_GOLDEN=1.`).toEqual(
    actual[id],
  );
});

test('no rule of the library reads values outside of operations or goes backwards in time', () => {
  for (const { rows } of Object.values(actual)) {
    for (const row of Object.values(rows)) {
      expect(row.valuesRead).toEqual([]);
      expect(row.backwardsInTime).toBe(false);
    }
  }
});

test('says what rules must store, by unit, synapse, example and network', () => {
  const stored = (rule: string, projection: string) => actual[rule]?.rows[projection]?.stored;
  expect(stored('backprop', 'input→hidden1')).toBe('nothing');
  expect(stored('reinforce', 'input→hidden1')).toBe('1 number');
  expect(stored('sign-symmetry', 'hidden1→hidden2')).toBe('1 per synapse of hidden2→output');
  expect(stored('equilibrium-propagation', 'input→hidden1')).toBe('1 per unit of hidden1, for each example');
});
