import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkClaims, listClaims, readResult, runClaims } from '../../src/claims/index.ts';
import type { ClaimProgress } from '../../src/claims/index.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { fakeClaim, placeOf, registered, tinyTraining } from './fixture.ts';

/*
 * Verdicts of claims that train, after the code has changed.
 */

const ID = 'author2020-works';

/** Runs a claim once, in a source tree of its own. It trains `state.config`, and `state.runs` counts its runs. */
async function reproduced() {
  const state = { runs: 0, config: tinyTraining('backprop') };
  const claim = fakeClaim({
    seeds: [0],
    trainings: () => [state.config],
    async run({ train }) {
      state.runs += 1;
      const { document } = await train(state.config);
      const error = document.test?.error ?? NaN;
      return { measured: { error: 0.05, angle: 30 }, perSeed: [{ seed: 0, values: { error } }] };
    },
  });
  const where = placeOf(registered(claim));
  await runClaims({}, where);
  return {
    ...{ state, where },
    /** Changes a file below src. */
    edit: (file: string) => {
      appendFileSync(path.join(where.source as string, file), 'export const changed = 1;\n');
    },
    kept: () => readResult(where.resultsFolder, ID),
    entry: () => listClaims(where).claims[0],
    /** Runs stale claims, and returns the kinds of events. */
    runStale: async (): Promise<string[]> => {
      const events: ClaimProgress[] = [];
      const { failures } = await runClaims(
        { stale: true },
        { ...where, onProgress: (event) => events.push(event) },
      );
      expect(failures).toEqual([]);
      return events.map(({ kind }) => kind).filter((kind) => kind !== 'progress');
    },
  };
}

const SHARED = 'training/example-training.ts';
const OWN = `claims/suite/${ID}.ts`;
/** Simulates a library that now trains differently. */
const OTHERWISE: ConfigInput = { ...tinyTraining('backprop'), optimiser: { rate: 0.011 } };

describe('when shared code has changed', () => {
  it('a verdict is unchecked, and renewed without training if the fingerprint is unchanged', async () => {
    const { state, edit, kept, entry, runStale } = await reproduced();
    const before = kept();
    expect(before?.fingerprint?.trainings).toMatchObject([{ training: 'backprop, seed 0' }]);
    expect(entry()).toMatchObject({ stale: false, unchecked: false, renewed: null });
    edit(SHARED);
    expect(entry()).toMatchObject({ stale: null, unchecked: true, renewed: null });
    expect(await runStale()).toEqual(['start', 'renewed']);
    expect(state.runs).toBe(1);
    const after = kept();
    expect(after?.renewed).toMatchObject({ because: 'fingerprint' });
    expect(after?.codeHash).not.toBe(before?.codeHash);
    expect({ ...after, renewed: null, codeHash: before?.codeHash }).toEqual(before);
    expect(entry()).toMatchObject({ stale: false, unchecked: false, renewed: after?.renewed });
    expect(await runStale()).toEqual([]);
  });

  it('a claim is run again if the fingerprint has changed', async () => {
    const { state, edit, kept, runStale } = await reproduced();
    edit(SHARED);
    state.config = OTHERWISE;
    expect(await runStale()).toEqual(['start', 'changed', 'done']);
    expect(state.runs).toBe(2);
    expect(kept()?.renewed).toBe(null);
  });
});

describe('when the claim’s own code has changed', () => {
  it('the verdict is stale, and the claim is run again on the kept training', async () => {
    const { state, edit, entry, runStale } = await reproduced();
    edit(OWN);
    expect(entry()).toMatchObject({ stale: true, unchecked: false });
    expect(await runStale()).toEqual(['start', 'done']);
    expect(state.runs).toBe(2);
    expect(entry()).toMatchObject({ stale: false, unchecked: false });
  });
});

describe('checking fingerprints', () => {
  it('names the trainings that have changed, and writes nothing', async () => {
    const { state, where, edit, kept } = await reproduced();
    const before = kept();
    const outcome = async () => {
      const { checks, failures, interrupted } = await checkClaims([], where);
      expect([failures, interrupted]).toEqual([[], false]);
      return checks;
    };
    expect(await outcome()).toMatchObject([{ id: ID, outcome: 'unchanged', trainings: 1, changed: [] }]);
    edit(SHARED);
    expect(await outcome()).toMatchObject([{ outcome: 'unchanged' }]);
    edit(OWN);
    expect(await outcome()).toMatchObject([{ outcome: 'evaluation-changed' }]);
    state.config = OTHERWISE;
    expect(await outcome()).toMatchObject([{ outcome: 'changed', changed: ['1 (backprop, seed 0)'] }]);
    expect(kept()).toEqual(before);
  });

  it('marks a verdict as stale on request, after which there is nothing to compare', async () => {
    const { state, where, kept, entry } = await reproduced();
    state.config = OTHERWISE;
    await checkClaims([], { ...where, markStale: true });
    expect(kept()?.fingerprint).toBe(null);
    expect(entry()).toMatchObject({ status: 'reproduced', stale: true, unchecked: false });
    expect((await checkClaims([], where)).checks).toMatchObject([{ outcome: 'unknown', trainings: 0 }]);
  });

  it('leaves out claims that do not train, and refuses them when named', async () => {
    const where = placeOf(registered(fakeClaim()));
    expect((await checkClaims([], where)).checks).toEqual([]);
    await expect(checkClaims([ID], where)).rejects.toMatchObject({ code: 'claim.no-trainings' });
    await expect(checkClaims(['author2020-work'], where)).rejects.toMatchObject({ code: 'claim.unknown' });
  });

  it('stops between two trainings when cancelled', async () => {
    const { where } = await reproduced();
    const stop = new AbortController();
    stop.abort();
    const { checks, interrupted } = await checkClaims([], { ...where, signal: stop.signal });
    expect([checks, interrupted]).toEqual([[], true]);
  });
});
