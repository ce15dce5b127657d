import { existsSync, readFileSync } from 'node:fs';
import { ApicalError } from '../errors.ts';
import { defaultInitialisation } from '../network/initialisation.ts';
import type { Rule } from '../learning/index.ts';
import { parseConfig } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { setAt } from '../config/assignments.ts';
import { planRuns, readInput, readVariants } from '../runs/plan.ts';
import type { Variant } from '../runs/plan.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { checkOptions } from '../training/rule-options.ts';
import { checkDistinct } from '../runs/session.ts';
import { planBudget } from './halving.ts';
import type { Budget, BudgetRequest } from './halving.ts';
import { dimensionsFor, drawPoint, extremes, overlay, parseSpace, parseVary, showDimension } from './space.ts';
import type { Dimension, Point } from './space.ts';

/** All that decides a search: the same plan gives the same trials, judged alike. */
export interface SearchPlan {
  /** By rule, or by the name of a variant of it: the complete config that the trials vary. */
  readonly configs: Readonly<Record<string, Config>>;
  readonly space: readonly Dimension[];
  /** Decides the points that are tried; seeds decide the runs. */
  readonly searchSeed: number;
  readonly seeds: readonly number[];
  /** Share of the training examples on which trials are judged. */
  readonly validation: number;
  readonly budget: Budget;
  /** The command line that repeats it. */
  readonly command: string;
}

/** What a command line asks for. */
export interface SearchRequest extends Pick<BudgetRequest, 'budget' | 'eta' | 'rungs'> {
  readonly base?: string | undefined;
  readonly set: readonly string[];
  readonly rules: readonly string[];
  /** In the place of base and rules: config files, one a rule or variant. */
  readonly files?: readonly string[] | undefined;
  readonly seeds?: readonly number[] | undefined;
  /** A file with a space, and ranges over it. */
  readonly space?: string | undefined;
  readonly vary: readonly string[];
  readonly searchSeed?: number | undefined;
  readonly command: string;
}

/** Where a config holds nothing out for validation: as much of MNIST as it has test examples. */
const VALIDATION = 1 / 6;

/** What a search compares, or where and how it computes: not what it may vary. */
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

/** Plans a search, and checks all that can be checked before data are read. Throws `config.…`, `search.…`, `rule.…`. */
export async function planSearch(request: SearchRequest): Promise<SearchPlan> {
  const { command, budget, eta, rungs } = request;
  const validation = validationOf(request);
  const variants = variantsOf(request);
  const rules = await loadRules(variants.map(({ config }) => config.rule));
  const names = variants.map(({ name }) => name);
  const [{ config: first }] = variants as [Variant];
  checkTask(first);
  const seeds = request.seeds ?? [first.seed];
  const asked = overlay(
    request.space === undefined ? [] : readSpace(request.space, names),
    request.vary.map((text) => parseVary(text, names)),
  );
  const space = resolve(asked.length > 0 ? asked : defaultSpace(first), first);
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
      `Nothing varies for "${name}". Give it a range too, such as --vary optimiser.rate=log:0.0003..0.1.`,
    );
  }
  return plan;
}

function variantsOf({ base, set, rules, files }: SearchRequest): Variant[] {
  if (files) return readVariants(files, set);
  return planRuns({ base, set, rules }).map((config) => ({ name: config.rule, config }));
}

/** The rules of a search. Throws `rule.…`, and `config.rules` when two cannot be told apart. */
export async function loadRules(references: readonly string[]): Promise<Map<string, Rule>> {
  const rules = new Map<string, Rule>();
  for (const reference of references) rules.set(reference, await loadRule(reference));
  checkDistinct(rules);
  return rules;
}

/** The values that a trial gives to one rule, or variant. */
export const pointOf = (plan: SearchPlan, name: string, trial: number): Point =>
  drawPoint(plan.space, name, plan.searchSeed, trial);

/**
 * The config of a trial: of full length, so that a schedule is that of the whole run wherever the trial stops; with
 * validation, on one thread, and without the probes that no judgement needs.
 */
export function trialConfig(plan: SearchPlan, name: string, point: Point, seed: number): Config {
  const config = withPoint(plan.configs[name] as Config, point, 'a trial of the search');
  return {
    ...config,
    seed,
    threads: 1,
    // The trials side by side are workers enough.
    workers: 1,
    task: { ...config.task, validation: plan.validation },
    probe: { ...config.probe, every: 0 },
  };
}

