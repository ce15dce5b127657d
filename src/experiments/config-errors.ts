import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { ApicalError } from '../errors.ts';

/** Turns what a schema found wrong into one readable `config.invalid` error. */
export function explainIssues(
  schema: z.ZodType,
  input: unknown,
  error: z.ZodError,
  where: string,
): ApicalError {
  const lines = error.issues.flatMap((issue) => explain(schema, input, issue));
  const heading = lines.length === 1 ? `In ${where}: ` : `In ${where}, ${lines.length} values are wrong:\n  `;
  return new ApicalError('config.invalid', heading + lines.join('\n  '), {
    paths: error.issues.map(({ path }) => path.join('.')),
  });
}

function explain(schema: z.ZodType, input: unknown, issue: z.core.$ZodIssue): string[] {
  const path = issue.path.map(String);
  const name = path.join('.') || 'the config';
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => {
      const [nearest] = [...known].sort((a, b) => distance(a, key) - distance(b, key));
      const hint = nearest === undefined ? '' : ` Did you mean "${[...path, nearest].join('.')}"?`;
      return `there is no key "${[...path, key].join('.')}".${hint}`;
    });
  }
  const value = valueAt(input, path);
  const got =
    value === undefined ? 'it is missing' : `it is ${shorten(JSON.stringify(value) ?? String(value))}`;
  return [`${name}: ${expectation(issue)}, but ${got}.`];
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${withArticle(issue.expected)}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${String(issue.minimum)}${sizeUnit(issue.origin)}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${String(issue.maximum)}${sizeUnit(issue.origin)}`;
    case 'invalid_union': {
      // The most telling branch is the one that got furthest into the value.
      const deepest = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
      if (deepest && deepest.path.length > 0)
        return `its "${deepest.path.join('.')}" ${expectation(deepest)}`;
      return issue.errors.flat().map(expectation).join(', or ');
    }
    default:
      return issue.message.replace(/^Invalid input: /, '');
  }
}

const sizeUnit = (origin: string) =>
  origin === 'array' ? ' entries' : origin === 'string' ? ' characters' : '';

function withArticle(type: string): string {
  if (type === 'int') return 'a whole number';
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

const shorten = (text: string) => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

function valueAt(input: unknown, path: readonly string[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The keys that the schema knows at a path. */
export function keysAt(schema: z.ZodType, path: readonly string[]): readonly string[] {
  let node: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  for (const key of path) {
    const { properties, items, additionalProperties } = node as Record<string, unknown>;
    const named = (properties as Record<string, unknown> | undefined)?.[key];
    node = named ?? (/^\d+$/.test(key) ? items : undefined) ?? additionalProperties ?? {};
  }
  const branches = [
    node,
    ...((node as { anyOf?: unknown[] }).anyOf ?? []),
    ...((node as { oneOf?: unknown[] }).oneOf ?? []),
  ];
  return branches.flatMap((branch) => Object.keys((branch as { properties?: object }).properties ?? {}));
}
