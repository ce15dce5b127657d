import type cliProgress from 'cli-progress';
import type { Config } from '../config/config.ts';
import type { EvaluationRecord, Metrics, MetricsRecord, ProgressRecord, Score } from '../training/records.ts';
import type { FinishedRun, RunProgress } from '../runs/run.ts';
import { progressBars } from './bars.ts';
import { duration, percent } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** Shows the progress of runs: as bars on a terminal, elsewhere as one line per epoch. */
export class ProgressView {
  readonly #terminal: Terminal;
  readonly #configs: readonly Config[];
  readonly #labels: readonly string[];
  readonly #bars: cliProgress.MultiBar | undefined;
  readonly #byRun = new Map<number, cliProgress.SingleBar>();
  readonly #reported = new Map<number, MetricsRecord>();
  readonly #started = Date.now();

  constructor(terminal: Terminal, configs: readonly Config[], names?: readonly string[]) {
    this.#terminal = terminal;
    this.#configs = configs;
    const severalSeeds = new Set(configs.map(({ seed }) => seed)).size > 1;
    const labels = configs.map(({ rule, seed }, index) => {
      const name = names?.[index] ?? rule;
      return severalSeeds ? `${name} · seed ${seed}` : name;
    });
    const longest = Math.max(...labels.map((label) => label.length));
    this.#labels = labels.map((label) => label.padEnd(longest));
    if (terminal.animated) {
      this.#bars = progressBars('{percentage} %');
    }
  }

  /** Shows the state of a run. */
  progress(index: number, { training, latest }: RunProgress): void {
    // Pretraining is a run of its own before the run of the config.
    const isPretraining = this.#configs[index]?.pretraining !== undefined && !training.config.pretraining;
    const label = `${this.#labels[index] as string}${isPretraining ? '  pretraining' : ''}`;
    if (this.#bars) {
      let bar = this.#byRun.get(index);
      if (!bar) {
        bar = this.#bars.create(training.totalSteps, 0, { label, state: '' });
        this.#byRun.set(index, bar);
      }
      bar.setTotal(training.totalSteps);
      bar.update(training.step, { label, state: this.#state({ training, latest }) });
      return;
    }
    const { lastEvaluation } = training;
    if (lastEvaluation && lastEvaluation !== this.#reported.get(index)) {
      this.#reported.set(index, lastEvaluation);
      this.#terminal.note(
        `${label}  epoch ${Math.round(lastEvaluation.epoch)}/${training.config.epochs}  ${scores(lastEvaluation)}${angles(training)}`,
      );
    }
  }

  /** Shows the end of a run. */
  finished(index: number, { document }: FinishedRun): void {
    this.#byRun.get(index)?.stop();
    if (document.status !== 'done') {
      this.#bars?.stop();
      this.#terminal.note(
        `${(this.#labels[index] as string).trimEnd()}: ${document.failure?.message ?? document.status}`,
      );
    }
  }

  /** Stops all bars. */
  stop(): void {
    this.#bars?.stop();
  }

  #state({ training, latest }: RunProgress): string {
    const elapsed = (Date.now() - this.#started) / 1000;
    const share = training.step / training.totalSteps;
    const remaining = share > 0.02 ? `  ${duration((elapsed * (1 - share)) / share)} left` : '';
    const shown = latest && latest.kind !== 'probe' ? latest : training.lastProgress;
    return `epoch ${training.epoch.toFixed(1)}  ${latestScore(shown)}${angles(training)}${remaining}`;
  }
}

/** Formats the scores of an epoch. */
function scores({ train, validation, test, readout, metrics }: EvaluationRecord): string {
  const { return: meanReturn, solved, episodes = 0 } = metrics ?? {};
  if (meanReturn !== undefined) {
    return `return ${meanReturn.toFixed(1)}${solved === 1 ? ' (solved)' : ''}  ${episodes} episodes`;
  }
  const heldOut = test ?? validation;
  const read = readout?.test ?? readout?.validation;
  const parts = [
    // A rule that only reports metrics has no line for errors.
    train || heldOut || (!metrics && !read) ? scoreText('train', train) : '',
    heldOut ? scoreText(test ? 'test' : 'validation', heldOut) : '',
    read ? scoreText(`readout ${readout?.test ? 'test' : 'validation'}`, read) : '',
  ].filter(Boolean);
  return `${parts.join('  ')}${named(metrics)}`.trimStart();
}

/** Formats a score: its error, or its loss if nothing is compared with a target. */
function scoreText(name: string, score: Score | undefined, digits?: number): string {
  if (score && score.error === undefined) return `${name} loss ${score.loss.toPrecision(3)}`;
  return `${name} error ${score?.error === undefined ? '–' : percent(score.error, digits)}`;
}

function latestScore(record: ProgressRecord | EvaluationRecord | undefined): string {
  const meanReturn = record?.metrics?.['return'];
  if (meanReturn !== undefined) return `return ${meanReturn.toFixed(1)}`;
  if (record && !record.train && record.metrics) return named(record.metrics).trimStart();
  return scoreText('train', record?.train, 1);
}

/** Formats metrics that a rule reports besides the loss: "  reconstruction of hidden1 12.3". */
const named = (metrics: Metrics = {}): string =>
  Object.entries(metrics)
    .map(([name, value]) => `  ${name} ${value.toPrecision(3)}`)
    .join('');

/** Formats the angle of each projection's update to the exact gradient: "  angle 41° 12° 0°". */
function angles({ lastProbe }: RunProgress['training']): string {
  const degrees = Object.values(lastProbe?.projections ?? {}).flatMap(({ angle, reason }) => {
    if (reason === 'no gradient') return [];
    return angle === null ? '–' : `${angle.toFixed(0)}°`;
  });
  return degrees.some((angle) => angle !== '–') ? `  angle ${degrees.join(' ')}` : '';
}
