import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openAll } from '../backends/open-all.ts';
import type { Rule } from '../../src/learning/index.ts';
import { RULES } from '../../src/rules/index.ts';
import { CHECKS } from '../../src/studies/conformance/checks.ts';

/*
 * Runs the conformance suite on every built-in rule. `apical check` runs the same suite on a user's file.
 */

const bibliography = JSON.parse(
  readFileSync(new URL('../../docs/bibliography.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

const on = openAll(['reference', 'wasm', 'blas']);

/**
 * Settings of rules that do not learn with their defaults: rules that estimate the gradient from noise need samples,
 * and units that settle from silence learn slowly at first.
 */
const BUDGETS: Readonly<Record<string, { options: object; rate?: number }>> = {
  'serial-weight-perturbation': { options: { synapses: 150 } },
  'weight-perturbation': { options: { samples: 100 } },
  reinforce: { options: { samples: 50 }, rate: 0.5 },
  boltzmann: { options: { samples: 20 }, rate: 0.3 },
  'equilibrium-propagation': { options: { freeSteps: 40, nudgedSteps: 40 } },
  'vector-field-ep': { options: { freeSteps: 40, nudgedSteps: 40 } },
};

test('rules have unique ids', () => {
  expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
});

describe.each(RULES.map((rule): [string, Rule] => [rule.id, rule]))('%s', (id, rule) => {
  test('cites works that are in docs/bibliography.json', () => {
    expect(rule.cites.length).toBeGreaterThan(0);
    for (const key of rule.cites) expect(Object.keys(bibliography)).toContain(key);
  });

  const checks = CHECKS.filter(({ skips }) => skips?.(rule) === undefined);
  test.each(checks.map(({ title, run }) => [title, run] as const))('%s', (_, run) => {
    run({ rule, reference: on('reference'), others: [on('wasm'), on('blas')], ...BUDGETS[id] });
  });
});

test.each(CHECKS.map(({ id, meaning }) => [id, meaning]))(
  'a failure of the check "%s" is explained in words',
  (_, meaning) => expect(meaning).toMatch(/^[A-Z].{30,}\.$/),
);
