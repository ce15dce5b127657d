import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ApicalError } from '../errors.ts';
import type { Rule } from '../learning/index.ts';
import type { Config } from '../config/config.ts';
import { checkRun } from '../runs/run.ts';
import type { RunStatus } from '../training/records.ts';
import { makeFolder, writeDocument } from '../runs/folder/index.ts';
import { RUN_FILE } from '../runs/folder/contents.ts';
import { removeQuietly } from '../runs/folder/files.ts';
import { FolderLock } from '../runs/folder/lock.ts';
import { openBlind } from './blind.ts';
import { identityOfPlan, REPORT_FILE, SEARCH_FILE } from './document.ts';
import type { SearchDocument } from './document.ts';
import { halve } from './halving.ts';
import type { Judgement } from './halving.ts';
import { extremeConfigs, loadRules, pointOf, trialConfig } from './plan.ts';
import type { SearchPlan } from './plan.ts';
import { TrialPool } from './pool.ts';
import { SearchState } from './state.ts';
import type { TrialOutcome } from './trial.ts';

export interface SearchOptions {
  readonly plan: SearchPlan;
  /** Where everything is kept: `search.json`, `search.html`, `best-RULE.json`, and a run folder for each trial and seed. */
  readonly folder: string;
  /** What was done before, to go on from. */
  readonly resumed?: SearchDocument | undefined;
  /** Processes that learn trials side by side. The result does not depend on it. */
  readonly workers: number;
  readonly blasPath?: string | undefined;
  /** Renders `search.html` from the finished search; without it no report is written. */
  readonly report?: ((document: SearchDocument) => Promise<string>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly listener?: SearchListener;
}

/** A trial on one seed, on its way to a rung. */
export interface TrialStep {
  readonly rule: string;
  readonly trial: number;
  readonly seed: number;
  readonly rung: number;
}

export interface SearchListener {
  /** What there is to learn from, in words, and the backend. */
  opened?(about: Pick<SearchDocument, 'backend' | 'taskKind'> & { readonly title: string }): void;
  progress?(step: TrialStep, epoch: number): void;
  judged?(step: TrialStep, outcome: Exclude<TrialOutcome, { kind: 'interrupted' }>): void;
  warning?(message: string): void;
}

const SAVE_MILLISECONDS = 1000;

/**
 * Searches for each rule's best config on equal terms: the same budget of epochs, the same points where rules share a
 * range, judged by validation error alone. Every trial is a run folder; killed at any moment, the search goes on where
 * it was, and gives the same result whatever the number of workers.
 *
 * Throws `folder.…`, `dataset.…`, `config.…`, `run.worker`; a trial that diverges or fails is a result.
 */
export async function runSearch(options: SearchOptions): Promise<SearchDocument> {
  const { plan, folder, resumed, signal, listener } = options;
  refuseOther(folder, resumed !== undefined);
  const about = await checkTrials(options);
  listener?.opened?.(about);
  makeFolder(folder);
  const lock = new FolderLock(folder);
  const pool = new TrialPool({
    workers: options.workers,
    blasPath: options.blasPath,
    onWarning: (message) => listener?.warning?.(message),
  });
  const state = new SearchState(plan, resumed);
  const describe = (status: RunStatus): SearchDocument => ({
    ...plan,
    version: 1,
    kind: 'search',
    id: identityOfPlan(plan),
    status,
    task: about.task,
    taskKind: about.taskKind,
    backend: about.backend,
    trials: state.trials(),
    best: state.best(),
    spent: state.spent(),
    folder,
  });
  let saved = 0;
  const save = (status: RunStatus = 'running') => {
    writeDocument(path.join(folder, SEARCH_FILE), `${JSON.stringify(describe(status), null, 2)}\n`);
    saved = Date.now();
  };
  const stop = () => pool.stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    save();
    if (signal?.aborted) pool.stop();
    const learn = async (step: TrialStep): Promise<boolean> => {
      const { rule, trial, seed, rung } = step;
      if (state.score(rule, trial, seed, rung)) return true;
      const work = {
        config: trialConfig(plan, rule, state.point(rule, trial), seed),
        folder: path.join(folder, state.folder(rule, trial, seed)),
        stopAtEpoch: plan.budget.rungs[rung]?.epochs ?? 0,
        command: plan.command,
      };
      const outcome = await pool.learn(work, (epoch) => listener?.progress?.(step, epoch));
      if (outcome.kind === 'interrupted') return false;
      state.record(rule, trial, seed, outcome);
      listener?.judged?.(step, outcome);
      if (Date.now() - saved > SAVE_MILLISECONDS) save();
      return true;
    };
    const judge = async (rule: string, trial: number, rung: number): Promise<Judgement | undefined> => {
      const done = await Promise.all(plan.seeds.map((seed) => learn({ rule, trial, seed, rung })));
      return done.every(Boolean) ? state.judgement(rule, trial, rung) : undefined;
    };
    const ends = await Promise.allSettled(
      Object.keys(plan.configs).map(async (rule) => {
        try {
          return await halve(
            plan.budget.rungs,
            (trial, rung) => judge(rule, trial, rung),
            (rung, goOn, judged) => {
              const isLast = rung === plan.budget.rungs.length - 1;
              const left = [...judged.keys()].filter((trial) => !isLast && !goOn.includes(trial));
              for (const trial of left) state.stop(rule, trial);
              save();
              for (const trial of left) {
                for (const seed of plan.seeds) thin(path.join(folder, state.folder(rule, trial, seed)));
              }
            },
          );
        } catch (error) {
          pool.stop();
          throw error;
        }
      }),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    const isDone = ends.every((end) => end.status === 'fulfilled' && end.value);
    return await conclude(options, describe(isDone ? overall(state) : 'interrupted'));
  } catch (error) {
    try {
      save('interrupted');
    } catch {
      // On a full disk the document of before stays.
    }
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool.close();
    lock.release();
  }
}

/** Failed when a rule has no result for another reason than that its trials diverged. */
function overall(state: SearchState): RunStatus {
  const found = state.best().map(({ rule }) => rule);
  const without = state.trials().filter(({ rule }) => !found.includes(rule));
  return without.some(({ status }) => status === 'failed') ? 'failed' : 'done';
}

async function conclude(
  { folder, report }: SearchOptions,
  document: SearchDocument,
): Promise<SearchDocument> {
  for (const { file, config } of document.best) {
    writeDocument(path.join(folder, file), `${JSON.stringify(config, null, 2)}\n`);
  }
  writeDocument(path.join(folder, SEARCH_FILE), `${JSON.stringify(document, null, 2)}\n`);
  if (report) writeDocument(path.join(folder, REPORT_FILE), await report(document));
  return document;
}

/** What is wrong with any config at an end of a range is said before anything is written or learned. */
async function checkTrials({ plan, blasPath }: SearchOptions) {
  const variants = Object.entries(plan.configs);
  const rules = await loadRules(variants.map(([, { rule }]) => rule));
  const [[any]] = variants as [[string, Config]];
  const config = trialConfig(plan, any, pointOf(plan, any, 0), plan.seeds[0] as number);
  const blind = await openBlind(config, blasPath);
  try {
    const { compute, task, dataset, count } = blind;
    for (const [name, { rule: reference }] of variants) {
      const rule = rules.get(reference) as Rule;
      for (const each of extremeConfigs(plan, name, rule)) checkRun(task, each, { rule });
    }
    const held = Math.round(count * plan.validation);
    if (held === 0) {
      throw new ApicalError(
        'search.validation',
        `task.validation holds out ${plan.validation} of ${count} training examples, which is none. Give a larger share.`,
      );
    }
    return {
      task: task.id,
      taskKind: dataset.task,
      backend: `${compute.backend.name} (${compute.backend.detail})`,
      title: `${task.title}: ${config.task.trainExamples ?? count - held} examples to learn from, ${held} to judge by, test examples left alone`,
    };
  } finally {
    blind.dispose();
  }
}

/** Throws `folder.exists` when a folder holds a search that is not to be resumed, or a run. */
function refuseOther(folder: string, isResumed: boolean): void {
  if (isResumed) return;
  const used = [SEARCH_FILE, RUN_FILE].find((name) => existsSync(path.join(folder, name)));
  if (used === undefined) return;
  const what = used === SEARCH_FILE ? 'a search' : 'a run';
  const mend = used === SEARCH_FILE ? `Go on with it by --resume ${folder}, or choose` : 'Choose';
  throw new ApicalError(
    'folder.exists',
    `The folder ${folder} already holds ${what}. ${mend} another --out.`,
    {
      folder,
    },
  );
}

/** The weights of a trial that was left behind: its config and curve stay, from which the same ones can be learned. */
function thin(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith('checkpoint-')) removeQuietly(path.join(folder, name));
  }
}
