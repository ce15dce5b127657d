import { existsSync, readFileSync } from 'node:fs';
import { ApicalError } from '../errors.ts';
import { defaultInitialisation } from '../network/initialisation.ts';
import type { Rule } from '../learning/index.ts';
import { parseConfig } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { setAt } from '../config/assignments.ts';
import { planRuns, readInput, readVariants } from '../runs/plan.ts';
import type { Variant } from '../runs/plan.ts';
import { loadActivations } from '../runs/files/activation-file.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { activationFor } from '../training/of-config/activation-of-config.ts';
import { checkOptions } from '../training/of-config/rule-options.ts';
import { checkDistinct } from '../runs/session.ts';
import { planBudget } from './halving.ts';
import type { Budget, BudgetRequest } from './halving.ts';
import {
  dimensionsFor,
  drawPoint,
  extremes,
  overlay,
  parseSpace,
  parseVary,
  showDimension,
} from './space.ts';
import type { Dimension, Point } from './space.ts';

/** Everything that determines a search: equal plans give equal trials and equal scores. */
export interface SearchPlan {
  /** The complete config that trials vary, by rule or by the name of a variant. */
  readonly configs: Readonly<Record<string, Config>>;
  readonly space: readonly Dimension[];
  /** Seed of the points that are tried; `seeds` are those of the runs. */
  readonly searchSeed: number;
  readonly seeds: readonly number[];
  /** Fraction of the training examples held out to score trials. */
  readonly validation: number;
  readonly budget: Budget;
  /** The command line that repeats the search. */
  readonly command: string;
}

/** The options of `apical search`. */
export interface SearchRequest extends Pick<BudgetRequest, 'budget' | 'eta' | 'rungs'> {
  readonly base?: string | undefined;
  readonly set: readonly string[];
  readonly rules: readonly string[];
  /** Config files, one for each rule or variant, instead of `base` and `rules`. */
  readonly files?: readonly string[] | undefined;
  readonly seeds?: readonly number[] | undefined;
  /** A JSON file of ranges; those in `vary` override it. */
  readonly space?: string | undefined;
  readonly vary: readonly string[];
  readonly searchSeed?: number | undefined;
  readonly command: string;
}

/** Fraction held out if the config names none: on MNIST, as many examples as the test set has. */
const VALIDATION = 1 / 6;

/** Keys that a search must not vary, because they define the comparison or the computation. */
const FIXED: readonly string[] = [
  ...[
    'version',
    'rule',
    'task',
    'control',
    'objective',
    'graph',
    'epochs',
    'seed',
    'probe',
    'checkpointSeconds',
  ],
  ...['backend', 'threads', 'workers'],
];

/**
 * Plans a search and checks everything that needs no data. Throws `config.…`, `search.…` and `rule.…` errors.
 */
export async function planSearch(request: SearchRequest): Promise<SearchPlan> {
  const { command, budget, eta, rungs } = request;
  const validation = validationOf(request);
  const variants = variantsOf(request);
  const rules = await loadRules(variants.map(({ config }) => config.rule));
  await loadActivations(...variants.map(({ config }) => config));
  const names = variants.map(({ name }) => name);
  const [{ config: first }] = variants as [Variant];
  checkTask(first);
  const seeds = request.seeds ?? [first.seed];
  const requested = overlay(
    request.space === undefined ? [] : readSpace(request.space, names),
    request.vary.map((text) => parseVary(text, names)),
  );
  const space = resolve(requested.length > 0 ? requested : defaultSpace(first), first);
  checkSpace(space, first);
  const varies = space.some(({ path }) => path.startsWith('network.initialisation.'));
  const plan: SearchPlan = {
    configs: Object.fromEntries(
      variants.map(({ name, config }) => [name, varies ? withInitialisation(config) : config]),
    ),
    space,
    searchSeed: request.searchSeed ?? 0,
    seeds,
    validation,
    budget: planBudget({ budget, epochs: first.epochs, seeds: seeds.length, eta, rungs }),
    command,
  };
  for (const { name, config } of variants) {
    if ([...extremeConfigs(plan, name, rules.get(config.rule) as Rule)].length > 0) continue;
    throw new ApicalError(
      'search.space',
      `Nothing varies for "${name}". Give it a range as well, such as --vary ${name}:optimiser.rate=log:0.0003..0.1.`,
    );
  }
  return plan;
}

function variantsOf({ base, set, rules, files }: SearchRequest): Variant[] {
  if (files) return readVariants(files, set);
  return planRuns({ base, set, rules }).map((config) => ({ name: config.rule, config }));
}

/** Loads the rules of a search. Throws `rule.…` errors, and `config.rules` if two rules share a name. */
export async function loadRules(references: readonly string[]): Promise<Map<string, Rule>> {
  const rules = new Map<string, Rule>();
  for (const reference of references) rules.set(reference, await loadRule(reference));
  checkDistinct(rules);
  return rules;
}

/** Returns the values of a trial for one rule or variant. */
export const pointOf = (plan: SearchPlan, name: string, trial: number): Point =>
  drawPoint(plan.space, name, plan.searchSeed, trial);

/**
 * Returns the config of a trial. It has the full length, so that schedules do not depend on where the trial stops. It
 * holds out validation examples, uses one thread, and probes nothing.
 */
export function trialConfig(plan: SearchPlan, name: string, point: Point, seed: number): Config {
  const config = withPoint(plan.configs[name] as Config, point, 'a trial of the search');
  return {
    ...config,
    seed,
    threads: 1,
    // Trials already run in parallel.
    workers: 1,
    task: { ...config.task, validation: plan.validation },
    probe: { ...config.probe, every: 0 },
  };
}

