import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ApicalError } from '../errors.ts';
import type { Rule } from '../learning/index.ts';
import type { Config } from '../config/config.ts';
import { checkRun } from '../runs/run.ts';
import type { RunStatus } from '../training/records.ts';
import { scoredBy } from '../training/scores.ts';
import type { Scored } from '../training/scores.ts';
import { makeFolder, writeDocument } from '../runs/folder/index.ts';
import { RUN_FILE } from '../runs/folder/contents.ts';
import { removeQuietly } from '../runs/folder/files.ts';
import { FolderLock } from '../runs/folder/lock.ts';
import { openBlind } from './blind.ts';
import { identityOfPlan, REPORT_FILE, SEARCH_FILE } from './document.ts';
import type { SearchDocument } from './document.ts';
import { halve } from './halving.ts';
import type { TrialScore } from './halving.ts';
import { extremeConfigs, loadRules, pointOf, trialConfig } from './plan.ts';
import type { SearchPlan } from './plan.ts';
import { TrialPool } from './pool.ts';
import { SearchState } from './state.ts';
import { unranked } from './trial.ts';
import type { TrialOutcome } from './trial.ts';

/** Options of `runSearch`. */
export interface SearchOptions {
  readonly plan: SearchPlan;
  /** Folder to write to: `search.json`, `search.html`, `best-RULE.json`, and a run folder for each trial and seed. */
  readonly folder: string;
  /** The interrupted search to resume. */
  readonly resumed?: SearchDocument | undefined;
  /** Number of processes that run trials in parallel. The result does not depend on it. */
  readonly workers: number;
  readonly blasPath?: string | undefined;
  /** Renders `search.html`; without it no report is written. */
  readonly report?: ((document: SearchDocument) => Promise<string>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly listener?: SearchListener;
}

/** A trial on one seed and the rung up to which it trains. */
export interface TrialStep {
  readonly rule: string;
  readonly trial: number;
  readonly seed: number;
  readonly rung: number;
}

/** Callbacks for the progress of a search. */
export interface SearchListener {
  /** Receives a description of the data, and the backend. */
  opened?(task: Pick<SearchDocument, 'backend' | 'taskKind' | 'rankedBy'> & { readonly title: string }): void;
  progress?(step: TrialStep, epoch: number): void;
  scored?(step: TrialStep, outcome: Exclude<TrialOutcome, { kind: 'interrupted' }>): void;
  warning?(message: string): void;
}

const SAVE_MILLISECONDS = 1000;

/**
 * Searches for the best config of each rule on equal terms: the same budget of epochs, the same points where rules
 * share a range, and scores from validation examples only. Every trial is a run folder. A search that is killed at any
 * moment can be resumed, and the result does not depend on the number of workers.
 *
 * Throws `folder.…`, `dataset.…`, `config.…` and `run.worker` errors. A trial that diverges or fails is a result.
 */
export async function runSearch(options: SearchOptions): Promise<SearchDocument> {
  const { plan, folder, resumed, signal, listener } = options;
  if (!resumed) refuseUsed(folder);
  const opened = await checkTrials(options);
  listener?.opened?.(opened);
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
    task: opened.task,
    taskKind: opened.taskKind,
    ...(opened.rankedBy ? { rankedBy: opened.rankedBy } : {}),
    backend: opened.backend,
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
    const runStep = async (step: TrialStep): Promise<boolean> => {
      const { rule, trial, seed, rung } = step;
      if (state.score(rule, trial, seed, rung)) return true;
      const work = {
        config: trialConfig(plan, rule, state.point(rule, trial), seed),
        folder: path.join(folder, state.folder(rule, trial, seed)),
        stopAtEpoch: plan.budget.rungs[rung]?.epochs ?? 0,
        command: plan.command,
      };
      const outcome = await pool.run(work, (epoch) => listener?.progress?.(step, epoch));
      if (outcome.kind === 'interrupted') return false;
      state.record(rule, trial, seed, outcome);
      listener?.scored?.(step, outcome);
      if (Date.now() - saved > SAVE_MILLISECONDS) save();
      return true;
    };
    const evaluate = async (rule: string, trial: number, rung: number): Promise<TrialScore | undefined> => {
      const done = await Promise.all(plan.seeds.map((seed) => runStep({ rule, trial, seed, rung })));
      return done.every(Boolean) ? state.meanScore(rule, trial, rung) : undefined;
    };
    const halvings = await Promise.allSettled(
      Object.keys(plan.configs).map(async (rule) => {
        try {
          return await halve(
            plan.budget.rungs,
            (trial, rung) => evaluate(rule, trial, rung),
            (rung, promotedTrials, scores) => {
              const isLast = rung === plan.budget.rungs.length - 1;
              const stopped = [...scores.keys()].filter(
                (trial) => !isLast && !promotedTrials.includes(trial),
              );
              for (const trial of stopped) state.stop(rule, trial);
              save();
              for (const trial of stopped) {
                for (const seed of plan.seeds)
                  removeCheckpoints(path.join(folder, state.folder(rule, trial, seed)));
              }
            },
          );
        } catch (error) {
          pool.stop();
          throw error;
        }
      }),
    );
    for (const halving of halvings) if (halving.status === 'rejected') throw halving.reason;
    const isDone = halvings.every((halving) => halving.status === 'fulfilled' && halving.value);
    return await writeResults(options, describe(isDone ? finalStatus(state) : 'interrupted'));
  } catch (error) {
    try {
      save('interrupted');
    } catch {
      // On a full disk the last saved document stays.
    }
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool.close();
    lock.release();
  }
}

