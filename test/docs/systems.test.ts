/** docs/systems.md lists the systems and checks to which claims refer, and everything that it names exists. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLAIMS } from '../../src/claims/registry.ts';
import { RULES } from '../../src/rules/index.ts';
import { ROOT } from './markdown.ts';

const claims = CLAIMS.map(({ claim }) => claim);
const sources = Object.keys(JSON.parse(read('docs/bibliography.json')) as object);

interface System {
  readonly id: string;
  readonly rules: readonly string[];
  readonly claims: readonly string[];
  readonly state: string;
}

interface Check {
  readonly number: number;
  readonly sources: readonly string[];
  readonly claims: readonly string[];
}

const rows = read('docs/systems.md')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

const systems = rows.flatMap(([id = '', , rules = '', claimIds = '', state = '']): System[] =>
  /^S\d+$/.test(id) ? [{ id, rules: spansOf(rules), claims: spansOf(claimIds), state }] : [],
);

const checks = rows.flatMap(([id = '', , keys = '', claimIds = '']): Check[] =>
  /^#\d+$/.test(id)
    ? [{ number: Number(id.slice(1)), sources: spansOf(keys), claims: spansOf(claimIds) }]
    : [],
);

describe('systems', () => {
  test('have unique ids, numbered without gaps from S01', () => {
    const expected = systems.map((_, index) => `S${String(index + 1).padStart(2, '0')}`);
    expect(systems.map(({ id }) => id).sort()).toEqual(expected);
  });

  test.each(systems)('$id names exactly the claims that name it', ({ id, claims: named }) => {
    const naming = claims.filter((claim) => claim.systems.includes(id)).map((claim) => claim.id);
    expect([...named].sort()).toEqual(naming.sort());
  });

  test.each(systems)('$id names rules that exist', ({ rules }) => {
    const ids = RULES.map((rule) => rule.id);
    for (const rule of rules.filter((span) => !span.startsWith('apical '))) expect(ids).toContain(rule);
  });

  test.each(systems)(
    '$id counts as built if it has rules or claims to run',
    ({ state, rules, claims: named }) => {
      expect(['built', 'in part', 'not yet']).toContain(state);
      expect(rules.length + named.length === 0).toBe(state === 'not yet');
    },
  );

  test('include every rule', () => {
    const named = new Set(systems.flatMap(({ rules }) => rules));
    expect(RULES.map((rule) => rule.id).filter((id) => !named.has(id))).toEqual([]);
  });

  test('include every system of a claim', () => {
    const ids = systems.map(({ id }) => id);
    for (const claim of claims) expect(ids, claim.id).toEqual(expect.arrayContaining([...claim.systems]));
  });
});

describe('checks', () => {
  test('are numbered from 1', () => {
    expect(checks.map(({ number }) => number)).toEqual(checks.map((_, index) => index + 1));
  });

  test.each(checks)('#$number names exactly the claims that fulfil it', ({ number, claims: named }) => {
    const answering = claims.filter((claim) => claim.checks.includes(number));
    expect([...named].sort()).toEqual(answering.map((claim) => claim.id).sort());
  });

  test.each(checks)('#$number has the sources of its claims', ({ number, sources: keys }) => {
    for (const key of keys) expect(sources).toContain(key);
    const expected = new Set(
      claims.flatMap((claim) => (claim.checks.includes(number) ? [claim.source] : [])),
    );
    expect([...keys].sort()).toEqual([...expected].sort());
  });

  test('include every check of a claim', () => {
    const numbers = checks.map(({ number }) => number);
    for (const claim of claims) expect(numbers, claim.id).toEqual(expect.arrayContaining([...claim.checks]));
  });
});

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** Returns the code spans of a table cell. */
function spansOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, span]) => span as string);
}
