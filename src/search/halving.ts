import { ApicalError } from '../errors.ts';

/**
 * Successive halving: many trials take a few epochs, and of each rung the best 1/η go on to the next. A trial that
 * goes on continues from where it stood; its schedules are those of the full length from the beginning, so what the
 * last rung trained is exactly a run of that config.
 *
 * Source: Jamieson & Talwalkar (2016), AISTATS; as the inner loop of Hyperband, Li et al. (2018), Journal of Machine
 * Learning Research 18.
 */
export interface Rung {
  /** Epochs that a trial has learned when it is judged here. */
  readonly epochs: number;
  /** How many trials get here. */
  readonly trials: number;
}

export interface Budget {
  /** Epochs for each rule, over all its trials and seeds: what was asked for. */
  readonly epochs: number;
  /** What the rungs take of them, the same for every rule. */
  readonly planned: number;
  /** η: of each rung one in so many goes on. */
  readonly eta: number;
  readonly rungs: readonly Rung[];
}

export interface BudgetRequest {
  readonly budget: number;
  /** Of a run of full length. */
  readonly epochs: number;
  readonly seeds: number;
  readonly eta?: number | undefined;
  /** How many rungs; by default as many as the budget and the epochs can fill. */
  readonly rungs?: number | undefined;
}

/** Keys of docs/bibliography.json. */
export const SEARCH_SOURCES: readonly string[] = ['bergstra2012', 'jamieson2016', 'li2018'];

export const DEFAULT_ETA = 3;
const MOST_TRIALS = 100_000;

/** Spreads a budget over rungs, with as many trials as it pays for. Throws `search.budget`. */
export function planBudget({
  budget,
  epochs,
  seeds,
  eta = DEFAULT_ETA,
  rungs: asked,
}: BudgetRequest): Budget {
  requireWhole('--budget', budget, 1);
  requireWhole('--eta', eta, 2);
  if (asked !== undefined) requireWhole('--rungs', asked, 1);
  let most = 1;
  while (eta ** most <= epochs) most += 1;
  if (asked !== undefined && asked > most) {
    throw new ApicalError(
      'search.budget',
      `--rungs ${asked} does not fit: with ${epochs} epochs a run and η = ${eta} there are at most ${most}, as each rung is ${eta} times as long as the one before.`,
    );
  }
  const fewest = asked ?? 1;
  const counts = Array.from({ length: (asked ?? most) - fewest + 1 }, (_, index) => (asked ?? most) - index);
  const plans = counts.map((count) => fillRungs(count, { budget, epochs, seeds, eta }));
  // As many rungs as can each leave some trials behind.
  const full = plans.find((rungs) => (rungs[0]?.trials ?? 0) >= eta ** (rungs.length - 1));
  const best = full && (full[0]?.trials ?? 0) > 1 ? full : plans.find(([first]) => (first?.trials ?? 0) > 1);
  if (!best) {
    const least = Math.min(...counts.map((count) => costOf(rungsOf(count, 2, epochs, eta), seeds)));
    throw new ApicalError(
      'search.budget',
      `--budget ${budget} is too small: the least search is two trials of which one learns for ${epochs} epochs${seeds > 1 ? `, on ${seeds} seeds` : ''}, which is ${least} epochs. Give ${least} at least, or lower --epochs.`,
    );
  }
  return { epochs: budget, planned: costOf(best, seeds), eta, rungs: best };
}

/** How many trials a rung of so many epochs has, for n trials at first. */
function rungsOf(count: number, trials: number, epochs: number, eta: number): Rung[] {
  return Array.from({ length: count }, (_, index) => ({
    epochs: Math.max(1, Math.round(epochs / eta ** (count - 1 - index))),
    trials: Math.max(1, Math.floor(trials / eta ** index)),
  }));
}

/** The rungs of the most trials that a budget pays for; no rungs when it pays for none. */
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

/** Epochs in all: trials that go on only take what is new. */
function costOf(rungs: readonly Rung[], seeds: number): number {
  return rungs.reduce(
    (sum, { epochs, trials }, index) => sum + seeds * trials * (epochs - (rungs[index - 1]?.epochs ?? 0)),
    0,
  );
}

/** How good a trial is at a rung: lower is better, and a trial that diverged or failed is worse than all. */
export interface Judgement {
  /** Validation error and loss, means over seeds; Infinity where there is none. */
  readonly error: number;
  readonly loss: number;
}

/** Of two trials the better one first: by error, then by loss, then as they were drawn. */
export const byJudgement = (a: readonly [number, Judgement], b: readonly [number, Judgement]): number =>
  difference(a[1].error, b[1].error) || difference(a[1].loss, b[1].loss) || a[0] - b[0];

/** Infinity − Infinity is no number. */
const difference = (a: number, b: number) => (a === b ? 0 : a - b);

/** The trials that go on, of those judged at a rung: the best of those that can. */
export function promoted(judged: ReadonlyMap<number, Judgement>, count: number): number[] {
  return [...judged]
    .filter(([, { error }]) => Number.isFinite(error))
    .sort(byJudgement)
    .slice(0, count)
    .map(([trial]) => trial)
    .sort((a, b) => a - b);
}

/**
 * Runs the rungs of one rule. `judge` has a trial learn until a rung's epochs and says how good it is, or undefined
 * when it was interrupted: then the halving ends with false. Trials of a rung are asked for all at once.
 */
export async function halve(
  rungs: readonly Rung[],
  judge: (trial: number, rung: number) => Promise<Judgement | undefined>,
  onRung?: (rung: number, goOn: readonly number[], judged: ReadonlyMap<number, Judgement>) => void,
): Promise<boolean> {
  let trials = Array.from({ length: rungs[0]?.trials ?? 0 }, (_, trial) => trial);
  for (const index of rungs.keys()) {
    const judged = new Map<number, Judgement>();
    await Promise.all(
      trials.map(async (trial) => {
        const judgement = await judge(trial, index);
        if (judgement) judged.set(trial, judgement);
      }),
    );
    if (judged.size < trials.length) return false;
    const next = rungs[index + 1];
    const goOn = next ? promoted(judged, next.trials) : [];
    onRung?.(index, goOn, judged);
    trials = goOn;
  }
  return true;
}

function requireWhole(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ApicalError(
    'search.budget',
    `${option} takes a whole number of at least ${least}, but it is ${value}.`,
  );
}
