import { feedforward } from '../../src/dynamics/index.ts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ApicalError } from '../../src/errors.ts';
import { checkRule, defineRule, noOptions, parseOptions } from '../../src/learning/index.ts';
import { ruleById, RULES } from '../../src/rules/index.ts';

const thrownBy = (body: () => unknown): ApicalError => {
  try {
    body();
  } catch (error) {
    if (error instanceof ApicalError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
};

const mine = {
  id: 'my-rule',
  family: 'Mine',
  title: 'My rule',
  summary: 'Does nothing.',
  equation: '',
  cites: [],
  options: noOptions,
  dynamics: feedforward,
  learn: () => undefined,
};

describe("a user's rule file", () => {
  test('is accepted if it exports a rule', () => {
    expect(checkRule(mine, './mine.ts')).toBe(mine);
    expect(
      checkRule(
        {
          ...mine,
          network: { wire: (specification: unknown) => specification },
          learning: { state: () => [] },
        },
        './mine.ts',
      ).id,
    ).toBe('my-rule');
  });

  test.each<[string, unknown, string]>([
    ['id', { ...mine, id: 'My Rule' }, 'hyphens'],
    ['family', { ...mine, family: '' }, 'family'],
    ['options', { ...mine, options: { rate: 3 } }, 'zod'],
    ['options', { ...mine, options: undefined }, 'zod'],
    ['dynamics', { ...mine, dynamics: 'weather' }, 'feedforward'],
    ['learn', { ...mine, learn: 'hard' }, 'function'],
    ['dynamics', { ...mine, dynamics: { id: 'old', run: () => undefined } }, 'feedforward'],
    ['learning.state', { ...mine, learning: { state: [] } }, 'function'],
    ['network.wire', { ...mine, network: { wire: {} } }, 'function'],
    ['network.wires', { ...mine, network: { wires: () => undefined } }, 'Did you mean "wire"?'],
    ['report', { ...mine, report: 'long' }, 'object of functions'],
    ['wire', { ...mine, wire: () => undefined }, 'network: { wire }'],
    ['titel', { ...mine, titel: 'My rule' }, 'Did you mean "title"?'],
  ])('with a wrong "%s" is refused, naming that field (case %#)', (field, candidate, hint) => {
    const { code, message, details } = thrownBy(() => checkRule(candidate, './mine.ts'));
    expect(code).toBe('rule.contract');
    expect(details['field']).toBe(field);
    expect(message).toContain(`"${field}"`);
    expect(message).toContain('./mine.ts');
    expect(message).toContain(hint);
  });

  test.each([undefined, null, 3, () => undefined])(
    'that exports %s is refused, saying what to export',
    (candidate) => {
      const { code, message } = thrownBy(() => checkRule(candidate, './mine.ts'));
      expect(code).toBe('rule.contract');
      expect(message).toContain('Export default defineRule(');
    },
  );
});

describe('options', () => {
  const rule = defineRule({
    ...mine,
    options: z.strictObject({
      gain: z.number().positive().default(2),
      mode: z.enum(['slow', 'fast']).default('slow'),
    }),
  });

  test('have their defaults filled in', () => {
    expect(parseOptions(rule, undefined)).toEqual({ gain: 2, mode: 'slow' });
    expect(parseOptions(rule, { gain: 3 })).toEqual({ gain: 3, mode: 'slow' });
  });

  test.each([
    [{ gain: -1 }, ['gain', '0']],
    [{ gain: 'much' }, ['gain', 'number']],
    [{ mode: 'medium' }, ['mode', 'slow', 'fast']],
    [{ gian: 2 }, ['gian']],
  ])('%o is refused, naming the option and the expected value', (options, named) => {
    const { code, message } = thrownBy(() => parseOptions(rule, options));
    expect(code).toBe('rule.options');
    for (const name of ['my-rule', ...named]) expect(message).toContain(name);
  });
});

describe('ruleById', () => {
  test('finds every rule', () => {
    for (const rule of RULES) expect(ruleById(rule.id)).toBe(rule);
  });

  test('suggests the nearest id', () => {
    const { code, message } = thrownBy(() => ruleById('feedback-alignement'));
    expect(code).toBe('rule.unknown');
    expect(message).toContain('"feedback-alignement"');
    expect(message).toContain('"feedback-alignment"');
  });
});
