import path from 'node:path';
import type { Audit } from '../analysis/index.ts';
import { openBackend } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import { list } from '../list.ts';
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
import { checkOptions } from '../training/of-config/rule-options.ts';
import { ruleFailure } from '../learning/rule-failure.ts';
import { checkRun, executeRun } from './run.ts';
import type { FinishedRun, RunProgress } from './run.ts';
import type { RunRules, Task } from '../training/task.ts';
import { loadActivations } from './files/activation-file.ts';
import { sealWeights } from './files/weights-file.ts';
import { withWorkers } from './workers/check.ts';

/** Options of `runSession`. */
export interface SessionOptions {
  /** A complete config for each run. All share data set, backend and threads. */
  readonly configs: readonly Config[];
  /** Name of each config, if rules alone do not identify them. */
  readonly names?: readonly string[] | undefined;
  /** Folder to write to: a single run directly, several runs in a subfolder each. */
  readonly folder: string;
  /** Resume the runs that the folder holds. */
  readonly resume?: boolean;
  readonly blasPath?: string | undefined;
  /** The command line that repeats the session. */
  readonly command: string;
  readonly figures?: boolean;
  /** Loads the renderer of reports after the runs; without it no reports are written. */
  readonly reports?: () => Promise<Reports>;
  readonly signal?: AbortSignal;
  readonly listener?: SessionListener;
}

/** Callbacks for the progress of a session. */
export interface SessionListener {
  opened?(compute: Compute, task: Task): void;
  progress?(index: number, progress: RunProgress): void;
  finished?(index: number, run: FinishedRun): void;
  warning?(message: string): void;
}

/** The result of a session. */
export interface Session {
  readonly runs: readonly FinishedRun[];
  readonly documents: readonly RunDocument[];
  /** Present for more than one run. */
  readonly comparison?: CompareDocument;
  /** Path of the HTML report, if one is written. */
  readonly report?: string;
  readonly status: RunStatus;
}

/**
 * Executes all runs of a command: opens the backend and the data once, interleaves the runs of one seed, saves every
 * run in its folder, and writes the report.
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
  await loadActivations(...configs);
  const createTask = await findTask(first);
  const compute = await openBackend({
    backend: first.backend,
    // Each worker has one thread, so that the bits do not depend on the number of workers.
    threads: configs.some(({ workers }) => workers > 1) ? 1 : first.threads,
    ...(options.blasPath === undefined ? {} : { blasPath: options.blasPath }),
  });
  const task = createTask(compute);
  listener?.opened?.(compute, task);

  const folders: RunFolder[] = [];
  const runs: FinishedRun[] = [];
  // If one run cannot continue at all, the others stop too, with a checkpoint.
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
      const ofSeed = configs.flatMap((config, index) => (config.seed === seed ? [index] : []));
      const outcomes = await Promise.allSettled(
        ofSeed.map(async (index) => {
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
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      if (options.signal?.aborted) break;
    }
    return await writeResults({ ...options, configs }, compute, task, rulesOf, folders, runs);
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

/** Opens the folder of a run and locks it: a new one or, when resuming, the one that holds this config. */
function openFolder(options: SessionOptions, index: number, compute: Compute, { examples }: Task): RunFolder {
  const { configs, folder, command, resume } = options;
  const config = configs[index] as Config;
  const name = `${slug(nameAt(options, index))}-seed${config.seed}`;
  const runPath = configs.length === 1 ? folder : path.join(folder, name);
  if (configs.length > 1) makeFolder(folder);
  const backend = compute.backend;
  if (resume && RunFolder.exists(runPath)) return RunFolder.open(runPath, { config, backend });
  const data = examples ? { data: describeData(examples.dataset) } : {};
  return RunFolder.create(runPath, { config, command, backend, ...data });
}

async function writeResults(
  options: SessionOptions,
  compute: Compute,
  task: Task,
  rulesOf: (config: Config) => RunRules,
  folders: readonly RunFolder[],
  runs: readonly FinishedRun[],
): Promise<Session> {
  const { configs, folder, command } = options;
  const documents = runs.map(({ document }) => document);
  const status = sessionStatus(documents, configs.length);
  const reports: RunReport[] = [];
  for (const [index, run] of runs.entries()) {
    const config = configs[index] as Config;
    reports.push(reportOf(options, compute, task, config, rulesOf(config), run));
  }
  const renderer = await options.reports?.();
  if (renderer) {
    for (const [index, report] of reports.entries()) {
      const runFolder = folders[index] as RunFolder;
      runFolder.writeReport(renderer.renderRunReport(report));
      if (options.figures) await renderer.writeFigures(runFolder.path, report);
    }
  }
  const report = renderer ? { report: path.join(folder, 'report.html') } : {};
  if (configs.length === 1) return { runs, documents, status, ...report };
  const comparison = compareDocument(documents, folder, status);
  writeDocument(path.join(folder, 'compare.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  if (renderer) {
    const { summary, paired } = comparison;
    const titles = [...new Set(configs.map((config) => rulesOf(config).rule.title))];
    const title = `${list(titles)} on ${task.title}`;
    const comparisonReport: ComparisonReport = { title, runs: reports, summary, paired, command };
    writeDocument(path.join(folder, 'compare.md'), renderer.renderComparisonTable(comparisonReport));
    writeDocument(path.join(folder, 'report.html'), renderer.renderComparisonReport(comparisonReport));
    if (options.figures) await renderer.writeFigures(folder, comparisonReport);
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
    // A rule that failed while learning fails here too, and has been reported.
    if (run.document.status !== 'failed') throw ruleFailure(rule, 'in its audit', error);
  }
  const { locality, cost, reachViolations } = audit;
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
    reachViolations,
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
  reachViolations: [],
};

/** Returns failed if any run failed, interrupted if any run did not end, and done otherwise. */
function sessionStatus(documents: readonly RunDocument[], planned: number): RunStatus {
  if (documents.some(({ status }) => status === 'failed')) return 'failed';
  if (documents.length < planned || documents.some(({ status }) => status === 'interrupted'))
    return 'interrupted';
  return 'done';
}

/** Throws `config.rules` if two rules share an id, which names results, or a file name, which names folders. */
export function checkDistinct(rules: ReadonlyMap<string, Rule>): void {
  for (const [index, [reference, rule]] of [...rules].entries()) {
    for (const [other, { id }] of [...rules].slice(0, index)) {
      const shared = id === rule.id ? `the id "${id}"` : `the name "${slug(other)}"`;
      if (id !== rule.id && slug(other) !== slug(reference)) continue;
      throw new ApicalError(
        'config.rules',
        `The rules "${other}" and "${reference}" both have ${shared}, so their results would be mixed up. Rename one of them.`,
      );
    }
  }
}

/** Returns the rules of every run, including those of critics. Throws as `loadRule` does, and `rule.options`. */
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

/** Returns the folder name of a rule: its id, or its file's name without the extension. */
export const slug = (rule: string) =>
  path
    .basename(rule)
    .replace(/\.[cm]?[jt]s$/, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-');