/** Returns the config of a result: the requested config with the values of a point. */
export const resultConfig = (plan: SearchPlan, name: string, point: Point): Config =>
  withPoint(plan.configs[name] as Config, point, 'the result of the search');

/**
 * Yields the trial configs of a rule at both ends of each range. Errors name the range that caused them.
 */
export function* extremeConfigs(plan: SearchPlan, name: string, rule: Rule): Generator<Config> {
  const first = pointOf(plan, name, 0);
  for (const dimension of dimensionsFor(plan.space, name)) {
    const where = `--vary ${showDimension(dimension)}`;
    for (const value of extremes(dimension.range)) {
      const point = { ...first, [dimension.path]: value };
      const { ruleOptions } = withPoint(plan.configs[name] as Config, point, where);
      try {
        checkOptions(rule, ruleOptions);
      } catch (error) {
        throw withRange(error, dimension, where, Object.keys(plan.configs).length);
      }
      yield trialConfig(plan, name, point, plan.seeds[0] as number);
    }
  }
}

function withPoint(config: Config, point: Point, where: string): Config {
  const input = structuredClone({ ...config }) as Record<string, unknown>;
  for (const [path, value] of Object.entries(point)) setAt(input, path.split('.'), value);
  return parseConfig(input, where);
}

/** Adds the range to an error, with a hint if only some of the rules may have this option. */
function withRange(error: unknown, { rule, path }: Dimension, where: string, rules: number): unknown {
  if (!(error instanceof ApicalError)) return error;
  const hint =
    rule === undefined && rules > 1
      ? ` To vary it for one rule only, put the rule first: --vary RULE:${path}=…`
      : '';
  return new ApicalError(error.code, `${where}: ${error.message}${hint}`, {}, error);
}

/** Throws `search.task`. */
function checkTask({ task: { environment } }: Config): void {
  if (environment === undefined) return;
  throw new ApicalError(
    'search.task',
    `A search scores trials on examples held out from a data set, but task.environment is "${environment}", which has none. Use \`apical compare\` instead.`,
  );
}

/** Returns the fraction to hold out. Throws `search.validation` if the config sets it to 0. */
function validationOf({ base, files, set }: SearchRequest): number {
  const { input } = readInput({ base: files?.[0] ?? base, set });
  const { validation } = (input['task'] ?? {}) as { validation?: unknown };
  if (validation === 0) {
    throw new ApicalError(
      'search.validation',
      'task.validation is 0, but a search scores trials on held-out training examples, never on test examples. Leave it out for the default of 1/6, or give a fraction such as task.validation=0.1.',
    );
  }
  return typeof validation === 'number' ? validation : VALIDATION;
}

/** Returns the default ranges: the learning rate and, if it is a relative factor, the scale of the initial weights. */
function defaultSpace({ optimiser, network, graph }: Config): Dimension[] {
  const isAdaptive = optimiser.kind === 'adam' || optimiser.kind === 'rmsprop';
  const [from, to] = isAdaptive ? [1e-4, 0.03] : [1e-3, 1];
  const rate: Dimension = { path: 'optimiser.rate', range: { kind: 'log', from, to } };
  const kind = network.initialisation?.kind ?? 'he';
  if (graph || !['he', 'glorot', 'orthogonal'].includes(kind)) return [rate];
  return [rate, { path: 'network.initialisation.scale', range: { kind: 'log', from: 0.05, to: 2 } }];
}

/** Resolves paths to a schedule into paths to its value, so that the form of the schedule stays. */
function resolve(space: readonly Dimension[], config: Config): Dimension[] {
  return space.map((dimension) => {
    let node: unknown = config;
    for (const key of dimension.path.split('.')) node = (node as Record<string, unknown> | undefined)?.[key];
    const isSchedule = typeof node === 'object' && node !== null && 'kind' in node && 'value' in node;
    const isNumeric = extremes(dimension.range).every((value) => typeof value === 'number');
    return isSchedule && isNumeric ? { ...dimension, path: `${dimension.path}.value` } : dimension;
  });
}

/** Returns a config with its initialisation written out, so that the scale can be set. */
function withInitialisation(config: Config): Config {
  const initialisation =
    config.network.initialisation ?? defaultInitialisation(activationFor(config.network.activation));
  return { ...config, network: { ...config.network, initialisation } };
}

/** Throws `search.space`. */
function checkSpace(space: readonly Dimension[], { graph }: Config): void {
  for (const { path } of space) {
    const [key = ''] = path.split('.');
    if (key === 'network' && graph) {
      throw new ApicalError(
        'search.space',
        `${path} cannot be searched, because the config has a graph instead of a network. Leave this range out.`,
      );
    }
    if (!FIXED.includes(key)) continue;
    throw new ApicalError(
      'search.space',
      `${path} cannot be searched, because all trials must have the same "${key}". Fix it with --set, --epochs or --seeds.`,
    );
  }
}

function readSpace(file: string, rules: readonly string[]): Dimension[] {
  if (!existsSync(file)) {
    throw new ApicalError(
      'search.space',
      `There is no file "${file}" for --space. Check the path, or give ranges with --vary.`,
    );
  }
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApicalError(
      'search.space',
      `The ranges in "${file}" cannot be read: ${reason}. The file must hold one JSON object.`,
    );
  }
  return parseSpace(input, rules, `The ranges in "${file}"`);
}
