import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describeRules } from '../../src/runs/rule-catalogue.ts';
import { apical } from '../cli/fixture.ts';

/*
 * The two example rules in time, audited on sequences in a recurrent network.
 */

const example = (name: string) =>
  fileURLToPath(new URL(`../../examples/in-time/${name}.ts`, import.meta.url));

test('e-prop keeps a trace at every synapse, and sends nothing backwards in time', async () => {
  const [rule] = await describeRules([example('e-prop')], [5, 4, 3]);
  expect(rule?.locality.map(({ projection }) => projection)).toEqual([
    'input→hidden1',
    'hidden1→hidden1',
    'hidden1→output',
  ]);
  for (const row of rule?.locality ?? []) {
    expect(row).toMatchObject({
      backwardsInTime: false,
      transposedWeights: [],
      target: false,
      valuesRead: [],
    });
    expect(row.stored).toEqual([
      { state: row.projection, per: 'synapse', of: row.projection, each: { kind: 'stream' }, numbers: 1 },
    ]);
  }
});

test('backpropagation through time goes backwards, by transposed weights, and costs what its reference costs', async () => {
  const [rule] = await describeRules([example('backpropagation-through-time')], [5, 4, 3]);
  const [input, lateral, output] = rule?.locality ?? [];
  for (const row of [input, lateral]) {
    expect(row).toMatchObject({ backwardsInTime: true, target: false, stored: [] });
    expect(row?.transposedWeights).toContain('hidden1→output');
  }
  expect(output).toMatchObject({ backwardsInTime: false, target: false, transposedWeights: [] });
  expect(rule?.costRatio).toBeCloseTo(1, 1);
});

test('the command says on which sequences a rule was audited', async () => {
  const { code, stdout } = await apical('rules', example('e-prop'), '--network', '5-4-3');
  expect(code).toBe(0);
  expect(stdout).toContain('in three real steps, each on sequences of 4');
  expect(stdout).toContain('must store 1 per synapse of hidden1→hidden1, for each stream');
  expect(stdout).toMatch(/[\d.]+ × those of backpropagation through time/);
});
