import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listClaims, readResult, runClaims, writeResult } from '../../src/claims/index.ts';
import type { ClaimProgress, ClaimResult } from '../../src/claims/index.ts';
import { ApicalError } from '../../src/errors.ts';
import { fakeClaim, placeOf, registered, temporaryFolder } from './fixture.ts';

const place = (claims = registered(fakeClaim()), withSources = true) => placeOf(claims, withSources);

describe('running claims', () => {
  it('keeps each outcome with values by seed, the machine and the hash of the code', async () => {
    const where = place();
    const { results, failures, interrupted } = await runClaims({}, where);
    expect(failures).toEqual([]);
    expect(interrupted).toBe(false);
    const kept = readResult(where.resultsFolder, 'author2020-works');
    expect(kept).toEqual(results[0]);
    expect(kept).toMatchObject({ status: 'reproduced', measured: 0.05, backend: 'reference', threads: 1 });
    expect(kept?.perSeed.map(({ seed }) => seed)).toEqual([0, 1]);
    expect(kept?.codeHash).toMatch(/^[0-9a-f]{64}$/);
    expect(readdirSync(where.resultsFolder)).toEqual(['author2020-works.json']);
  });

  it('keeps figures that are not finite as null, so that the file stays JSON', async () => {
    const diverged = fakeClaim({
      run: () =>
        Promise.resolve({
          measured: { error: Infinity, angle: NaN },
          perSeed: [{ seed: 0, values: { error: Infinity } }],
        }),
    });
    const where = place(registered(diverged));
    await runClaims({}, where);
    const kept = readResult(where.resultsFolder, diverged.id);
    expect(kept).toMatchObject({ status: 'not-reproduced', measured: null });
    expect(kept?.perSeed[0]?.values).toEqual({ error: null });
  });

  it('continues after a claim that fails, and keeps the earlier outcome of that claim', async () => {
    const broken = fakeClaim({ id: 'author2020-broken' });
    const where = place(registered(broken, fakeClaim()));
    await runClaims({}, where);
    const before = readResult(where.resultsFolder, broken.id);
    const breaking = { ...broken, run: () => Promise.reject(new Error('no data set')) };
    const events: string[] = [];
    const { results, failures, interrupted } = await runClaims(
      {},
      {
        ...where,
        claims: registered(breaking, fakeClaim()),
        onProgress: ({ kind, claim }: ClaimProgress) => events.push(`${kind} ${claim.id}`),
      },
    );
    expect(results.map(({ id }) => id)).toEqual(['author2020-works']);
    expect(failures).toMatchObject([{ id: 'author2020-broken', error: { message: 'no data set' } }]);
    expect(interrupted).toBe(false);
    expect(readResult(where.resultsFolder, broken.id)).toEqual(before);
    expect(events).toEqual([
      'start author2020-broken',
      'failed author2020-broken',
      'start author2020-works',
      'done author2020-works',
    ]);
  });

  it('stops at the next report of progress when cancelled, and keeps finished outcomes only', async () => {
    const stop = new AbortController();
    const endless = fakeClaim({
      id: 'author2020-endless',
      run: async ({ progress }) => {
        for (;;) await progress(0.5);
      },
    });
    const where = place(registered(fakeClaim(), endless));
    const { results, failures, interrupted } = await runClaims(
      {},
      {
        ...where,
        signal: stop.signal,
        onProgress: ({ kind }) => {
          if (kind === 'progress') stop.abort();
        },
      },
    );
    expect(interrupted).toBe(true);
    expect(results.map(({ id }) => id)).toEqual(['author2020-works']);
    expect(failures).toEqual([]);
    expect(existsSync(path.join(where.resultsFolder, 'author2020-endless.json'))).toBe(false);
  });

  it('refuses an unknown id before anything runs, and names the nearest id', async () => {
    const where = place();
    const error: unknown = await runClaims({ ids: ['author2020-work'] }, where).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ApicalError);
    expect(error).toMatchObject({
      code: 'claim.unknown',
      message: expect.stringContaining('Did you mean "author2020-works"?') as string,
    });
    expect(existsSync(where.resultsFolder)).toBe(false);
  });

  it('chooses by tier and by staleness together', async () => {
    const claims = registered(
      fakeClaim({ id: 'author2020-a' }),
      fakeClaim({ id: 'author2020-b', tier: 'quick' }),
      fakeClaim({ id: 'author2020-c' }),
    );
    const where = place(claims);
    const ran = async (...selection: Parameters<typeof runClaims>) =>
      (await runClaims(...selection)).results.map(({ id }) => id);
    expect(await ran({ tier: 'quick' }, where)).toEqual(['author2020-b']);
    expect(await ran({ ids: ['author2020-c'] }, where)).toEqual(['author2020-c']);
    expect(await ran({ stale: true, tier: 'exact' }, where)).toEqual(['author2020-a']);
    expect(await ran({ stale: true }, where)).toEqual([]);
    writeFileSync(path.join(where.source as string, 'claims/suite/author2020-b.ts'), '// another\n');
    expect(await ran({ stale: true }, where)).toEqual(['author2020-b']);
  });
});

