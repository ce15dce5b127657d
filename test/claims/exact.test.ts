import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceFolder } from '../../src/claims/code-hash.ts';
import { CLAIMS } from '../../src/claims/index.ts';
import { runClaim } from '../../src/claims/runner.ts';

describe('exact claims', () => {
  it.each(
    CLAIMS.filter(({ claim }) => claim.tier === 'exact').map((registered) => [
      registered.claim.id,
      registered,
    ]),
  )(
    '%s is reproduced',
    async (_id, registered) => {
      const { status, conditions } = await runClaim(registered);
      const missed = conditions
        .filter(({ holds }) => !holds)
        .map(
          ({ statement, measured, expected }) =>
            `${statement}: ${String(measured)}, expected ${expected.text}`,
        );
      expect(missed).toEqual([]);
      expect(status).toBe('reproduced');
    },
    600_000,
  );
});

describe('the list of claims', () => {
  it('gives each claim a unique id that begins with the source, in a file named after the source', () => {
    const ids = CLAIMS.map(({ claim }) => claim.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { claim, file } of CLAIMS) {
      expect(claim.id).toMatch(/^[a-z0-9-]+$/);
      expect(claim.id.startsWith(`${claim.source}-`), claim.id).toBe(true);
      expect(path.basename(file).startsWith(claim.source), file).toBe(true);
      expect(existsSync(path.join(sourceFolder() as string, file)), file).toBe(true);
    }
  });

  it('gives each condition a unique id and an interval, over at least five seeds except at full size', () => {
    for (const { claim } of CLAIMS) {
      const conditionIds = claim.conditions.map(({ id }) => id);
      expect(new Set(conditionIds).size, claim.id).toBe(conditionIds.length);
      for (const { expected } of claim.conditions) {
        expect(expected.minimum !== undefined || expected.maximum !== undefined, claim.id).toBe(true);
        expect((expected.minimum ?? -Infinity) <= (expected.maximum ?? Infinity), claim.id).toBe(true);
      }
      expect(new Set(claim.seeds).size, claim.id).toBeGreaterThanOrEqual(claim.tier === 'full' ? 1 : 5);
    }
  });
});
