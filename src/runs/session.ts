import path from 'node:path';
import type { Audit } from '../analysis/index.ts';
import { openBackend } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { Rule } from '../learning/index.ts';
import type { Compute } from '../tensor/index.ts';
import { citation } from './bibliography.ts';
import type { Config } from '../config/config.ts';
import { describeData } from '../datasets/index.ts';
import { criticOptions, criticRule } from '../training/control/critic-of-config.ts';
import type { CompareDocument } from './documents.ts';
import { compareDocument } from './documents.ts';
import { describeEnvironment, makeFolder, RunFolder, writeDocument } from './folder/index.ts';
import { findTask } from './open-task.ts';
import type { RunDocument, RunStatus } from '../training/records.ts';
import type { ComparisonReport, Reports, RunReport } from './report-inputs.ts';
import { writePlan } from './resume.ts';
import { loadRule } from './files/rule-file.ts';
import { checkOptions } from '../training/rule-options.ts';
import { ruleFailure } from '../learning/rule-failure.ts';
import { checkRun, executeRun } from './run.ts';
import type { FinishedRun, RunProgress } from './run.ts';
import type { RunRules, Task } from '../training/task.ts';
import { sealWeights } from './files/weights-file.ts';
import { withWorkers } from './workers/check.ts';

export interface SessionOptions {
  /** One complete config a run. They share data set, backend and threads. */
  readonly configs: readonly Config[];
  /** What each config is called, where rules alone do not tell them apart. */
  readonly names?: readonly string[] | undefined;
  /** The folder to write to: of the run itself, or of a comparison with one folder a run inside. */
  readonly folder: string;
  /** Go on in a folder that already holds these runs. */
  readonly resume?: boolean;
  readonly blasPath?: string | undefined;
  /** The command line that repeats it. */
  readonly command: string;
  readonly figures?: boolean;
  /** How reports are rendered, loaded when the runs have ended; without it none are written. */
  readonly reports?: () => Promise<Reports>;
  readonly signal?: AbortSignal;
  readonly listener?: SessionListener;
}

/** What a command line or a page shows while a session runs. */
export interface SessionListener {
  opened?(compute: Compute, task: Task): void;
  progress?(index: number, progress: RunProgress): void;
  finished?(index: number, run: FinishedRun): void;
  warning?(message: string): void;
}

export interface Session {
  readonly runs: readonly FinishedRun[];
  readonly documents: readonly RunDocument[];
  /** Present for more than one run. */
  readonly comparison?: CompareDocument;
  /** Path of the HTML report, where reports are written. */
  readonly report?: string;
  readonly status: RunStatus;
}

/**
 * Does all runs of a command: opens the backend and the data once, lets the rules of one seed take turns side by
 * side, keeps every run in its folder, and writes the report.
 */
export async function runSession(options: SessionOptions): Promise<Session> {
  return await runSealed({ ...options, configs: options.configs.map(sealWeights) });
}

async function runSealed(options: SessionOptions): Promise<Session> {
  const { listener } = options;
  const [first] = options.configs;
  if (!first) throw new Error('A session needs at least one config.');
  const rules = new Map<string, Rule>();
  for (const { rule } of options.configs) if (!rules.has(rule)) rules.set(rule, await loadRule(rule));
  checkDistinct(rules);
  for (const { rule, ruleOptions } of options.configs) checkOptions(rules.get(rule) as Rule, ruleOptions);
  const configs = withWorkers(options.configs, rules, (message) => listener?.warning?.(message));
  const rulesOf = await withCritics(configs, rules);
  const putOn = await findTask(first);
  const compute = await openBackend({
    backend: first.backend,
    // With workers each has one, so that the bits do not depend on how many there are.
    threads: configs.some(({ workers }) => workers > 1) ? 1 : first.threads,
    ...(options.blasPath === undefined ? {} : { blasPath: options.blasPath }),
  });
  const task = putOn(compute);
  listener?.opened?.(compute, task);

  const folders: RunFolder[] = [];
  const runs: FinishedRun[] = [];
  // When one run cannot go on at all, those beside it stop too, with a checkpoint.
  const halt = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, halt.signal]) : halt.signal;
  try {
    const checked = new Set<string>();
    for (const [index, config] of configs.entries()) {
      if (checked.has(nameAt(options, index))) continue;
      checked.add(nameAt(options, index));
      checkRun(task, config, rulesOf(config), options.resume);
    }
    for (const index of configs.keys()) folders.push(openFolder(options, index, compute, task));
    if (configs.length > 1) {
      const { names, command } = options;
      writePlan(options.folder, { configs: options.configs, ...(names ? { names } : {}), command });
    }
    for (const seed of new Set(configs.map((config) => config.seed))) {
      const together = configs.flatMap((config, index) => (config.seed === seed ? [index] : []));
      const ends = await Promise.allSettled(
        together.map(async (index) => {
          const config = configs[index] as Config;
          try {
            const run = await executeRun({
              compute,
              task,
              config,
              rules: rulesOf(config),
              variant: variantAt(options, index),
              blasPath: options.blasPath,
              folder: folders[index],
              resume: options.resume ?? false,
              signal,
              onProgress: (progress) => listener?.progress?.(index, progress),
              onWarning: (message) => listener?.warning?.(message),
            });
            runs[index] = run;
            listener?.finished?.(index, run);
          } catch (error) {
            halt.abort();
            throw error;
          }
        }),
      );
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      if (options.signal?.aborted) break;
    }
    return await conclude({ ...options, configs }, compute, task, rulesOf, folders, runs);
  } finally {
    for (const folder of folders) folder.close();
    task.dispose();
    compute.dispose();
  }
}

const nameAt = ({ configs, names }: SessionOptions, index: number): string =>
  names?.[index] ?? (configs[index] as Config).rule;

