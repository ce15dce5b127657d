import path from 'node:path';
import { slug } from '../runs/session.ts';
import type { BestDocument, RungScore, SearchDocument, SpentDocument, TrialDocument, TrialSeed, TrialStatus } from './document.ts';
import { byScore } from './halving.ts';
import type { TrialScore } from './halving.ts';
import { pointOf, resultConfig } from './plan.ts';
import type { SearchPlan } from './plan.ts';
import { dimensionsFor, shareOf } from './space.ts';
import type { Point } from './space.ts';
import type { TrialOutcome } from './trial.ts';

/**
 * A best value this close to an end of its range (as a fraction of the range) is reported: better ones may lie
 * outside.
 */
const EDGE = 0.05;

interface Trial {
  readonly rule: string;
  readonly trial: number;
  readonly point: Point;
  readonly seeds: readonly { readonly seed: number; readonly folder: string; readonly rungs: RungScore[] }[];
  wasStopped: boolean;
}

/** Keeps the scores of all trials of a search. */
export class SearchState {
  readonly #plan: SearchPlan;
  readonly #trials = new Map<string, Trial>();

  /** Starts with the scores of a resumed search, if there is one. */
  constructor(plan: SearchPlan, resumed?: Pick<SearchDocument, 'trials'>) {
    this.#plan = plan;
    const known = new Map(resumed?.trials.map((trial) => [keyOf(trial.rule, trial.trial), trial]));
    for (const rule of Object.keys(plan.configs)) {
      for (let trial = 0; trial < (plan.budget.rungs[0]?.trials ?? 0); trial++) {
        const key = keyOf(rule, trial);
        const saved = known.get(key);
        const seeds = plan.seeds.map((seed) => ({
          seed,
          folder: path.posix.join('trials', slug(rule), `${String(trial).padStart(4, '0')}-seed${seed}`),
          rungs: [...(saved?.seeds.find((trialSeed) => trialSeed.seed === seed)?.rungs ?? [])],
        }));
        this.#trials.set(key, {
          rule,
          trial,
          point: pointOf(plan, rule, trial),
          seeds,
          wasStopped: saved?.status === 'stopped',
        });
      }
    }
  }

  /** Returns the values that a trial tries. */
  point(rule: string, trial: number): Point {
    return this.#get(rule, trial).point;
  }

  /** Returns the run folder of a trial on one seed, relative to the folder of the search. */
  folder(rule: string, trial: number, seed: number): string {
    return this.#seed(rule, trial, seed).folder;
  }

  /** Returns the score of a trial on one seed at a rung, or undefined if it has none yet. */
  score(rule: string, trial: number, seed: number, rung: number): RungScore | undefined {
    return this.#seed(rule, trial, seed).rungs[rung];
  }

  /** Adds the outcome of a trial on one seed at its next rung. */
  record(
    rule: string,
    trial: number,
    seed: number,
    outcome: Exclude<TrialOutcome, { kind: 'interrupted' }>,
  ): void {
    const { rungs } = this.#seed(rule, trial, seed);
    const epochs = this.#plan.budget.rungs[rungs.length]?.epochs ?? 0;
    if (outcome.kind === 'scored') {
      const { kind, error, loss, trainedSeconds, passes } = outcome;
      rungs.push({ epochs, status: kind, error, loss, trainedSeconds, passes });
    } else {
      const { kind, code, message } = outcome;
      rungs.push({ epochs, status: kind, error: null, loss: null, failure: { code, message } });
    }
  }

  /** Marks a trial as not promoted. */
  stop(rule: string, trial: number): void {
    this.#get(rule, trial).wasStopped = true;
  }

  /** Returns the mean score over seeds at a rung; infinite if any seed diverged or failed. */
  meanScore(rule: string, trial: number, rung: number): TrialScore {
    const scores = this.#get(rule, trial).seeds.map(({ rungs }) => rungs[rung]);
    const mean = (key: 'error' | 'loss') =>
      scores.reduce((sum, score) => sum + (score?.[key] ?? Number.POSITIVE_INFINITY), 0) / scores.length;
    return { error: mean('error'), loss: mean('loss') };
  }

  /** Returns every trial with its status and scores. */
  trials(): TrialDocument[] {
    return [...this.#trials.values()].map((trial) => this.#describe(trial));
  }

  /** Returns the best fully trained trial of each rule, by validation error. */
  best(): BestDocument[] {
    const last = this.#plan.budget.rungs.length - 1;
    return Object.keys(this.#plan.configs).flatMap((rule): BestDocument[] => {
      const finished = this.trials().filter((trial) => trial.rule === rule && trial.status === 'finished');
      const [first] = finished
        .map(({ trial }) => [trial, this.meanScore(rule, trial, last)] as const)
        .sort(byScore);
      if (!first) return [];
      const [trial, { error, loss }] = first;
      const { point, seeds } = this.#get(rule, trial);
      const atEdge = dimensionsFor(this.#plan.space, rule).flatMap(({ path: where, range }) => {
        const share = shareOf(range, point[where]);
        const isWhole = range.kind === 'whole';
        const near = share !== undefined && !isWhole && Math.min(share, 1 - share) < EDGE;
        return near || (isWhole && (share === 0 || share === 1)) ? [where] : [];
      });
      return [
        {
          rule,
          trial,
          point,
          error,
          loss,
          values: seeds.map(({ rungs }) => rungs[last]?.error as number),
          atEdge,
          file: `best-${slug(rule)}.json`,
          config: resultConfig(this.#plan, rule, point),
        },
      ];
    });
  }

  /** Returns the total cost of each rule's trials. */
  spent(): SpentDocument[] {
    return Object.keys(this.#plan.configs).map((rule) => {
      const runs = [...this.#trials.values()]
        .filter((trial) => trial.rule === rule)
        .flatMap(({ seeds }) => seeds.map(({ rungs }) => rungs));
      const sum = (of: (rungs: readonly RungScore[]) => number) =>
        runs.reduce((total, rungs) => total + of(rungs), 0);
      return {
        rule,
        epochs: sum((rungs) => rungs.at(-1)?.epochs ?? 0),
        trainedSeconds: sum(
          (rungs) => rungs.findLast((score) => score.status === 'scored')?.trainedSeconds ?? 0,
        ),
        passes: sum((rungs) => rungs.findLast((score) => score.status === 'scored')?.passes ?? 0),
      };
    });
  }

  #describe({ rule, trial, point, seeds, wasStopped }: Trial): TrialDocument {
    // Rungs at which all seeds have a score.
    const scored = Math.min(...seeds.map(({ rungs }) => rungs.length));
    const finite = (value: number) => (Number.isFinite(value) ? value : null);
    const score = scored === 0 ? undefined : this.meanScore(rule, trial, scored - 1);
    return {
      rule,
      trial,
      point,
      status: this.#status(scored, seeds, wasStopped),
      rung: scored === 0 ? null : scored - 1,
      epochs: this.#plan.budget.rungs[scored - 1]?.epochs ?? 0,
      error: score ? finite(score.error) : null,
      loss: score ? finite(score.loss) : null,
      seeds: seeds.map((trialSeed) => ({ ...trialSeed })),
    };
  }

  #status(scored: number, seeds: readonly TrialSeed[], wasStopped: boolean): TrialStatus {
    const scores = seeds.flatMap(({ rungs }) => rungs);
    for (const status of ['failed', 'diverged'] as const) {
      if (scores.some((score) => score.status === status)) return status;
    }
    if (scored === this.#plan.budget.rungs.length) return 'finished';
    if (wasStopped) return 'stopped';
    return scores.length === 0 ? 'waiting' : 'learning';
  }

  #seed(rule: string, trial: number, seed: number) {
    const found = this.#get(rule, trial).seeds.find((trialSeed) => trialSeed.seed === seed);
    if (!found) throw new Error(`The search has no seed ${seed}.`);
    return found;
  }

  #get(rule: string, trial: number): Trial {
    const found = this.#trials.get(keyOf(rule, trial));
    if (!found) throw new Error(`The search has no trial ${trial} of ${rule}.`);
    return found;
  }
}

const keyOf = (rule: string, trial: number) => `${rule}#${trial}`;
