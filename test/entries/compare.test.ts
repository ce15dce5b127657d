import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compare, train } from '../../src/entries/index.ts';
import type { CompareOptions, Rule } from '../../src/entries/index.ts';
import { closedBackends, expectRefusal, long, mine, small } from './fixture.ts';

const two: CompareOptions = { ...small, rules: ['backprop', 'feedback-alignment'], seeds: [1, 2] };

describe('a comparison', () => {
  test('has one document per rule and seed, means with intervals, and paired differences', async () => {
    const { runs, summary, paired, records, warnings } = await compare(two);
    expect(runs.map(({ rule, seed, status }) => [rule, seed, status])).toEqual([
      ['backprop', 1, 'done'],
      ['feedback-alignment', 1, 'done'],
      ['backprop', 2, 'done'],
      ['feedback-alignment', 2, 'done'],
    ]);
    const errors = summary.filter(({ metric }) => metric === 'test error');
    expect(errors.map(({ rule, seeds }) => [rule, seeds])).toEqual([
      ['backprop', [1, 2]],
      ['feedback-alignment', [1, 2]],
    ]);
    const [first, second] = errors as [(typeof errors)[0], (typeof errors)[0]];
    expect(first.interval).toBeGreaterThanOrEqual(0);
    const difference = paired.find(({ metric }) => metric === 'test error');
    expect(difference).toMatchObject({ first: 'backprop', second: 'feedback-alignment', seeds: [1, 2] });
    expect(difference?.mean).toBeCloseTo(first.mean - second.mean, 12);
    expect(records.length).toBeGreaterThan(0);
    expect(warnings).toEqual([]);
  });

  test('gives records with rule and seed; the rules of one seed take turns', async () => {
    const comparison = compare({ ...two, epochs: 100 });
    const names: string[] = [];
    for await (const { rule, seed, kind } of comparison) {
      if (kind === 'evaluation') names.push(`${rule} ${seed}`);
    }
    const firstSeed = names.slice(0, 200);
    expect(new Set(firstSeed)).toEqual(new Set(['backprop 1', 'feedback-alignment 1']));
    expect(firstSeed).not.toEqual([...firstSeed].sort());
    expect((await comparison).records.length).toBeGreaterThan(names.length);
  });

  test('gives each run the same result as alone, and writes nothing', async () => {
    const here = process.cwd();
    const folder = mkdtempSync(path.join(tmpdir(), 'apical-compare-'));
    process.chdir(folder);
    try {
      const { runs } = await compare(two);
      const alone = await train({ ...small, rule: 'feedback-alignment', seed: 2 });
      const beside = runs.find(({ rule, seed }) => rule === 'feedback-alignment' && seed === 2);
      expect(beside).toMatchObject({ id: alone.identity, test: alone.metrics.test });
      expect(readdirSync('.')).toEqual([]);
      alone.dispose();
    } finally {
      process.chdir(here);
      rmSync(folder, { recursive: true });
    }
  });

  test('takes a rule more than once, each with options and a name', async () => {
    const { runs, summary } = await compare({
      ...small,
      rules: [
        mine,
        'feedback-alignment',
        { rule: 'feedback-alignment', ruleOptions: { scale: 3 }, name: 'scaled' },
      ],
    });
    expect(runs.map(({ rule, variant }) => variant ?? rule)).toEqual([
      'mine',
      'feedback-alignment',
      'scaled',
    ]);
    expect(new Set(summary.map(({ rule }) => rule))).toEqual(
      new Set(['mine', 'feedback-alignment', 'scaled']),
    );
  });

  test('continues when a run fails, and reports its error', async () => {
    const failing: Rule = {
      ...mine,
      id: 'failing',
      learn() {
        throw new Error('no idea');
      },
    };
    const { runs, summary } = await compare({ ...small, rules: ['backprop', failing] });
    expect(runs[0]).toMatchObject({ status: 'done' });
    expect(runs[1]).toMatchObject({ status: 'failed', failure: { code: 'run.rule-failed' } });
    expect(summary.every(({ rule }) => rule === 'backprop')).toBe(true);
  });

  test('is stopped by leaving its loop and by its signal, and frees its backend', async () => {
    const closed = await closedBackends(async () => {
      const left = compare({ ...long, rules: two.rules });
      for await (const { kind } of left) if (kind === 'evaluation') break;
      await expectRefusal(left, 'run.left');
      const controller = new AbortController();
      const stopped = compare({ ...long, rules: two.rules, signal: controller.signal });
      const visit = async () => {
        for await (const { kind } of stopped) if (kind === 'evaluation') controller.abort();
      };
      await expect(visit()).rejects.toMatchObject({ name: 'AbortError' });
      await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    });
    expect(closed).toBe(2);
  });

  test('stops if one run cannot begin', async () => {
    const refusing: Rule = { ...mine, id: 'refusing', network: { refuses: () => 'it has no taste for it' } };
    const closed = await closedBackends(() =>
      expectRefusal(compare({ ...long, rules: ['backprop', refusing] }), 'rule.network', 'no taste'),
    );
    expect(closed).toBe(1);
  });
});

describe('an error in the options of compare is one sentence', () => {
  test.each([
    ['no rules', { rules: undefined }, 'train.options', 'rules is missing: give an array such as'],
    ['an empty list', { rules: [] }, 'train.options', 'rules is empty'],
    ['one rule', { rules: 'backprop' }, 'train.options', 'rules is "backprop"'],
    ['an unknown rule', { rules: ['backprob'] }, 'rule.unknown', 'Did you mean "backprop"?'],
    ['a rule twice', { rules: ['backprop', 'backprop'] }, 'config.rules', 'give it a name'],
    ['a seed twice', { rules: ['backprop'], seeds: [1, 1] }, 'config.rules', 'seed 1 twice'],
    ['no seeds', { rules: ['backprop'], seeds: [] }, 'train.options', 'seeds is empty'],
    ['half a seed', { rules: ['backprop'], seeds: [0.5] }, 'config.invalid', 'seed: must be a whole number'],
    ['a number', { rules: [5] }, 'train.options', 'rules[0] is 5'],
    [
      'an unknown key of a rule',
      { rules: [{ rule: 'backprop', options: {} }] },
      'train.options',
      'rules[0] has no option "options"',
    ],
    ['rule', { rules: ['backprop'], rule: 'backprop' }, 'train.options', 'compare has no option "rule"'],
    [
      'ruleOptions',
      { rules: ['backprop'], ruleOptions: {} },
      'train.options',
      'compare has no option "ruleOptions"',
    ],
  ])('%s', async (_, wrong, code, words) => {
    await expectRefusal(compare({ ...small, ...wrong } as unknown as CompareOptions), code, words);
  });
});
