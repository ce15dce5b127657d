import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { accept, commandOf } from '../../lab/engine/plan.ts';
import { EXHIBITS } from '../../lab/exhibits/index.ts';
import { centred } from '../../lab/parts/network/pixels.ts';
import { chartSvg } from '../../lab/parts/charts/chart-svg.ts';
import { addressOf, parseAddress } from '../../lab/state/address.ts';
import { en } from '../../lab/text/en.ts';
import { zh } from '../../lab/text/zh.ts';
import { identityOf, planRuns, RULES } from '../../src/entries/internals.ts';

const bibliography = JSON.parse(
  readFileSync(new URL('../../docs/bibliography.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

describe('addresses', () => {
  test('are written from a state and parsed back', () => {
    const state = {
      view: 'lab',
      item: null,
      plan: {
        preset: 'digits',
        set: ['network.hidden=[64,32]', 'optimiser.rate={"kind":"cosine","value":0.01}'],
        lanes: [
          { rule: 'backprop', options: {} },
          { rule: 'feedback-alignment', options: { scale: 2, wiring: 'disjoint' } },
        ],
        seeds: '0..4',
      },
      step: 1234,
      sight: { area: 'hidden1', unit: 7, projection: 'hidden1→output', example: 3, lens: 'error', speed: 4 },
    } as const;
    const { address, problems } = parseAddress(addressOf(state));
    expect(address).toEqual(state);
    expect(problems).toEqual([]);
  });

  test('leave out what is invalid, with a problem for each', () => {
    const { address, problems } = parseAddress(
      '#/nowhere?preset=rings&rule=backprop~{1&unit=-1&lens=x&speed=fast&foo=1',
    );
    expect(address.view).toBe('lab');
    expect(address.plan?.lanes).toEqual([{ rule: 'backprop', options: {} }]);
    expect(address.sight).toEqual({});
    expect(problems.map(({ about }) => about).sort()).toEqual(
      ['foo', 'lens', 'nowhere', 'rule=backprop', 'speed', 'unit'].sort(),
    );
    expect(parseAddress('#%E0%A4%A').address.view).toBe('lab');
  });
});

describe('plans', () => {
  test('the command of a plan gives the same configs', () => {
    for (const lanes of [
      [{ rule: 'backprop', options: {} }],
      [
        { rule: 'backprop', options: {} },
        { rule: 'feedback-alignment', options: {} },
      ],
      [
        { rule: 'feedback-alignment', options: { scale: 2 } },
        { rule: 'feedback-alignment', options: {} },
      ],
    ]) {
      // The preset has a rule with options, which other rules must not get.
      const { plan, configs, problems } = accept({
        preset: 'linear-teacher',
        set: ['network.hidden=[25]', 'task.trainExamples=100'],
        lanes,
        seeds: '1,2',
      });
      expect(problems).toEqual([]);
      const repeated = commandOf(plan).split('\n').flatMap(runsOf);
      expect(repeated.map(identityOf).sort()).toEqual(configs.flat().map(identityOf).sort());
    }
  });

  test('settings that are valid alone but not together are left out from the last', () => {
    const { plan, problems } = accept({
      preset: 'bandit',
      set: ['epochs=2', 'task.dataset=mnist'],
      lanes: [{ rule: 'backprop', options: {} }],
      seeds: '0',
    });
    expect(plan.set).toEqual(['epochs=2']);
    expect(problems[0]?.message).toContain('has no place beside task.environment');
  });
});

/** Returns the configs that `apical run` or `apical compare` makes of a command line. */
function runsOf(line: string) {
  const words = (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'|'$/g, ''));
  const after = (name: string) =>
    words.flatMap((word, index) => (word === name ? [words[index + 1] ?? ''] : []));
  return planRuns({
    base: words[2],
    set: [...after('--set'), `backend=${after('--backend')[0] ?? ''}`],
    rules: [...after('--rule'), ...(after('--rules')[0]?.split(',') ?? [])],
    seeds: [1, 2],
  });
}

describe('exhibits', () => {
  test.each(EXHIBITS.map((exhibit) => [exhibit.id, exhibit] as const))(
    '%s has a valid plan, sources and texts',
    (id, exhibit) => {
      const { problems, configs } = accept(exhibit.plan);
      expect(problems).toEqual([]);
      expect(configs.flat().length).toBeGreaterThan(0);
      for (const key of exhibit.cites) expect(Object.keys(bibliography)).toContain(key);
      for (const { exhibits } of [en, zh]) expect(exhibits[id]?.look.length).toBeGreaterThan(0);
      expect(RULES.map(({ family }) => family)).toContain(exhibit.family);
      expect(
        parseAddress(addressOf({ view: 'exhibits', item: id, plan: undefined, step: 0, sight: {} })).address
          .item,
      ).toBe(id);
    },
  );
});

test('a drawing is scaled and centred by its mass, as the digits of MNIST were', () => {
  const side = 100;
  const ink = new Float32Array(side * side);
  // A bar in a corner, 10 wide and 40 high.
  for (let y = 2; y < 42; y++) for (let x = 85; x < 95; x++) ink[y * side + x] = 1;
  const pixels = centred(ink, side, 28, 28);
  const rows = Array.from({ length: 28 }, (_, row) =>
    pixels.slice(28 * row, 28 * row + 28).some((value) => value > 127),
  );
  expect(rows.filter(Boolean)).toHaveLength(20);
  const mass = (of: (index: number) => number) =>
    pixels.reduce((sum, value, index) => sum + value * of(index), 0);
  const total = mass(() => 1);
  expect(mass((index) => (index % 28) + 0.5) / total).toBeCloseTo(14, 0);
  expect(mass((index) => Math.floor(index / 28) + 0.5) / total).toBeCloseTo(14, 0);
  expect(centred(new Float32Array(side * side), side, 28, 28).every((value) => value === 0)).toBe(true);
});

test('an exported chart has its title, its names and every seed', () => {
  const svg = chartSvg({
    title: 'Error & <loss>',
    horizontal: 'epochs',
    logarithmic: true,
    format: String,
    reference: undefined,
    lines: [
      {
        name: undefined,
        colour: '#000000',
        dash: [],
        points: [
          [0, 1],
          [1, 0.1],
        ],
      },
      {
        name: 'Backpropagation',
        colour: '#000000',
        dash: [],
        points: [
          [0, 1],
          [1, 0.2],
          [2, Number.NaN],
        ],
      },
    ],
  });
  expect(svg).toContain('Error &#38; &#60;loss&#62;');
  expect(svg).toContain('Backpropagation');
  expect(svg.match(/<path d="M64\.0/g)).toHaveLength(2);
  expect(svg).not.toContain('NaN');
});
