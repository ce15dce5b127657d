import { ApicalError, assign, checkOptions, parseConfig, parseSeeds, PRESETS, ruleById, withRule } from '../../src/entries/browser-internals.ts';
import type { Config, ConfigInput } from '../../src/entries/browser-internals.ts';
import type { LanePlan, Plan, Problem } from '../protocol.ts';

export const MOST_LANES = 4;
const MOST_SEEDS = 8;
const FALLBACK = 'digits';

/** A plan as it can be done: what was wrong is left out and said. */
export interface Accepted {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  readonly seeds: readonly number[];
  /** By lane, by seed. */
  readonly configs: readonly (readonly Config[])[];
}

export function problemOf(thrown: unknown, about?: string): Problem {
  const extra = about === undefined ? {} : { about };
  if (thrown instanceof ApicalError) return { code: thrown.code, message: thrown.message, ...extra };
  return { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown), ...extra };
}

/** Takes of a plan what the library takes. Every setting is tried by itself, so that one wrong value costs itself alone. */
export function accept(plan: Plan): Accepted {
  const problems: Problem[] = [];
  /** The value, or undefined with the problem noted. */
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
    // Right by themselves, wrong together: the later ones give way.
    if (!config && set.length === 0)
      throw new ApicalError('lab.plan', `The preset "${preset}" cannot be run.`);
    if (!config) set = set.slice(0, -1);
  }
  const base = config;

  const lanes = plan.lanes.flatMap((lane): LanePlan[] => {
    const rule = attempt(`rule=${lane.rule}`, () => ruleById(lane.rule));
    if (!rule) return [];
    const options = Object.entries(lane.options).filter(
      ([name, value]) =>
        attempt(`ruleOptions.${name}`, () => {
          checkOptions(rule, { ...withRule(base, rule.id).ruleOptions, [name]: value });
          return true;
        }) === true,
    );
    return [{ rule: rule.id, options: Object.fromEntries(options) }];
  });
  if (lanes.length > MOST_LANES) {
    problems.push({
      code: 'lab.lanes',
      message: `The page shows up to ${MOST_LANES} rules side by side, and ${lanes.length} are asked for: the first ${MOST_LANES} are taken.`,
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
  // The page has this backend alone, and a config says what it was run on.
  const input: Record<string, unknown> = { ...structuredClone(base), backend: 'wasm' };
  for (const assignment of set) assign(input, assignment);
  return parseConfig(input, preset === '' ? 'the settings' : `preset "${preset}" with these settings`);
}

function checkPreset(preset: string): string {
  if (preset === '' || PRESETS.some(({ id }) => id === preset)) return preset;
  throw new ApicalError(
    'config.unknown-preset',
    `There is no preset "${preset}". Presets: ${PRESETS.map(({ id }) => id).join(', ')}.`,
  );
}

function checkSeeds(text: string): number[] {
  const seeds = parseSeeds(text);
  if (seeds.length <= MOST_SEEDS) return seeds;
  throw new ApicalError(
    'lab.seeds',
    `The page runs up to ${MOST_SEEDS} seeds at once, but "${text}" is ${seeds.length}.`,
  );
}

/** "0..4" where seeds follow each other, else "0,2,5". */
export function seedsText(seeds: readonly number[]): string {
  const [first = 0] = seeds;
  const follow = seeds.length > 2 && seeds.every((seed, index) => seed === first + index);
  return follow ? `${first}..${first + seeds.length - 1}` : seeds.join(',');
}

/** The command line that repeats a plan: one comparison where its words can say it, else one line a lane. */
export function commandOf({ preset, set, lanes, seeds }: Plan): string {
  const base = configOf(preset, set);
  const rest = [
    ...(seeds === '0' ? [] : ['--seeds', seeds]),
    ...set
      .filter((assignment) => !assignment.startsWith('backend='))
      .flatMap((assignment) => ['--set', quoted(assignment)]),
    ...['--backend', set.findLast((assignment) => assignment.startsWith('backend='))?.slice(8) ?? 'wasm'],
  ];
  const foreign = (rule: string) => rule !== base.rule && Object.keys(base.ruleOptions).length > 0;
  const optionsOf = ({ rule, options }: LanePlan) => [
    // With one rule, a command's options are meant for it, whichever the preset names.
    ...(foreign(rule) ? ['--set', quoted('ruleOptions={}')] : []),
    ...Object.entries(options).flatMap(([name, value]) => [
      '--set',
      quoted(`ruleOptions.${name}=${JSON.stringify(value)}`),
    ]),
  ];
  const from = preset === '' ? [] : [preset];
  const plain = lanes.every(({ options }) => Object.keys(options).length === 0);
  const distinct = new Set(lanes.map(({ rule }) => rule)).size === lanes.length;
  if (lanes.length > 1 && plain && distinct) {
    return ['apical', 'compare', ...from, '--rules', lanes.map(({ rule }) => rule).join(','), ...rest].join(
      ' ',
    );
  }
  return lanes
    .map((lane) => ['apical', 'run', ...from, '--rule', lane.rule, ...optionsOf(lane), ...rest].join(' '))
    .join('\n');
}

const quoted = (text: string) =>
  /^[\w.=,:/+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
