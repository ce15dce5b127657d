import { configSchema, parseConfig } from '../../config/config.ts';
import type { Config } from '../../config/config.ts';
import { keysAt } from '../../config/explain.ts';
import { didYouMean } from '../../suggest.ts';
import type { DataDescription, Dataset } from '../../datasets/dataset.ts';
import { ApicalError } from '../../errors.ts';
import type { Rule } from '../../learning/rule.ts';
import { checkOwnRule } from '../../training/own/own-rule.ts';
import { contentsId, ownDataset } from '../../training/own/own-data.ts';
import type { OwnData } from '../../training/own/own-data.ts';
import { criticOptions } from '../../training/control/critic-of-config.ts';
import { checkOptions } from '../../training/of-config/rule-options.ts';
import type { RunRules } from '../../training/task.ts';
import type { Host } from './host.ts';
import type { ComparedRule, CompareOptions, Data, TrainOptions } from './options.ts';

/** A requested run: its name, complete config and rules. */
export interface AskedRun {
  readonly name: string;
  readonly config: Config;
  readonly rules: RunRules;
}

/** The request in some options: the runs, and the data if the options hold them as an object. */
export interface Asked {
  readonly runs: readonly AskedRun[];
  readonly dataset: Dataset | undefined;
}

/** Reads the options of `train`. Throws `train.options`, `config.invalid`, `rule.…` and `dataset.…`. */
export async function readTrainOptions(host: Host, options: TrainOptions): Promise<Asked> {
  checkKeys('train', options, ['rule', 'dataset', 'signal']);
  const { rule: reference = 'backprop' } = options;
  const rule = await ruleOf(host, reference, 'rule');
  const { input, given } = inputOf(options);
  const config = parseConfig({ ...input, rule: nameOf(reference) }, 'the options of train');
  return { runs: [await askedRun(host, rule.id, config, rule)], dataset: given };
}

/** Reads the options of `compare`: one run per rule and seed, ordered by seed. Throws the same errors. */
export async function readCompareOptions(host: Host, options: CompareOptions): Promise<Asked> {
  checkKeys('compare', options, ['rules', 'seeds', 'dataset', 'signal'], ['rule', 'ruleOptions', 'seed']);
  const { rules, seeds = [0] } = options;
  const { input, given } = inputOf(options);
  const runs: AskedRun[] = [];
  for (const [index, compared] of checkList(rules, 'rules', ['backprop', 'feedback-alignment']).entries()) {
    const { rule: reference, ruleOptions = {}, name } = comparedRule(compared, `rules[${index}]`);
    const rule = await ruleOf(host, reference, `rules[${index}]`);
    for (const seed of checkList(seeds, 'seeds', [0, 1, 2])) {
      const complete = { ...input, rule: nameOf(reference), ruleOptions, seed };
      const config = parseConfig(complete, 'the options of compare');
      runs.push(await askedRun(host, name ?? rule.id, config, rule));
    }
  }
  checkNames(runs);
  return {
    runs: runs.sort((a, b) => seeds.indexOf(a.config.seed) - seeds.indexOf(b.config.seed)),
    dataset: given,
  };
}

/** Opens data for an evaluation; a file is read in time as that of the network was. Throws `dataset.…`. */
export async function openData(host: Host, data: Data, { time }: DataDescription): Promise<Dataset> {
  if (typeof data !== 'string') return datasetOf(data);
  const kind = time && /\.(npz|[ct]sv)$/i.test(data) ? { time: { kind: time.kind } } : {};
  return host.openDataset(parseConfig({ task: { dataset: data, ...kind } }, 'the data to evaluate'));
}

/** Returns the input of a config. Data given as an object are named by a hash of their contents. */
function inputOf(options: Pick<TrainOptions, 'dataset' | 'task'>): {
  input: object;
  given: Dataset | undefined;
} {
  const { dataset: data, task } = options;
  const own = ['rule', 'rules', 'seeds', 'dataset', 'signal'];
  const rest = Object.fromEntries(Object.entries(options).filter(([key]) => !own.includes(key)));
  if (data === undefined) return { input: rest, given: undefined };
  if (task?.dataset !== undefined) {
    throw new ApicalError(
      'train.options',
      'dataset and task.dataset both name the data to learn from: give dataset alone.',
    );
  }
  if (typeof data === 'string') {
    return { input: { ...rest, task: { ...task, dataset: data } }, given: undefined };
  }
  for (const key of ['options', 'labels'] as const) {
    if (task?.[key] === undefined) continue;
    throw new ApicalError(
      'train.options',
      `task.${key} applies to a data set that is opened by its id or path, but dataset is an object: leave task.${key} out.`,
    );
  }
  const given = datasetOf(data);
  return { input: { ...rest, task: { ...task, dataset: idOf(data, given) } }, given };
}

