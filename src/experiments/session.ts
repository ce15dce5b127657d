import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openBackend } from '../backends/open.ts';
import type { Rule } from '../rules/index.ts';
import type { Compute } from '../tensor/index.ts';
import { citation } from './bibliography.ts';
import type { Config } from './config.ts';
import { datasetIds } from '../datasets/index.ts';
import { openDataset } from './datasets-node.ts';
import type { CompareDocument } from './documents.ts';
import { summarise } from './documents.ts';
import { Examples } from './examples.ts';
import { describeEnvironment, RunFolder, writeDocument } from './folder/index.ts';
import type { RunDocument, RunStatus } from './records.ts';
import type { ComparisonReport, RunReport } from './report/inputs.ts';
import { writePlan } from './resume.ts';
import { loadRule } from './rule-file.ts';
import { auditConfig, executeRun } from './run.ts';
import type { FinishedRun, RunProgress } from './run.ts';

export interface SessionOptions {
  /** One complete config a run. They share data set, backend and threads. */
  readonly configs: readonly Config[];
  /** The folder to write to: of the run itself, or of a comparison with one folder a run inside. */
  readonly folder: string;
  /** Go on in a folder that already holds these runs. */
  readonly resume?: boolean;
  readonly blasPath?: string | undefined;
  /** The command line that repeats it. */
  readonly command: string;
  readonly figures?: boolean;
  readonly signal?: AbortSignal;
  readonly listener?: SessionListener;
}

/** What a command line or a page shows while a session runs. */
export interface SessionListener {
  opened?(compute: Compute, examples: Examples): void;
  progress?(index: number, progress: RunProgress): void;
  finished?(index: number, run: FinishedRun): void;
  warning?(message: string): void;
}

export interface Session {
  readonly runs: readonly FinishedRun[];
  readonly documents: readonly RunDocument[];
  /** Present for more than one run. */
  readonly comparison?: CompareDocument;
  /** Path of the HTML report, when any run was finished. */
  readonly report?: string;
  readonly status: RunStatus;
}

/**
 * Does all runs of a command: opens the backend and the data once, lets the rules of one seed take turns side by
 * side, keeps every run in its folder, and writes the report.
 */
export async function runSession(options: SessionOptions): Promise<Session> {
  const { configs, listener } = options;
  const [first] = configs;
  if (!first) throw new Error('A session needs at least one config.');
  const rules = new Map<string, Rule>();
  for (const { rule } of configs) if (!rules.has(rule)) rules.set(rule, await loadRule(rule));
  const dataset = await openDataset(requestFor(first));
  const compute = await openBackend({
    backend: first.backend,
    threads: first.threads,
    ...(options.blasPath === undefined ? {} : { blasPath: options.blasPath }),
  });
  const examples = new Examples(compute, dataset);
  listener?.opened?.(compute, examples);

  const folders: RunFolder[] = [];
  const runs: FinishedRun[] = [];
  try {
    for (const config of configs) folders.push(openFolder(options, config, compute));
    if (configs.length > 1) writePlan(options.folder, { configs, command: options.command });
    for (const seed of new Set(configs.map((config) => config.seed))) {
      const together = configs.flatMap((config, index) => (config.seed === seed ? [index] : []));
      await Promise.all(
        together.map(async (index) => {
          const config = configs[index] as Config;
          runs[index] = await executeRun({
            compute,
            examples,
            config,
            rule: rules.get(config.rule) as Rule,
            folder: folders[index],
            resume: options.resume ?? false,
            signal: options.signal,
            onProgress: (progress) => listener?.progress?.(index, progress),
            onWarning: (message) => listener?.warning?.(message),
          });
          listener?.finished?.(index, runs[index] as FinishedRun);
        }),
      );
      if (options.signal?.aborted) break;
    }
    return await conclude(options, compute, examples, rules, folders, runs);
  } finally {
    for (const folder of folders) folder.close();
    examples.dispose();
    compute.dispose();
  }
}