/** Returns `failed` if a rule has no result because trials failed rather than diverged. */
function finalStatus(state: SearchState): RunStatus {
  const found = state.best().map(({ rule }) => rule);
  const without = state.trials().filter(({ rule }) => !found.includes(rule));
  return without.some(({ status }) => status === 'failed') ? 'failed' : 'done';
}

async function writeResults(
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

/** Checks the configs at both ends of each range before anything is written or trained. */
async function checkTrials({ plan, blasPath }: SearchOptions) {
  const variants = Object.entries(plan.configs);
  const rules = await loadRules(variants.map(([, { rule }]) => rule));
  const [[first]] = variants as [[string, Config]];
  const config = trialConfig(plan, first, pointOf(plan, first, 0), plan.seeds[0] as number);
  const blind = await openBlind(config, blasPath);
  try {
    const { compute, task, dataset, count } = blind;
    let rankedBy: SearchDocument['rankedBy'];
    for (const [name, { rule: reference }] of variants) {
      const rule = rules.get(reference) as Rule;
      for (const each of extremeConfigs(plan, name, rule)) {
        checkRun(task, each, { rule }, false, ({ learner }) => {
          rankedBy = rankingOf(each, scoredBy(learner.network, dataset));
        });
      }
    }
    const heldOut = Math.round(count * plan.validation);
    if (heldOut === 0) {
      throw new ApicalError(
        'search.validation',
        `task.validation is ${plan.validation}, which holds out none of the ${count} training examples. Give a larger fraction.`,
      );
    }
    return {
      task: task.id,
      taskKind: dataset.task,
      ...(rankedBy ? { rankedBy } : {}),
      backend: `${compute.backend.name} (${compute.backend.detail})`,
      title: `${task.title}: ${config.task.trainExamples ?? count - heldOut} training and ${heldOut} validation examples; test examples are not read`,
    };
  } finally {
    blind.dispose();
  }
}

/** Returns what ranks trials. Throws `search.score` if they have neither an error nor a readout. */
function rankingOf({ readout, epochs }: Config, { error }: Scored): SearchDocument['rankedBy'] {
  if (error) return undefined;
  if (!readout) throw unranked();
  if (readout.every === 1) return 'readout';
  throw new ApicalError(
    'search.score',
    `A search ranks these trials by their readout at every rung, but readout.every is ${readout.every} of ${epochs} epochs. Set readout.every=1.`,
  );
}

/** Throws `folder.exists` if the folder already holds a search or a run. */
function refuseUsed(folder: string): void {
  const used = [SEARCH_FILE, RUN_FILE].find((name) => existsSync(path.join(folder, name)));
  if (used === undefined) return;
  const what = used === SEARCH_FILE ? 'a search' : 'a run';
  const fix = used === SEARCH_FILE ? `Resume it with --resume ${folder}, or choose` : 'Choose';
  throw new ApicalError(
    'folder.exists',
    `The folder ${folder} already holds ${what}. ${fix} another --out.`,
    {
      folder,
    },
  );
}

/** Deletes the checkpoints of a stopped trial. Its config stays, so the same weights can be trained again. */
function removeCheckpoints(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith('checkpoint-')) removeQuietly(path.join(folder, name));
  }
}
