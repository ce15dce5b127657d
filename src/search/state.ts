import path from 'node:path';
import { slug } from '../runs/session.ts';
import type { BestDocument, RungScore, SearchDocument, SpentDocument, TrialDocument, TrialSeed, TrialStatus } from './document.ts';
import { byJudgement } from './halving.ts';
import type { Judgement } from './halving.ts';
import { pointOf, resultConfig } from './plan.ts';
import type { SearchPlan } from './plan.ts';
import { dimensionsFor, shareOf } from './space.ts';
import type { Point } from './space.ts';
import type { TrialOutcome } from './trial.ts';

/** A best value so near to an end of its range may have better ones beyond. */
const EDGE = 0.05;

interface Trial {
  readonly rule: string;
  readonly trial: number;
  readonly point: Point;
  readonly seeds: readonly { readonly seed: number; readonly folder: string; readonly rungs: RungScore[] }[];
  wasStopped: boolean;
}

/** What is known of the trials of a search so far. */
export class SearchState {
  readonly #plan: SearchPlan;
  readonly #trials = new Map<string, Trial>();

  constructor(plan: SearchPlan, before?: Pick<SearchDocument, 'trials'>) {
    this.#plan = plan;
    const known = new Map(before?.trials.map((trial) => [keyOf(trial.rule, trial.trial), trial]));
    for (const rule of Object.keys(plan.configs)) {
      for (let trial = 0; trial < (plan.budget.rungs[0]?.trials ?? 0); trial++) {
        const key = keyOf(rule, trial);
        const kept = known.get(key);
        const seeds = plan.seeds.map((seed) => ({
          seed,
          folder: path.posix.join('trials', slug(rule), `${String(trial).padStart(4, '0')}-seed${seed}`),
          rungs: [...(kept?.seeds.find((its) => its.seed === seed)?.rungs ?? [])],
        }));
        this.#trials.set(key, {
          rule,
          trial,
          point: pointOf(plan, rule, trial),
          seeds,
          wasStopped: kept?.status === 'stopped',
        });
      }
    }
  }

  point(rule: string, trial: number): Point {
    return this.#get(rule, trial).point;
  }

  folder(rule: string, trial: number, seed: number): string {
    return this.#seed(rule, trial, seed).folder;
  }

  /** What is known of a trial on one seed at a rung. */
  score(rule: string, trial: number, seed: number, rung: number): RungScore | undefined {
    return this.#seed(rule, trial, seed).rungs[rung];
  }

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

  stop(rule: string, trial: number): void {
    this.#get(rule, trial).wasStopped = true;
  }

  /** Means over seeds at a rung; infinite as soon as one seed diverged or failed. */
  judgement(rule: string, trial: number, rung: number): Judgement {
    const scores = this.#get(rule, trial).seeds.map(({ rungs }) => rungs[rung]);
    const mean = (key: 'error' | 'loss') =>
      scores.reduce((sum, score) => sum + (score?.[key] ?? Number.POSITIVE_INFINITY), 0) / scores.length;
    return { error: mean('error'), loss: mean('loss') };
  }

  trials(): TrialDocument[] {
    return [...this.#trials.values()].map((trial) => this.#describe(trial));
  }

  /** By rule, of the trials that learned for the full length, the one that is best on validation examples. */
  best(): BestDocument[] {
    const last = this.#plan.budget.rungs.length - 1;
    return Object.keys(this.#plan.configs).flatMap((rule): BestDocument[] => {
      const finished = this.trials().filter((trial) => trial.rule === rule && trial.status === 'finished');
      const [first] = finished
        .map(({ trial }) => [trial, this.judgement(rule, trial, last)] as const)
        .sort(byJudgement);
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

  spent(): SpentDocument[] {
    return Object.keys(this.#plan.configs).map((rule) => {
      const lasts = [...this.#trials.values()]
        .filter((trial) => trial.rule === rule)
        .flatMap(({ seeds }) => seeds.map(({ rungs }) => rungs));
      const sum = (of: (rungs: readonly RungScore[]) => number) =>
        lasts.reduce((total, rungs) => total + of(rungs), 0);
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
    const judged = Math.min(...seeds.map(({ rungs }) => rungs.length));
    const finite = (value: number) => (Number.isFinite(value) ? value : null);
    const judgement = judged === 0 ? undefined : this.judgement(rule, trial, judged - 1);
    return {
      rule,
      trial,
      point,
      status: this.#status(judged, seeds, wasStopped),
      rung: judged === 0 ? null : judged - 1,
      epochs: this.#plan.budget.rungs[judged - 1]?.epochs ?? 0,
      error: judgement ? finite(judgement.error) : null,
      loss: judgement ? finite(judgement.loss) : null,
      seeds: seeds.map((its) => ({ ...its })),
    };
  }

  #status(judged: number, seeds: readonly TrialSeed[], wasStopped: boolean): TrialStatus {
    const scores = seeds.flatMap(({ rungs }) => rungs);
    for (const status of ['failed', 'diverged'] as const) {
      if (scores.some((score) => score.status === status)) return status;
    }
    if (judged === this.#plan.budget.rungs.length) return 'finished';
    if (wasStopped) return 'stopped';
    return scores.length === 0 ? 'waiting' : 'learning';
  }

  #seed(rule: string, trial: number, seed: number) {
    const found = this.#get(rule, trial).seeds.find((its) => its.seed === seed);
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
