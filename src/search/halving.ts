import { ApicalError } from '../errors.ts';

/**
 * One rung of successive halving: many trials train for a few epochs, and the best 1/η of them are promoted to the
 * next rung. A promoted trial continues from its checkpoint. Its schedules span the full length from the start, so a
 * trial of the last rung equals an ordinary run of that config.
 *
 * Source: Jamieson & Talwalkar (2016), AISTATS; as the inner loop of Hyperband, Li et al. (2018), Journal of Machine
 * Learning Research 18.
 */
export interface Rung {
  /** Epochs that a trial has trained when it is scored at this rung. */
  readonly epochs: number;
  /** Number of trials at this rung. */
  readonly trials: number;
}

/** The epochs of a search and their division among rungs. */
export interface Budget {
  /** Requested epochs per rule, over all trials and seeds. */
  readonly epochs: number;
  /** Epochs per rule that the rungs use; at most `epochs`. */
  readonly planned: number;
  /** η: one trial in η is promoted. */
  readonly eta: number;
  readonly rungs: readonly Rung[];
}

/** A user's request for a budget. */
export interface BudgetRequest {
  readonly budget: number;
  /** Epochs of a run of full length. */
  readonly epochs: number;
  readonly seeds: number;
  readonly eta?: number | undefined;
  /** Number of rungs; by default as many as the budget and the epochs can fill. */
  readonly rungs?: number | undefined;
}

/** Sources of the method: keys of docs/bibliography.json. */
export const SEARCH_SOURCES: readonly string[] = ['bergstra2012', 'jamieson2016', 'li2018'];

/** Default η. */
export const DEFAULT_ETA = 3;
const MOST_TRIALS = 100_000;

/** Divides a budget into rungs, with as many trials as it covers. Throws `search.budget`. */
export function planBudget({
  budget,
  epochs,
  seeds,
  eta = DEFAULT_ETA,
  rungs: requested,
}: BudgetRequest): Budget {
  requireWhole('--budget', budget, 1);
  requireWhole('--eta', eta, 2);
  if (requested !== undefined) requireWhole('--rungs', requested, 1);
  let most = 1;
  while (eta ** most <= epochs) most += 1;
  if (requested !== undefined && requested > most) {
    throw new ApicalError(
      'search.budget',
      `--rungs is ${requested}, but runs of ${epochs} epochs have room for at most ${most}, as each rung is ${eta} times as long as the one before. Lower --rungs or --eta, or raise --epochs.`,
    );
  }
  const fewest = requested ?? 1;
  const counts = Array.from(
    { length: (requested ?? most) - fewest + 1 },
    (_, index) => (requested ?? most) - index,
  );
  const plans = counts.map((count) => fillRungs(count, { budget, epochs, seeds, eta }));
  // Prefer the most rungs for which every rung still stops some trials.
  const full = plans.find((rungs) => (rungs[0]?.trials ?? 0) >= eta ** (rungs.length - 1));
  const best = full && (full[0]?.trials ?? 0) > 1 ? full : plans.find(([first]) => (first?.trials ?? 0) > 1);
  if (!best) {
    const least = Math.min(...counts.map((count) => costOf(rungsOf(count, 2, epochs, eta), seeds)));
    throw new ApicalError(
      'search.budget',
      `--budget ${budget} is too small: the smallest search has two trials, one of which trains for ${epochs} epochs${seeds > 1 ? ` on ${seeds} seeds` : ''}. Give --budget ${least} or more, or lower --epochs.`,
    );
  }
  return { epochs: budget, planned: costOf(best, seeds), eta, rungs: best };
}

/** Returns `count` rungs that begin with `trials` trials and end at `epochs`. */
function rungsOf(count: number, trials: number, epochs: number, eta: number): Rung[] {
  return Array.from({ length: count }, (_, index) => ({
    epochs: Math.max(1, Math.round(epochs / eta ** (count - 1 - index))),
    trials: Math.max(1, Math.floor(trials / eta ** index)),
  }));
}

/** Returns the rungs with the most trials that the budget covers; none if it covers no trial. */
function fillRungs(
  count: number,
  { budget, epochs, seeds, eta }: { budget: number; epochs: number; seeds: number; eta: number },
): Rung[] {
  let [low, high] = [0, MOST_TRIALS];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (costOf(rungsOf(count, middle, epochs, eta), seeds) <= budget) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? [] : rungsOf(count, low, epochs, eta);
}

/** Returns the total epochs; a promoted trial adds only the epochs it has not trained yet. */
function costOf(rungs: readonly Rung[], seeds: number): number {
  return rungs.reduce(
    (sum, { epochs, trials }, index) => sum + seeds * trials * (epochs - (rungs[index - 1]?.epochs ?? 0)),
    0,
  );
}

/** The score of a trial at a rung; lower is better. A trial that diverged or failed scores Infinity. */
export interface TrialScore {
  /** Validation error and loss, averaged over seeds. */
  readonly error: number;
  readonly loss: number;
}

/** Orders [trial, score] pairs, best first: by error, then by loss, then by trial number. */
export const byScore = (a: readonly [number, TrialScore], b: readonly [number, TrialScore]): number =>
  difference(a[1].error, b[1].error) || difference(a[1].loss, b[1].loss) || a[0] - b[0];

/** Returns a − b, or 0 for equal values: Infinity − Infinity would be NaN. */
const difference = (a: number, b: number) => (a === b ? 0 : a - b);

/** Returns the best `count` trials with a finite error, in ascending order. */
export function promoted(scores: ReadonlyMap<number, TrialScore>, count: number): number[] {
  return [...scores]
    .filter(([, { error }]) => Number.isFinite(error))
    .sort(byScore)
    .slice(0, count)
    .map(([trial]) => trial)
    .sort((a, b) => a - b);
}

/**
 * Runs the rungs of one rule and resolves to true when all are done. `evaluate` trains a trial up to a rung and
 * resolves to its score, or to undefined if it was interrupted; the halving then resolves to false. The trials of a
 * rung are requested all at once.
 */
export async function halve(
  rungs: readonly Rung[],
  evaluate: (trial: number, rung: number) => Promise<TrialScore | undefined>,
  onRung?: (rung: number, promotedTrials: readonly number[], scores: ReadonlyMap<number, TrialScore>) => void,
): Promise<boolean> {
  let trials = Array.from({ length: rungs[0]?.trials ?? 0 }, (_, trial) => trial);
  for (const index of rungs.keys()) {
    const scores = new Map<number, TrialScore>();
    await Promise.all(
      trials.map(async (trial) => {
        const score = await evaluate(trial, index);
        if (score) scores.set(trial, score);
      }),
    );
    if (scores.size < trials.length) return false;
    const next = rungs[index + 1];
    const promotedTrials = next ? promoted(scores, next.trials) : [];
    onRung?.(index, promotedTrials, scores);
    trials = promotedTrials;
  }
  return true;
}

function requireWhole(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ApicalError(
    'search.budget',
    `${option} must be a whole number of at least ${least}, but it is ${value}.`,
  );
}