/** The folder of a run, locked: a new one, or when resuming the one that holds this config. */
function openFolder(options: SessionOptions, config: Config, compute: Compute): RunFolder {
  const { configs, folder, command, resume } = options;
  const name = `${slug(config.rule)}-seed${config.seed}`;
  const where = configs.length === 1 ? folder : path.join(folder, name);
  if (configs.length > 1) mkdirSync(folder, { recursive: true });
  const backend = compute.backend;
  if (resume && RunFolder.exists(where)) return RunFolder.open(where, { config, backend });
  return RunFolder.create(where, { config, command, backend });
}

async function conclude(
  options: SessionOptions,
  compute: Compute,
  examples: Examples,
  rules: ReadonlyMap<string, Rule>,
  folders: readonly RunFolder[],
  runs: readonly FinishedRun[],
): Promise<Session> {
  const { configs, folder, command } = options;
  const documents = runs.map(({ document }) => document);
  const status = overall(documents, configs.length);
  const reports: RunReport[] = [];
  for (const [index, run] of runs.entries()) {
    const config = configs[index] as Config;
    const rule = rules.get(config.rule) as Rule;
    reports.push(reportOf(options, compute, examples, config, rule, run));
  }
  // Loaded late: figures need libraries that a run does not.
  const { renderComparisonReport, renderRunReport, writeFigures } = await import('./report/report.ts');
  for (const [index, report] of reports.entries()) {
    const own = folders[index] as RunFolder;
    own.writeReport(renderRunReport(report));
    if (options.figures) await writeFigures(own.path, report);
  }
  const report = path.join(folder, 'report.html');
  if (configs.length === 1) return { runs, documents, status, report };
  const { summary, paired } = summarise(documents);
  const comparison: CompareDocument = {
    version: 1,
    kind: 'compare',
    runs: documents,
    summary,
    paired,
    folder,
    status,
  };
  const title = `${[...rules.values()].map((rule) => rule.title).join(' and ')} on ${examples.dataset.title}`;
  const page: ComparisonReport = { title, runs: reports, summary, paired, command };
  writeDocument(path.join(folder, 'compare.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  writeDocument(report, renderComparisonReport(page));
  if (options.figures) await writeFigures(folder, page);
  return { runs, documents, comparison, status, report };
}

function reportOf(
  options: SessionOptions,
  compute: Compute,
  examples: Examples,
  config: Config,
  rule: Rule,
  run: FinishedRun,
): RunReport {
  const { dataset } = examples;
  const { locality, cost } = auditConfig(compute, examples, config, rule);
  const [height, width] = dataset.inputShape;
  return {
    run: run.document,
    metrics: run.metrics,
    config,
    ruleTitle: rule.title,
    ruleEquation: rule.equation,
    taskTitle: dataset.title,
    taskKind: dataset.task,
    citations: rule.cites.map(citation),
    locality,
    cost,
    mistakes: run.mistakes,
    ...(dataset.inputShape.length === 2 ? { imageShape: [height as number, width as number] as const } : {}),
    ...(dataset.classNames ? { classNames: dataset.classNames } : {}),
    command: options.command,
    environment: { ...describeEnvironment(), backendDetail: compute.backend.detail },
  };
}

/** Failed when any run failed, interrupted when any did not end, else done. */
function overall(documents: readonly RunDocument[], planned: number): RunStatus {
  if (documents.some(({ status }) => status === 'failed')) return 'failed';
  if (documents.length < planned || documents.some(({ status }) => status === 'interrupted'))
    return 'interrupted';
  return 'done';
}

/** What to open for a config's task: a known data set with its options, or a path. */
function requestFor({ task }: Config) {
  const { dataset, options, labels } = task;
  if ((datasetIds as readonly string[]).includes(dataset)) return { id: dataset, options };
  if (labels !== undefined) return { path: dataset, csv: { label: labels } };
  return dataset;
}

/** A name for a folder: a rule's id, or the file's name without its ending. */
const slug = (rule: string) =>
  path
    .basename(rule)
    .replace(/\.[cm]?[jt]s$/, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-');