/** The config of a result: as it was asked for, with the values of a point in place. */
export const resultConfig = (plan: SearchPlan, name: string, point: Point): Config =>
  withPoint(plan.configs[name] as Config, point, 'the result of the search');

/**
 * Trial configs of a rule at both ends of each range. Throws what is wrong with one, in the words of the range that
 * it came from.
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
        throw explained(error, dimension, where, Object.keys(plan.configs).length);
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

/** An option that one rule has and another has not is for one rule alone. */
function explained(error: unknown, { rule, path }: Dimension, where: string, rules: number): unknown {
  if (!(error instanceof ApicalError)) return error;
  const hint =
    rule === undefined && rules > 1
      ? ` To vary it for one rule alone, put the rule before it: --vary RULE:${path}=…`
      : '';
  return new ApicalError(error.code, `${where}: ${error.message}${hint}`, {}, error);
}

/** Throws `search.task`. */
function checkTask({ task: { environment } }: Config): void {
  if (environment === undefined) return;
  throw new ApicalError(
    'search.task',
    `A search judges trials by examples held out from a data set, and task.environment "${environment}" has none. Compare such runs by \`apical compare\`.`,
  );
}

/** Throws `search.validation` when the config itself says that nothing is held out. */
function validationOf({ base, files, set }: SearchRequest): number {
  const { input } = readInput({ base: files?.[0] ?? base, set });
  const { validation } = (input['task'] ?? {}) as { validation?: unknown };
  if (validation === 0) {
    throw new ApicalError(
      'search.validation',
      'task.validation is 0, but a search judges its trials on examples held out from training, never on test data. Leave it out (1/6 is held out), or give a share such as task.validation=0.1.',
    );
  }
  return typeof validation === 'number' ? validation : VALIDATION;
}

/** Learning rate, and the scale of the first weights where it is relative to the standard one. */
function defaultSpace({ optimiser, network, graph }: Config): Dimension[] {
  const isAdaptive = optimiser.kind === 'adam' || optimiser.kind === 'rmsprop';
  const [from, to] = isAdaptive ? [1e-4, 0.03] : [1e-3, 1];
  const rate: Dimension = { path: 'optimiser.rate', range: { kind: 'log', from, to } };
  const kind = network.initialisation?.kind ?? 'he';
  if (graph || !['he', 'glorot', 'orthogonal'].includes(kind)) return [rate];
  return [rate, { path: 'network.initialisation.scale', range: { kind: 'log', from: 0.05, to: 2 } }];
}

/** Paths as they are set: where the config has a schedule, its value is what varies, and its form stays. */
function resolve(space: readonly Dimension[], config: Config): Dimension[] {
  return space.map((dimension) => {
    let node: unknown = config;
    for (const key of dimension.path.split('.')) node = (node as Record<string, unknown> | undefined)?.[key];
    const isSchedule = typeof node === 'object' && node !== null && 'kind' in node && 'value' in node;
    const isNumeric = extremes(dimension.range).every((value) => typeof value === 'number');
    return isSchedule && isNumeric ? { ...dimension, path: `${dimension.path}.value` } : dimension;
  });
}

/** A scale needs a kind beside it: that of the hidden areas. */
function withInitialisation(config: Config): Config {
  const initialisation = config.network.initialisation ?? defaultInitialisation(config.network.activation);
  return { ...config, network: { ...config.network, initialisation } };
}

/** Throws `search.space`. */
function checkSpace(space: readonly Dimension[], { graph }: Config): void {
  for (const { path } of space) {
    const [key = ''] = path.split('.');
    if (key === 'network' && graph) {
      throw new ApicalError(
        'search.space',
        `${path} cannot be searched: the config has a graph, in the place of "network".`,
      );
    }
    if (!FIXED.includes(key)) continue;
    throw new ApicalError(
      'search.space',
      `${path} cannot be searched: "${key}" is the same in all trials, so that they can be compared. Set it by --set (epochs and seeds by --epochs and --seeds).`,
    );
  }
}

function readSpace(file: string, rules: readonly string[]): Dimension[] {
  if (!existsSync(file)) {
    throw new ApicalError(
      'search.space',
      `There is no file "${file}" with a space. Give ranges by --vary, or a JSON file.`,
    );
  }
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApicalError('search.space', `The space in "${file}" cannot be read: ${reason}`);
  }
  return parseSpace(input, rules, `The space in "${file}"`);
}
