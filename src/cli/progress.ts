import type cliProgress from 'cli-progress';
import type { Config } from '../config/config.ts';
import type { EvaluationRecord, Metrics, MetricsRecord, ProgressRecord } from '../training/records.ts';
import type { FinishedRun, RunProgress } from '../runs/run.ts';
import { progressBars } from './bars.ts';
import { duration, percent } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** Shows runs as they learn: bars that move on a terminal, a line an epoch elsewhere. */
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

  progress(index: number, { training, latest }: RunProgress): void {
    // Before the run that a config means, another one may teach its network.
    const isBefore = this.#configs[index]?.pretraining !== undefined && !training.config.pretraining;
    const label = `${this.#labels[index] as string}${isBefore ? '  pretraining' : ''}`;
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

  finished(index: number, { document }: FinishedRun): void {
    this.#byRun.get(index)?.stop();
    if (document.status !== 'done') {
      this.#bars?.stop();
      this.#terminal.note(
        `${(this.#labels[index] as string).trimEnd()}: ${document.failure?.message ?? document.status}`,
      );
    }
  }

  stop(): void {
    this.#bars?.stop();
  }

  #state({ training, latest }: RunProgress): string {
    const elapsed = (Date.now() - this.#started) / 1000;
    const share = training.step / training.totalSteps;
    const left = share > 0.02 ? `  ${duration((elapsed * (1 - share)) / share)} left` : '';
    const shown = latest && latest.kind !== 'probe' ? latest : training.lastProgress;
    return `epoch ${training.epoch.toFixed(1)}  ${latestScore(shown)}${angles(training)}${left}`;
  }
}

/** What an epoch came to. */
function scores({ train, validation, test, metrics }: EvaluationRecord): string {
  const { return: reached, solved, episodes = 0 } = metrics ?? {};
  if (reached !== undefined) {
    return `return ${reached.toFixed(1)}${solved === 1 ? ' (solved)' : ''}  ${episodes} episodes`;
  }
  const held = test ?? validation;
  return (
    `train error ${train ? percent(train.error) : '–'}` +
    (held ? `  ${test ? 'test' : 'validation'} error ${percent(held.error)}` : '') +
    named(metrics)
  );
}

function latestScore(record: ProgressRecord | EvaluationRecord | undefined): string {
  const reached = record?.metrics?.['return'];
  if (reached !== undefined) return `return ${reached.toFixed(1)}`;
  return `train error ${record?.train ? percent(record.train.error, 1) : '–'}`;
}

/** What a rule measured beside the loss: "  reconstruction of hidden1 12.3". */
const named = (metrics: Metrics = {}): string =>
  Object.entries(metrics)
    .map(([name, value]) => `  ${name} ${value.toPrecision(3)}`)
    .join('');

/** "  angle 41° 12° 0°": of each projection's update to the exact gradient. */
function angles({ lastProbe }: RunProgress['training']): string {
  const degrees = Object.values(lastProbe?.projections ?? {}).map(({ angle }) =>
    angle === null ? '–' : `${angle.toFixed(0)}°`,
  );
  return degrees.length > 0 ? `  angle ${degrees.join(' ')}` : '';
}
