import {
  ApicalError,
  assign,
  checkOptions,
  parseConfig,
  parseSeeds,
  PRESETS,
  withRule,
} from '../../src/entries/browser-internals.ts';
import type { Config, ConfigInput } from '../../src/entries/browser-internals.ts';
import type { LanePlan, Plan, Problem } from '../protocol.ts';
import { lineOf, ruleOf } from './rules.ts';

export const MOST_LANES = 4;
const MOST_SEEDS = 8;
const FALLBACK = 'digits';

/** A plan without its invalid settings, which are listed as problems. */
export interface Accepted {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  readonly seeds: readonly number[];
  /** By lane, by seed. */
  readonly configs: readonly (readonly Config[])[];
}

/** Returns a thrown value as plain data, with the line of the user's file if it was thrown there. */
export function problemOf(thrown: unknown, about?: string): Problem {
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const line = lineOf(thrown);
  return {
    code: thrown instanceof ApicalError ? thrown.code : 'internal',
    message: line === undefined || said.includes(line) ? said : `${said} (${line})`,
    ...(about === undefined ? {} : { about }),
  };
}

/** Validates a plan. Every setting is tried alone, so that an invalid value leaves out only itself. */
export function accept(plan: Plan): Accepted {
  const problems: Problem[] = [];
  /** Returns the value of `work`, or undefined after noting the problem. */
  const attempt = <Value>(about: string, work: () => Value): Value | undefined => {
    try {
      return work();
    } catch (thrown) {
      problems.push(problemOf(thrown, about));
      return undefined;
    }
  };

  const preset = attempt('preset', () => checkPreset(plan.preset)) ?? FALLBACK;
  let set = plan.set.filter(
    (assignment) => attempt(assignment, () => configOf(preset, [assignment])) !== undefined,
  );
  let config: Config | undefined;
  while (!config) {
    config = attempt(set.at(-1) ?? 'preset', () => configOf(preset, set));
    // Settings that are valid alone but not together: the last are left out.
    if (!config && set.length === 0)
      throw new ApicalError('lab.plan', `The preset "${preset}" cannot be run.`);
    if (!config) set = set.slice(0, -1);
  }
  const base = config;

  const lanes = plan.lanes.flatMap((lane): LanePlan[] => {
    const rule = attempt(`rule=${lane.rule}`, () => ruleOf(lane.rule));
    if (!rule) return [];
    const options = Object.entries(lane.options).filter(
      ([name, value]) =>
        attempt(`ruleOptions.${name}`, () => {
          checkOptions(rule, { ...withRule(base, lane.rule).ruleOptions, [name]: value });
          return true;
        }) === true,
    );
    return [{ rule: lane.rule, options: Object.fromEntries(options) }];
  });
  if (lanes.length > MOST_LANES) {
    problems.push({
      code: 'lab.lanes',
      message: `The page shows at most ${MOST_LANES} rules side by side, but the plan has ${lanes.length}. The first ${MOST_LANES} are shown.`,
      about: 'rules',
    });
    lanes.length = MOST_LANES;
  }
  if (lanes.length === 0) lanes.push({ rule: base.rule, options: {} });

  const seeds = attempt('seeds', () => checkSeeds(plan.seeds)) ?? [0];
  return {
    plan: { preset, set, lanes, seeds: seedsText(seeds) },
    problems,
    seeds,
    configs: lanes.map(({ rule, options }) => {
      const own = withRule(base, rule);
      return seeds.map((seed) => ({ ...own, ruleOptions: { ...own.ruleOptions, ...options }, seed }));
    }),
  };
}

function configOf(preset: string, set: readonly string[]): Config {
  const base: ConfigInput = PRESETS.find(({ id }) => id === preset)?.config ?? {};
  // The page has only this backend, and a config records the backend of its run.
  const input: Record<string, unknown> = { ...structuredClone(base), backend: 'wasm' };
  for (const assignment of set) assign(input, assignment);
  return parseConfig(input, preset === '' ? 'the settings' : `preset "${preset}" with these settings`);
}

function checkPreset(preset: string): string {
  if (preset === '' || PRESETS.some(({ id }) => id === preset)) return preset;
  throw new ApicalError(
    'config.unknown-preset',
    `There is no preset "${preset}". The presets are ${PRESETS.map(({ id }) => id).join(', ')}.`,
  );
}

function checkSeeds(text: string): number[] {
  const seeds = parseSeeds(text);
  if (seeds.length <= MOST_SEEDS) return seeds;
  throw new ApicalError(
    'lab.seeds',
    `The page runs at most ${MOST_SEEDS} seeds at once, but "${text}" is ${seeds.length}. Name fewer seeds.`,
  );
}

/** Returns seeds as text: "0..4" if they are consecutive, else "0,2,5". */
export function seedsText(seeds: readonly number[]): string {
  const [first = 0] = seeds;
  const follow = seeds.length > 2 && seeds.every((seed, index) => seed === first + index);
  return follow ? `${first}..${first + seeds.length - 1}` : seeds.join(',');
}

/** Returns the command line that repeats a plan: one `apical compare` if that can express it, else a line per lane. */
export function commandOf({ preset, set, lanes, seeds }: Plan): string {
  const base = configOf(preset, set);
  const rest = [
    ...(seeds === '0' ? [] : ['--seeds', seeds]),
    ...set
      .filter((assignment) => !assignment.startsWith('backend='))
      .flatMap((assignment) => ['--set', quoted(assignment)]),
    ...['--backend', set.findLast((assignment) => assignment.startsWith('backend='))?.slice(8) ?? 'wasm'],
  ];
  const isForeign = (rule: string) => rule !== base.rule && Object.keys(base.ruleOptions).length > 0;
  const optionsOf = ({ rule, options }: LanePlan) => [
    // With one rule, `apical run` gives the options of the preset to that rule.
    ...(isForeign(rule) ? ['--set', quoted('ruleOptions={}')] : []),
    ...Object.entries(options).flatMap(([name, value]) => [
      '--set',
      quoted(`ruleOptions.${name}=${JSON.stringify(value)}`),
    ]),
  ];
  const from = preset === '' ? [] : [preset];
  const plain = lanes.every(({ options }) => Object.keys(options).length === 0);
  const rules = lanes.map(({ rule }) => rule);
  const canList = new Set(rules).size === rules.length && !rules.some((rule) => rule.includes(','));
  if (lanes.length > 1 && plain && canList) {
    return ['apical', 'compare', ...from, '--rules', quoted(rules.join(',')), ...rest].join(' ');
  }
  return lanes
    .map((lane) =>
      ['apical', 'run', ...from, '--rule', quoted(lane.rule), ...optionsOf(lane), ...rest].join(' '),
    )
    .join('\n');
}

const quoted = (text: string) =>
  /^[\w.=,:/+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
