import { z } from 'zod';
import { ApicalError } from '../errors.ts';
import { didYouMean } from '../suggest.ts';

/** Returns one readable `config.invalid` error for the issues that a schema found. */
export function explainIssues(
  schema: z.ZodType,
  input: unknown,
  error: z.ZodError,
  where: string,
): ApicalError {
  const lines = [...new Set(error.issues.flatMap((issue) => explain(schema, input, issue)))];
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
      const at = (last: string) => [...path, last].join('.');
      return `there is no key "${at(key)}".${didYouMean(key, known, at) || ` Known keys: ${known.join(', ')}.`}`;
    });
  }
  if (issue.code === 'invalid_union') {
    // Explain the branch that matched the value furthest.
    const [branch] = [...issue.errors].sort((a, b) => depthOf(b) - depthOf(a));
    if (branch && depthOf(branch) > 0) {
      return branch.flatMap((inner) =>
        explain(schema, input, { ...inner, path: [...issue.path, ...inner.path] }),
      );
    }
  }
  const value = valueAt(input, path);
  // The message of a custom check is complete; an absent value has a default there.
  if (issue.code === 'custom' && value === undefined) return [`${name}: ${expectation(issue)}.`];
  const got =
    value === undefined
      ? 'it is missing'
      : `it is ${shorten(typeof value === 'number' ? String(value) : JSON.stringify(value))}`;
  return [`${name}: ${expectation(issue)}, but ${got}.`];
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${withArticle(issue.expected)}`;
    case 'invalid_value':
      return `must be ${oneOf(issue.values)}`;
    case 'too_small':
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${String(issue.minimum)}${sizeUnit(issue.origin)}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${String(issue.maximum)}${sizeUnit(issue.origin)}`;
    case 'invalid_union':
      return issue.errors.length === 0
        ? `must be ${oneOf('options' in issue ? issue.options : [])}`
        : issue.errors.flat().map(expectation).join(' or ').replaceAll(' or must be ', ' or ');
    default:
      return issue.message.replace(/^Invalid input: /, '');
  }
}

const depthOf = (issues: readonly z.core.$ZodIssue[]) => Math.max(...issues.map(({ path }) => path.length));

const oneOf = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join(' or ');

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

/** Returns the keys that a schema knows at a path. */
export function keysAt(schema: z.core.$ZodType, path: readonly string[]): readonly string[] {
  let schemas: readonly z.core.$ZodType[] = [schema];
  for (const key of path) schemas = schemas.flatMap((each) => childrenOf(each, key));
  return [...new Set(schemas.flatMap(namesOf))];
}

/** Returns the schemas for the value of a key. */
function childrenOf(schema: z.core.$ZodType, key: string): readonly z.core.$ZodType[] {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'object':
      return def.shape[key] ? [def.shape[key]] : [];
    case 'record':
      return [def.valueType];
    case 'array':
      return /^\d+$/.test(key) ? [def.element] : [];
    default:
      return insideOf(schema).flatMap((inner) => childrenOf(inner, key));
  }
}

/** Returns the keys of an object schema, including those in unions and under defaults. */
function namesOf(schema: z.core.$ZodType): readonly string[] {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  return def.type === 'object' ? Object.keys(def.shape) : insideOf(schema).flatMap(namesOf);
}

/** Returns the schemas that a schema wraps or chooses from. */
function insideOf(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  if (def.type === 'union') return def.options;
  return 'innerType' in def ? [def.innerType] : [];
}