const variantAt = (options: SessionOptions, index: number): string | undefined => {
  const name = nameAt(options, index);
  return name === options.configs[index]?.rule ? undefined : name;
};

/** The folder of a run, locked: a new one, or when resuming the one that holds this config. */
function openFolder(options: SessionOptions, index: number, compute: Compute, { examples }: Task): RunFolder {
  const { configs, folder, command, resume } = options;
  const config = configs[index] as Config;
  const name = `${slug(nameAt(options, index))}-seed${config.seed}`;
  const where = configs.length === 1 ? folder : path.join(folder, name);
  if (configs.length > 1) makeFolder(folder);
  const backend = compute.backend;
  if (resume && RunFolder.exists(where)) return RunFolder.open(where, { config, backend });
  const data = examples ? { data: describeData(examples.dataset) } : {};
  return RunFolder.create(where, { config, command, backend, ...data });
}

async function conclude(
  options: SessionOptions,
  compute: Compute,
  task: Task,
  rulesOf: (config: Config) => RunRules,
  folders: readonly RunFolder[],
  runs: readonly FinishedRun[],
): Promise<Session> {
  const { configs, folder, command } = options;
  const documents = runs.map(({ document }) => document);
  const status = overall(documents, configs.length);
  const reports: RunReport[] = [];
  for (const [index, run] of runs.entries()) {
    const config = configs[index] as Config;
    reports.push(reportOf(options, compute, task, config, rulesOf(config), run));
  }
  const rendered = await options.reports?.();
  if (rendered) {
    for (const [index, report] of reports.entries()) {
      const own = folders[index] as RunFolder;
      own.writeReport(rendered.renderRunReport(report));
      if (options.figures) await rendered.writeFigures(own.path, report);
    }
  }
  const report = rendered ? { report: path.join(folder, 'report.html') } : {};
  if (configs.length === 1) return { runs, documents, status, ...report };
  const comparison = compareDocument(documents, folder, status);
  writeDocument(path.join(folder, 'compare.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  if (rendered) {
    const { summary, paired } = comparison;
    const titles = new Set(configs.map((config) => rulesOf(config).rule.title));
    const title = `${[...titles].join(' and ')} on ${task.title}`;
    const page: ComparisonReport = { title, runs: reports, summary, paired, command };
    writeDocument(path.join(folder, 'compare.md'), rendered.renderComparisonTable(page));
    writeDocument(path.join(folder, 'report.html'), rendered.renderComparisonReport(page));
    if (options.figures) await rendered.writeFigures(folder, page);
  }
  return { runs, documents, comparison, status, ...report };
}

function reportOf(
  options: SessionOptions,
  compute: Compute,
  task: Task,
  config: Config,
  rules: RunRules,
  run: FinishedRun,
): RunReport {
  const { rule, critic } = rules;
  let audit = NO_AUDIT;
  try {
    audit = task.audit(config, rules);
  } catch (error) {
    // A rule that failed in learning fails here too, and that has been said.
    if (run.document.status !== 'failed') throw ruleFailure(rule, 'in its audit', error);
  }
  const { locality, cost } = audit;
  return {
    run: run.document,
    metrics: run.metrics,
    config,
    ruleTitle: rule.title,
    ruleEquation: rule.equation,
    taskTitle: task.title,
    ...task.description,
    citations: [...new Set([...task.cites, ...rule.cites, ...(critic?.cites ?? [])])].map(citation),
    locality,
    cost,
    mistakes: run.mistakes,
    ...(run.fantasies ? { fantasies: run.fantasies } : {}),
    command: options.command,
    environment: { ...describeEnvironment(), backendDetail: compute.backend.detail },
  };
}

const NO_AUDIT: Audit = {
  locality: [],
  cost: { forwardMacs: 0, feedbackMacs: 0, updateMacs: 0, bytesBetweenAreas: 0 },
};

/** Failed when any run failed, interrupted when any did not end, else done. */
function overall(documents: readonly RunDocument[], planned: number): RunStatus {
  if (documents.some(({ status }) => status === 'failed')) return 'failed';
  if (documents.length < planned || documents.some(({ status }) => status === 'interrupted'))
    return 'interrupted';
  return 'done';
}

/** Runs are told apart by rule: in results by its id, in folders by its file's name. Throws `config.rules`. */
export function checkDistinct(rules: ReadonlyMap<string, Rule>): void {
  for (const [index, [reference, rule]] of [...rules].entries()) {
    for (const [other, { id }] of [...rules].slice(0, index)) {
      const same = id === rule.id ? `the id "${id}"` : `the name "${slug(other)}"`;
      if (id !== rule.id && slug(other) !== slug(reference)) continue;
      throw new ApicalError(
        'config.rules',
        `The rules "${other}" and "${reference}" both have ${same}, so their results could not be told apart: rename one.`,
      );
    }
  }
}

/** The rules of every run, with those of critics loaded too. Throws what `loadRule` does, and `rule.options`. */
async function withCritics(
  configs: readonly Config[],
  rules: ReadonlyMap<string, Rule>,
): Promise<(config: Config) => RunRules> {
  const all = new Map(rules);
  for (const config of configs) {
    if (!config.control) continue;
    const reference = criticRule(config);
    if (!all.has(reference)) all.set(reference, await loadRule(reference));
    checkOptions(all.get(reference) as Rule, criticOptions(config));
  }
  return (config) => ({
    rule: all.get(config.rule) as Rule,
    ...(config.control ? { critic: all.get(criticRule(config)) } : {}),
  });
}

/** A name for a folder: a rule's id, or the file's name without its ending. */
export const slug = (rule: string) =>
  path
    .basename(rule)
    .replace(/\.[cm]?[jt]s$/, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-');