const isDataset = (data: Exclude<Data, string>): data is Dataset => 'train' in data && 'inputShape' in data;

function datasetOf(data: unknown): Dataset {
  const given = data as Exclude<Data, string>;
  return typeof data === 'object' && data !== null && isDataset(given) ? given : ownDataset(given as OwnData);
}

/** Returns the run with the rule of its critic, if it has one. Throws `rule.options`. */
async function askedRun(host: Host, name: string, config: Config, rule: Rule): Promise<AskedRun> {
  checkOptions(rule, config.ruleOptions);
  if (!config.control) return { name, config, rules: { rule } };
  const own = config.control.critic.rule;
  const critic = own === undefined ? rule : await host.loadRule(own);
  checkOptions(critic, criticOptions(config));
  return { name, config, rules: { rule, critic } };
}

/** Returns the id of data. Equal contents have equal ids, which makes them part of a run's identity. */
const idOf = (data: Exclude<Data, string>, opened: Dataset): string =>
  isDataset(data) ? contentsId(opened) : opened.id;

/** Returns the rule of an id or file, or the rule object itself after checking it. */
async function ruleOf(host: Host, reference: unknown, name: string): Promise<Rule> {
  if (typeof reference === 'string') return host.loadRule(reference);
  if (typeof reference !== 'object' || reference === null) {
    throw new ApicalError(
      'train.options',
      `${name} is ${String(reference)}: give the id of a rule, the path of a file that exports one, or a rule.`,
    );
  }
  host.checkOwnRule(reference as Rule);
  return checkOwnRule(reference, `The option ${name}`);
}

const nameOf = (reference: string | Rule): string =>
  typeof reference === 'string' ? reference : reference.id;

const comparedRule = (compared: unknown, name: string): ComparedRule => {
  if (typeof compared !== 'object' || compared === null || !('rule' in compared)) {
    return { rule: compared as ComparedRule['rule'] };
  }
  refuseUnknown(Object.keys(compared), ['rule', 'ruleOptions', 'name'], name);
  return compared as ComparedRule;
};

/** Throws `config.rules` if two runs of one seed have the same name. */
function checkNames(runs: readonly AskedRun[]): void {
  for (const [index, { name, config }] of runs.entries()) {
    const twin = runs.find((other) => other.name === name && other.config.seed === config.seed);
    if (twin === runs[index]) continue;
    throw new ApicalError(
      'config.rules',
      `rules or seeds name "${name}" with seed ${config.seed} twice, so the results could not be told apart. Leave one out, or give it a name: { rule, ruleOptions, name }.`,
    );
  }
}

function checkList<Item>(
  list: readonly Item[] | undefined,
  name: string,
  example: readonly unknown[],
): readonly Item[] {
  if (Array.isArray(list) && list.length > 0) return list as readonly Item[];
  const found = Array.isArray(list) ? 'empty' : list === undefined ? 'missing' : JSON.stringify(list);
  throw new ApicalError(
    'train.options',
    `${name} is ${found}: give an array such as ${JSON.stringify(example)}.`,
  );
}

/** Throws `train.options`, with the nearest known key, for an unknown key. */
function checkKeys(
  name: string,
  options: unknown,
  own: readonly string[],
  without: readonly string[] = [],
): void {
  if (typeof options !== 'object' || options === null) {
    throw new ApicalError(
      'train.options',
      `${name} takes an object such as { dataset: 'rings', network: { hidden: [32] } }, but it was given ${String(options)}.`,
    );
  }
  const config = keysAt(configSchema, []).filter((key) => !without.includes(key));
  refuseUnknown(Object.keys(options), [...new Set([...own, ...config])], name);
}

function refuseUnknown(keys: readonly string[], known: readonly string[], name: string): void {
  const unknown = keys.find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new ApicalError(
    'train.options',
    `${name} has no option "${unknown}".${didYouMean(unknown, known)} It takes ${known.join(', ')}.`,
    { option: unknown },
  );
}
