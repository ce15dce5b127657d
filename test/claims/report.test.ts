import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { claimStandings, renderClaimsReport, runClaims } from '../../src/claims/index.ts';
import type { Claim, ClaimStanding } from '../../src/claims/index.ts';
import { fakeClaim, registered, temporaryFolder } from './fixture.ts';

const SOURCES = {
  lillicrap2016: {
    title: 'Random synaptic feedback weights',
    authors: ['Timothy P. Lillicrap', 'Daniel Cownden'],
    year: 2016,
    venue: 'Nature Communications 7, 13276',
    doi: '10.1038/ncomms13276',
  },
};

/** Returns the page after running the claims with ids `run`, as text and as a document. */
async function reportOf(claims: readonly Claim[], run: readonly string[]) {
  const place = { claims: registered(...claims), resultsFolder: temporaryFolder(), source: null };
  if (run.length > 0) await runClaims({ ids: run }, place);
  const text = renderClaimsReport({ standings: claimStandings(place), sources: SOURCES, apical: '1.2.3' });
  return { text, document: parseHTML(text).document };
}

describe('the report on claims', () => {
  it('counts outcomes in the heading and gives every claim a section, a source and a command', async () => {
    const partly = fakeClaim({
      id: 'author2020-partly',
      title: 'It half works',
      run: () => Promise.resolve({ measured: { error: 0.5, angle: 31 }, perSeed: [] }),
    });
    const waiting = fakeClaim({ id: 'author2020-waiting', tier: 'full' });
    const { document } = await reportOf(
      [fakeClaim(), partly, waiting],
      ['author2020-works', 'author2020-partly'],
    );
    expect(document.querySelector('h1')?.textContent).toBe(
      '1 of 3 claims reproduced, 1 partly reproduced and 1 not run',
    );
    for (const id of ['author2020-works', 'author2020-partly', 'author2020-waiting']) {
      const section = document.querySelector(`section[aria-labelledby="${id}"]`);
      expect(section?.querySelector('.source a')?.getAttribute('href')).toBe(
        'https://doi.org/10.1038/ncomms13276',
      );
      expect(section?.querySelector('pre')?.textContent).toBe(`apical claims run ${id}`);
      expect(document.querySelector(`a[href="#${id}"]`)).not.toBeNull();
    }
  });

  it('draws a dot for each seed, and the figure inside the band exactly when the condition holds', async () => {
    const failing = fakeClaim({
      id: 'author2020-fails',
      run: ({ seeds }) =>
        Promise.resolve({
          measured: { error: 0.3, angle: 10 },
          perSeed: seeds.map((seed) => ({ seed, values: { error: 0.3, angle: 10 } })),
        }),
    });
    const { document } = await reportOf([fakeClaim(), failing], ['author2020-works', 'author2020-fails']);
    const bars = [...document.querySelectorAll('svg.interval')];
    expect(bars).toHaveLength(4);
    for (const [index, bar] of bars.entries()) {
      expect(bar.querySelectorAll('circle.seed')).toHaveLength(2);
      const band = bar.querySelector('rect.expected');
      const from = Number(band?.getAttribute('x'));
      const to = from + Number(band?.getAttribute('width'));
      const diamond = Number(/^M([\d.]+) /.exec(bar.querySelector('path')?.getAttribute('d') ?? '')?.[1]) + 8;
      expect(diamond >= from && diamond <= to).toBe(index < 2);
      expect(bar.getAttribute('aria-label')).toMatch(index < 2 ? /: holds$/ : /: does not hold$/);
    }
  });

  it('draws seeds that differ by powers of ten, single values and diverged figures', async () => {
    const spread = fakeClaim({
      id: 'author2020-spread',
      conditions: [{ id: 'error', statement: 'Error', unit: '', expected: { maximum: 1e-3, text: 'small' } }],
      run: () =>
        Promise.resolve({
          measured: { error: 1e-4 },
          perSeed: [1e-9, 1e-6, 1e-4].map((error, seed) => ({ seed, values: { error } })),
        }),
    });
    const diverged = fakeClaim({
      id: 'author2020-diverged',
      run: () => Promise.resolve({ measured: { error: NaN, angle: 0 }, perSeed: [] }),
    });
    const { text, document } = await reportOf(
      [spread, diverged],
      ['author2020-spread', 'author2020-diverged'],
    );
    expect(text).not.toContain('NaN');
    expect(text).toContain('not finite');
    const [bar] = document.querySelectorAll('svg.interval');
    const places = [...(bar?.querySelectorAll('circle') ?? [])].map((dot) => Number(dot.getAttribute('cx')));
    // Three powers of ten against two: nearly in the proportion of the logarithms.
    const [a = 0, b = 0, c = 0] = places;
    expect((b - a) / (c - b)).toBeCloseTo(1.5, 1);
  });

  it('escapes all texts of a claim, and loads nothing from the network', async () => {
    const evil = '<script>alert("x")</script> & </style>';
    const claim = fakeClaim({
      title: evil,
      statement: evil,
      conditions: [{ id: 'error', statement: evil, unit: evil, expected: { maximum: 1, text: evil } }],
      run: () =>
        Promise.resolve({
          measured: { error: 0 },
          perSeed: [{ seed: 0, values: { error: 0, [evil]: 1 } }],
          details: { [evil]: 1 },
          note: evil,
        }),
    });
    const { text, document } = await reportOf([claim], ['author2020-works']);
    expect(text).not.toContain('<script');
    expect(document.querySelector('h2#author2020-works')?.textContent).toBe(evil);
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]');
    expect(policy?.getAttribute('content')).toContain("default-src 'none'");
    for (const element of document.querySelectorAll('[src], link')) expect(element.outerHTML).toBe('');
  });

  it('marks outcomes that are stale, unchecked or renewed', async () => {
    const place = { claims: registered(fakeClaim()), resultsFolder: temporaryFolder(), source: null };
    await runClaims({}, place);
    const [standing] = claimStandings(place);
    if (!standing) throw new Error('There is no claim.');
    const render = (changes: Partial<ClaimStanding>) =>
      renderClaimsReport({ standings: [{ ...standing, ...changes }], sources: SOURCES, apical: '1.2.3' });
    expect(render({ stale: true })).toContain('stale: the code has changed since');
    expect(render({ stale: null, unchecked: true })).toContain('unchecked: shared code has changed since');
    for (const stale of [false, null]) expect(render({ stale })).not.toContain('code has changed since');
    const { result } = standing;
    if (!result) throw new Error('The claim has no result.');
    const renewed = {
      date: '2026-12-01T10:00:00.000Z',
      commit: 'abcdef0123456789',
      because: 'fingerprint',
    } as const;
    expect(render({ result: { ...result, renewed } })).toContain('2026-12-01, at commit abcdef012345: ');
    expect(render({})).not.toContain('Renewed');
  });
});