describe('listing claims', () => {
  const staleness = (where: ReturnType<typeof place>) => listClaims(where).claims.map(({ stale }) => stale);

  it('shows the expected interval before a claim has run, and the measured figure after', async () => {
    const where = place();
    expect(listClaims(where)).toMatchObject({
      version: 1,
      kind: 'claims',
      claims: [{ status: 'not-run', measured: null, backend: null, stale: null, expected: { maximum: 0.1 } }],
    });
    await runClaims({}, where);
    expect(listClaims(where).claims[0]).toMatchObject({
      status: 'reproduced',
      measured: 0.05,
      backend: 'reference',
      stale: false,
    });
  });

  it('calls an outcome stale when the code has changed, and fresh again when the change is undone', async () => {
    const where = place();
    await runClaims({}, where);
    const kernels = path.join(where.source as string, 'backends/reference.ts');
    const before = readFileSync(kernels, 'utf8');
    writeFileSync(kernels, `${before}export const faster = true;\n`);
    expect(staleness(where)).toEqual([true]);
    writeFileSync(kernels, before);
    expect(staleness(where)).toEqual([false]);
  });

  it('leaves staleness open without sources, but calls an outcome of unknown code stale with them', async () => {
    const where = place(registered(fakeClaim()), false);
    await runClaims({}, where);
    expect(staleness(where)).toEqual([null]);
    const withSources = { ...place(), resultsFolder: where.resultsFolder };
    expect(staleness(withSources)).toEqual([true]);
  });

  it('names a result file that is not valid', async () => {
    const where = place();
    mkdirSync(where.resultsFolder);
    const file = path.join(where.resultsFolder, 'author2020-works.json');
    for (const content of ['{"version": 1', '{"version": 1, "kind": "claim-result"}']) {
      writeFileSync(file, content);
      expect(() => listClaims(where)).toThrow(file);
    }
    const { results } = await runClaims({}, { ...where, resultsFolder: temporaryFolder() });
    const [result] = results;
    if (!result) throw new Error('The claim did not run.');
    writeResult(where.resultsFolder, result);
    expect(listClaims(where).claims[0]?.status).toBe('reproduced');
  });

  it('reads an outcome of the first version, which has no fingerprint', async () => {
    const where = place();
    const { results } = await runClaims({}, where);
    const { fingerprint, renewed, ...first } = results[0] as ClaimResult;
    expect([fingerprint, renewed]).toEqual([null, null]);
    const file = path.join(where.resultsFolder, 'author2020-works.json');
    writeFileSync(file, JSON.stringify({ ...first, version: 1 }));
    expect(readResult(where.resultsFolder, 'author2020-works')).toEqual(results[0]);
    expect(staleness(where)).toEqual([false]);
  });
});
