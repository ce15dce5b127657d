import type { Compute, Config, MetricsRecord, Rule, Task, Training } from '../../src/entries/browser-internals.ts';
import { ApicalError } from '../../src/entries/browser-internals.ts';
import type { LaneView, Problem, RunState, Watch } from '../protocol.ts';
import { WeightHistory } from './history.ts';
import { problemOf } from './plan.ts';
import { ruleOf } from './rules.ts';
import { look } from './views.ts';

const now = () => performance.now() / 1000;

/** A run of one rule from one seed. If learning fails, this run ends and the others continue. */
export class Run {
  readonly config: Config;
  readonly training: Training;
  readonly history: WeightHistory;
  readonly startedAt = new Date().toISOString();
  /** All records of the run, as a run folder keeps them. */
  readonly metrics: MetricsRecord[] = [];
  readonly #compute: Compute;
  readonly #task: Task;
  /** Whether the page shows this run: only the first seed of a lane is shown. */
  readonly #isShown: boolean;
  #sent = 0;
  #failure: Problem | undefined;

  /** Throws the errors of an invalid config, and `lab.pretraining`. */
  constructor(compute: Compute, task: Task, config: Config, isShown: boolean) {
    this.config = config;
    this.#compute = compute;
    this.#task = task;
    this.#isShown = isShown;
    if (config.pretraining) {
      throw new ApicalError(
        'lab.pretraining',
        'The page cannot pretrain. Remove `pretraining` from the settings, or run this config with `apical run`.',
      );
    }
    const rule = ruleOf(config.rule);
    const critic: Rule | undefined =
      config.control?.critic.rule === undefined ? undefined : ruleOf(config.control.critic.rule);
    this.training = task.begin(config, { rule, critic }, (record) => this.metrics.push(record));
    this.history = new WeightHistory(this.training.learner);
  }

  get failure(): Problem | undefined {
    return this.#failure;
  }
  get isOver(): boolean {
    return this.training.done || this.#failure !== undefined;
  }

  advance(): void {
    if (this.isOver) return;
    if (this.#isShown) this.history.note(this.training.step);
    try {
      this.training.advance(1, now);
    } catch (thrown) {
      this.#failure = problemOf(thrown);
    }
  }

  state(): RunState {
    const { step, epoch, done } = this.training;
    const records = this.metrics.slice(this.#sent);
    this.#sent = this.metrics.length;
    return { step, epoch, done, failure: this.#failure, records };
  }

  view(watch: Watch): LaneView {
    return look(
      {
        compute: this.#compute,
        learner: this.training.learner,
        step: this.training.step,
        history: this.history,
        examples: this.#task.examples,
      },
      watch,
    );
  }

  dispose(): void {
    this.training.dispose();
  }
}
