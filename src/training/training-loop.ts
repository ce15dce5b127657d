import type { Config } from '../config/config.ts';
import type { Learner } from '../learning/learner.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type {
  EvaluationRecord,
  MetricsRecord,
  Mistake,
  PictureGrid,
  ProbeRecord,
  ProgressRecord,
} from './records.ts';
import type { Position, Training } from './training.ts';

/** The length of a run, and where its records go. */
export interface LoopOptions {
  readonly config: Config;
  readonly stepsPerEpoch: number;
  readonly progressPerEpoch: number;
  readonly record?: ((record: MetricsRecord) => void) | undefined;
  /** Whether this training only takes steps, while another one probes, evaluates and checks the loss. */
  readonly isReplica?: boolean | undefined;
}

/** What trainings of every kind share: the count of steps, when a record is made, and the latest of each kind. */
export abstract class TrainingLoop implements Training {
  readonly config: Config;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  abstract readonly learner: Learner;
  abstract readonly passes: number;
  readonly #progressEvery: number;
  readonly #record: (record: MetricsRecord) => void;
  readonly #isReplica: boolean;
  #step = 0;
  #trainedSeconds = 0;
  #examplesSeen = 0;
  #lastProbe: ProbeRecord | undefined;
  #lastProgress: ProgressRecord | undefined;
  #lastEvaluation: EvaluationRecord | undefined;

  constructor({ config, stepsPerEpoch, progressPerEpoch, record, isReplica }: LoopOptions) {
    this.config = config;
    this.stepsPerEpoch = stepsPerEpoch;
    this.totalSteps = stepsPerEpoch * config.epochs;
    this.#progressEvery = Math.max(1, Math.round(stepsPerEpoch / progressPerEpoch));
    this.#record = record ?? (() => undefined);
    this.#isReplica = isReplica ?? false;
  }

  get step(): number {
    return this.#step;
  }
  get epoch(): number {
    return this.#step / this.stepsPerEpoch;
  }
  get done(): boolean {
    return this.#step >= this.totalSteps;
  }
  get lastProbe(): ProbeRecord | undefined {
    return this.#lastProbe;
  }
  get lastProgress(): ProgressRecord | undefined {
    return this.#lastProgress;
  }
  get lastEvaluation(): EvaluationRecord | undefined {
    return this.#lastEvaluation;
  }
  get trainedSeconds(): number {
    return this.#trainedSeconds;
  }
  get examplesSeen(): number {
    return this.#examplesSeen;
  }

  advance(steps: number, now: () => number): void {
    for (let taken = 0; taken < steps && !this.done; taken++) {
      if (!this.#isReplica) this.beforeUpdate();
      const start = now();
      this.#examplesSeen += this.update();
      this.#trainedSeconds += now() - start;
      if (this.#isReplica) {
        this.#step += 1;
        continue;
      }
      this.checkFinite();
      this.#step += 1;
      if (this.#step % this.#progressEvery === 0) this.#keepProgress();
      if (this.#step % this.stepsPerEpoch === 0) {
        this.#endEpoch();
        return;
      }
    }
  }

  abstract snapshot(): { readonly tensors: ReadonlyMap<string, Tensor>; readonly position: Position };

  restore({ step, trainedSeconds, examplesSeen }: Position): void {
    this.#step = step;
    this.#trainedSeconds = trainedSeconds;
    this.#examplesSeen = examplesSeen;
  }

  abstract mistakes(limit: number): Mistake[];
  abstract fantasies(limit: number): PictureGrid | undefined;
  abstract dispose(): void;

  /** Makes one update and returns the number of examples (or steps) learned. */
  protected abstract update(): number;
  /** Throws `run.diverged` if a loss is no longer finite. */
  protected abstract checkFinite(): void;
  /** Measures the training since the last progress record. */
  protected abstract progress(): Pick<ProgressRecord, 'train' | 'metrics'>;
  /** Measures the epoch that ends, and starts the sums of the next. */
  protected abstract evaluate(): Omit<EvaluationRecord, 'kind' | 'step' | 'epoch' | 'trainedSeconds'>;
  /** Called before the time of an update is measured, for a probe. */
  protected beforeUpdate(): void {
    return;
  }
  /** Called after the last update, before the last evaluation. */
  protected afterLastUpdate(): void {
    return;
  }

  protected recordProbe(projections: ProbeRecord['projections']): void {
    this.#lastProbe = { kind: 'probe', step: this.#step, epoch: this.epoch, projections };
    this.#record(this.#lastProbe);
  }

  /** The position, of which a training may add to the sums. */
  protected positionWith(window: Position['window']): Position {
    const { step, trainedSeconds, examplesSeen, passes } = this;
    return { step, window, trainedSeconds, examplesSeen, passes };
  }

  #keepProgress(): void {
    const [first] = this.learner.network.parameters;
    this.#lastProgress = {
      kind: 'progress',
      step: this.#step,
      epoch: this.epoch,
      ...this.progress(),
      rate: first ? this.learner.optimiser.rate(first, this.epoch) : 0,
    };
    this.#record(this.#lastProgress);
  }

  #endEpoch(): void {
    if (this.done) this.afterLastUpdate();
    this.#lastEvaluation = {
      kind: 'evaluation',
      step: this.#step,
      epoch: this.epoch,
      ...this.evaluate(),
      trainedSeconds: this.#trainedSeconds,
    };
    this.#record(this.#lastEvaluation);
  }
}

/** Probes are dense at first, where angles change fastest: steps 0, 1, 2, 4, 8, … and then every n. */
export function isProbeStep(step: number, every: number): boolean {
  if (every === 0) return false;
  return step % every === 0 || (step < every && (step & (step - 1)) === 0);
}

/** Returns the fixes of a divergence, for `run.diverged`; `before` names another rate to lower. */
export const lowerRate = ({ optimiser }: Config, before = ''): string =>
  `Lower ${before}optimiser.rate (now ${JSON.stringify(optimiser.rate)}), or bound weights with optimiser.maximumNorm`;
