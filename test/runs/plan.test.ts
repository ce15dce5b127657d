import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApicalError } from '../../src/errors.ts';
import { parseConfig } from '../../src/config/config.ts';
import { assign, parseSeeds } from '../../src/config/assignments.ts';
import { planRuns } from '../../src/runs/plan.ts';
import { PRESETS } from '../../src/config/presets.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'apical-plan-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('planned runs', () => {
  test('are every rule for every seed, seed by seed, all else equal', () => {
    const runs = planRuns({
      base: 'rings',
      set: [],
      rules: ['backprop', 'feedback-alignment'],
      seeds: [4, 2],
    });
    expect(runs.map(({ rule, seed }) => `${rule} ${seed}`)).toEqual([
      'backprop 4',
      'feedback-alignment 4',
      'backprop 2',
      'feedback-alignment 2',
    ]);
    expect(new Set(runs.map((run) => JSON.stringify({ ...run, rule: '', seed: 0 }))).size).toBe(1);
  });

  test('start from a preset, a file or the defaults; --set overrides them in order', () => {
    const file = path.join(folder, 'mine.json');
    writeFileSync(file, JSON.stringify({ batch: 7, network: { hidden: [3] } }));
    const [fromFile] = planRuns({ base: file, set: ['network.hidden=[4,5]', 'batch=8', 'batch=9'] });
    expect(fromFile).toEqual(parseConfig({ batch: 9, network: { hidden: [4, 5] } }));
    const [preset] = PRESETS;
    expect(planRuns({ base: preset?.id, set: [] })).toEqual([parseConfig(preset?.config)]);
    expect(planRuns({ set: [] })).toEqual([parseConfig({})]);
  });

  test('do not change the preset', () => {
    const before = planRuns({ base: 'rings', set: [] });
    planRuns({ base: 'rings', set: ['network.hidden=[1]', 'optimiser.rate=9', 'task.options.noise=1'] });
    expect(planRuns({ base: 'rings', set: [] })).toEqual(before);
  });

  test('give options only to the rule that the config names', () => {
    const set = ['rule=feedback-alignment', 'ruleOptions.scale=2'];
    const runs = planRuns({ set, rules: ['backprop', 'feedback-alignment'] });
    expect(runs.map(({ ruleOptions }) => ruleOptions)).toEqual([{}, { scale: 2 }]);
    expect(planRuns({ set: ['ruleOptions.scale=2'], rules: ['feedback-alignment'] })[0]?.ruleOptions).toEqual(
      {
        scale: 2,
      },
    );
  });

  test('start from the config of a folder and change only what is set', () => {
    const config = parseConfig({ seed: 3, batch: 5 });
    const from = { config, name: 'the run in here' };
    expect(planRuns({ from, set: ['epochs=9'] })).toEqual([{ ...config, epochs: 9 }]);
    expect(config.epochs).toBe(5);
    expect(() => planRuns({ from, set: ['epochs=0'] })).toThrow(/the run in here with --set: epochs/);
  });
});

describe('--set', () => {
  const set = (assignment: string) => {
    const input = {};
    assign(input, assignment);
    return input;
  };

  test('parses JSON, or else takes the text', () => {
    expect(set('a.b=1e-3')).toEqual({ a: { b: 0.001 } });
    expect(set('a=[1,2]')).toEqual({ a: [1, 2] });
    expect(set('a=true')).toEqual({ a: true });
    expect(set('a=relu')).toEqual({ a: 'relu' });
    expect(set('a=x=y')).toEqual({ a: 'x=y' });
    expect(set(' a . b = 1 '.replaceAll(' . ', '.'))).toEqual({ a: { b: 1 } });
  });

  test('changes no object but the config', () => {
    for (const path of ['__proto__.polluted', 'constructor.prototype.polluted', 'a.__proto__.polluted']) {
      set(`${path}=1`);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    }
  });
});

describe('--seeds', () => {
  test('accepts numbers and ranges', () => {
    expect(parseSeeds('3')).toEqual([3]);
    expect(parseSeeds('0..4')).toEqual([0, 1, 2, 3, 4]);
    expect(parseSeeds('0, 2,5..6')).toEqual([0, 2, 5, 6]);
  });

  test('refuses everything else in one message', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9.,\- ax]*$/), (text) => {
        try {
          const seeds = parseSeeds(text);
          expect(seeds.length).toBeGreaterThan(0);
          expect(new Set(seeds).size).toBe(seeds.length);
          expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
        } catch (thrown) {
          if (!(thrown instanceof ApicalError)) throw thrown;
          expect(thrown.message).toContain(`"${text}"`);
        }
      }),
    );
  });
});
