import { didYouMean } from '../suggest.ts';
import { ApicalError } from '../errors.ts';
import type { LearningHooks, NetworkHooks, ReportHooks, Rule } from './rule.ts';

interface Field {
  readonly holds: (value: unknown) => boolean;
  /** Worded to follow "must be". */
  readonly expected: string;
}

const TEXT: Field = { holds: (value) => typeof value === 'string', expected: 'a string' };
const WORDS: Field = {
  holds: (value) => typeof value === 'string' && value !== '',
  expected: 'a string that is not empty',
};
const isFunction = (value: unknown): boolean => typeof value === 'function';
const hasFunction = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && isFunction((value as Record<string, unknown>)[name]);

/** The fields that every rule has. */
const FIELDS: Readonly<Record<Exclude<keyof Rule, 'network' | 'learning' | 'report'>, Field>> = {
  id: {
    holds: (value) => typeof value === 'string' && /^[a-z][a-z0-9-]*$/.test(value),
    expected: 'lower case letters, digits and hyphens, such as "my-rule"',
  },
  family: WORDS,
  title: WORDS,
  summary: TEXT,
  equation: TEXT,
  cites: {
    holds: (value) => Array.isArray(value) && value.every((key) => typeof key === 'string'),
    expected: 'an array of strings, which may be empty',
  },
  options: {
    holds: (value) => hasFunction(value, 'safeParse'),
    expected: 'a zod schema, such as noOptions or z.strictObject({})',
  },
  dynamics: {
    holds: (value) =>
      hasFunction(value, 'run') && typeof (value as { accepts?: unknown }).accepts === 'object',
    expected: 'dynamics, such as feedforward',
  },
  learn: { holds: isFunction, expected: 'a function (step) => void' },
};

/** The groups of optional hooks. */
const GROUPS = {
  network: ['refuses', 'wire'] satisfies (keyof NetworkHooks)[],
  learning: [
    'phase',
    'evaluation',
    'state',
    'optimisers',
    'reference',
    'sharedSamples',
  ] satisfies (keyof LearningHooks)[],
  report: ['measures', 'evaluate', 'hints', 'fantasies'] satisfies (keyof ReportHooks)[],
} as const;

/**
 * Returns what a user's file exports, as a rule. Throws `rule.contract`, naming the first field that is wrong.
 *
 * @example
 * ```ts
 * import { checkRule, feedbackAlignment } from 'apical/rules';
 *
 * console.log(checkRule(feedbackAlignment, 'This module').id); // feedback-alignment
 * ```
 */
export function checkRule(candidate: unknown, from: string): Rule {
  const fail = (field: string, problem: string): never => {
    throw new ApicalError(
      'rule.contract',
      `${from} does not export a rule${field ? `: "${field}" ${problem}` : ''}. ` +
        'Export default defineRule({ id, family, title, summary, equation, cites, options, dynamics, learn }).',
      { from, field },
    );
  };
  if (typeof candidate !== 'object' || candidate === null) return fail('', '');
  const rule = candidate as Record<string, unknown>;
  for (const [name, { holds, expected }] of Object.entries(FIELDS)) {
    if (!holds(rule[name])) return fail(name, `must be ${expected}`);
  }
  for (const [group, hooks] of Object.entries(GROUPS)) {
    const given = rule[group];
    if (given === undefined) continue;
    if (typeof given !== 'object' || given === null) return fail(group, `must be an object of functions`);
    for (const [hook, value] of Object.entries(given)) {
      if (!(hooks as readonly string[]).includes(hook))
        return fail(`${group}.${hook}`, `is not known.${didYouMean(hook, hooks)}`);
      if (value !== undefined && !isFunction(value)) return fail(`${group}.${hook}`, 'must be a function');
    }
  }
  const known = [...Object.keys(FIELDS), ...Object.keys(GROUPS)];
  for (const name of Object.keys(rule)) {
    if (known.includes(name)) continue;
    const group = Object.entries(GROUPS).find(([, hooks]) => (hooks as readonly string[]).includes(name));
    return fail(
      name,
      group ? `belongs in a group: ${group[0]}: { ${name} }` : `is not known.${didYouMean(name, known)}`,
    );
  }
  return candidate as Rule;
}
