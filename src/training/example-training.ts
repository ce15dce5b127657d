import { measureAlignment } from '../analysis/alignment.ts';
import { ApicalError } from '../errors.ts';
import { Sequence, stream } from '../random/index.ts';
import { Learner } from '../learning/learner.ts';
import type { Tally } from '../learning/learner.ts';
import { parseOptions } from '../learning/rule.ts';
import type { Rule } from '../learning/rule.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Config } from '../config/config.ts';
import type { ExampleSet, Examples } from './examples.ts';
import { splitExamples } from './examples.ts';
import { networkFor } from './network-of-config.ts';
import type {
  EvaluationRecord,
  HeldOutScore,
  MetricsRecord,
  Mistake,
  PictureGrid,
  ProbeRecord,
  ProgressRecord,
  Score,
} from './records.ts';
import { checkCounts, checkOverrides, optimiserFor } from './checks.ts';
import { NO_TALLY } from './training.ts';
import { allIndices, EVALUATION_BATCH, heldOutScoreOf, metricsOf, scoreOf, sweep } from './evaluation.ts';
import { withRuleOf } from './rule-of-config.ts';
import type { Position, Together, Training } from './training.ts';

export type { Position, Training } from './training.ts';

/** Progress records per epoch. */
const PROGRESS_RECORDS = 20;

/** Options of an `ExampleTraining`. */
export interface ExampleTrainingOptions {
  readonly compute: Compute;
  readonly examples: Examples;
  readonly config: Config;
  /** The rule that learns. The training's config names it, whatever rule `config` named. */
  readonly rule: Rule;
  /** Receives every record as it is made. Default: records are dropped. */
  readonly record?: ((record: MetricsRecord) => void) | undefined;
  /** Sharing of the rule's samples among workers. Default: there is one worker. */
  readonly together?: Together | undefined;
}

/** A run that learns from the examples of a data set. It computes nothing until `advance` is called. */
export class ExampleTraining implements Training {
  readonly config: Config;
  readonly learner: Learner;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Number of examples that the run learns from. */
  readonly trainCount: number;
  readonly #compute: Compute;
  readonly #examples: Examples;
  readonly #train: Int32Array;
  readonly #validation: Int32Array;
  /** The examples of an epoch, in its order, as positions in `#train`. */
  readonly #order: Int32Array;
  readonly #indices: Tensor;
  /** The examples of a batch, as positions in `#train`. */
  readonly #places: Tensor;
  readonly #probeIndices: Tensor;
  readonly #probePlaces: Tensor;
  readonly #evaluationIndices: Tensor;
  readonly #record: (record: MetricsRecord) => void;
  readonly #isReplica: boolean;
  #orderedEpoch = -1;
  #step = 0;
  #window: Tally = NO_TALLY;
  #trainedSeconds = 0;
  #examplesSeen = 0;
  #lastProbe: ProbeRecord | undefined;
  #lastProgress: ProgressRecord | undefined;
  #lastEvaluation: EvaluationRecord | undefined;

  /** Throws `config.…`, `rule.options` and `network.…` errors if the parts do not fit together. */
  constructor(options: ExampleTrainingOptions) {
    const { compute, examples, rule, record = () => undefined, together } = options;
    const config = withRuleOf(options.config, rule);
    this.config = config;
    this.#isReplica = together?.isReplica ?? false;
    this.#compute = compute;
    this.#examples = examples;
    this.#record = record;
    const { task, batch, seed } = config;
    const { train, validation } = splitExamples(
      examples.train.count,
      task.validation,
      task.trainExamples,
      seed,
    );
    checkCounts(config, examples, train.length);
    this.#train = train;
    this.#validation = validation;
    this.trainCount = train.length;
    this.#order = new Int32Array(train.length);
    this.stepsPerEpoch = Math.ceil(train.length / batch);
    this.totalSteps = this.stepsPerEpoch * config.epochs;
    this.learner = new Learner(compute, {
      specification: networkFor(config, examples),
      rule,
      options: parseOptions(rule, config.ruleOptions),
      optimiserOf: ({ id }) => optimiserFor(config, id),
      seed,
      epochs: config.epochs,
      exchange: together?.exchange,
      examples: train.length,
    });
    checkOverrides(config, this.learner);
    this.#indices = compute.allocate([batch], 'i32');
    this.#places = compute.allocate([batch], 'i32');
    this.#evaluationIndices = compute.allocate([EVALUATION_BATCH], 'i32');
    const probed = allIndices(train.length);
    new Sequence(stream(seed, 'probe')).shuffle(probed);
    const chosen = probed.subarray(0, config.probe.examples);
    this.#probePlaces = compute.allocate([chosen.length], 'i32').set(chosen);
    this.#probeIndices = compute
      .allocate([chosen.length], 'i32')
      .set(chosen.map((place) => train[place] as number));
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
  /** The latest record of each kind since this object was created. */
  get lastProbe(): ProbeRecord | undefined {
    return this.#lastProbe;
  }
  get lastProgress(): ProgressRecord | undefined {
    return this.#lastProgress;
  }
  get lastEvaluation(): EvaluationRecord | undefined {
    return this.#lastEvaluation;
  }
  /** Seconds spent in training steps alone, and the number of examples learned in them. */
  get trainedSeconds(): number {
    return this.#trainedSeconds;
  }
  get examplesSeen(): number {
    return this.#examplesSeen;
  }
  get passes(): number {
    return this.learner.passes;
  }

  /**
   * Takes steps until `steps` are done, the epoch ends, or the run is done. `now` is a clock in seconds, which only
   * measures speed. Throws `run.diverged` if the loss is no longer finite.
   */
  advance(steps: number, now: () => number): void {
    for (let taken = 0; taken < steps && !this.done; taken++) {
      if (!this.#isReplica && this.#isProbeStep()) this.#probe();
      const start = now();
      this.#learnBatch();
      this.#trainedSeconds += now() - start;
      if (this.#isReplica) {
        this.#step += 1;
        continue;
      }
      this.#checkFinite(this.learner.tally().loss);
      this.#step += 1;
      const every = Math.max(1, Math.round(this.stepsPerEpoch / PROGRESS_RECORDS));
      if (this.#step % every === 0) this.#progress();
      if (this.#step % this.stepsPerEpoch === 0) {
        if (this.#step === this.totalSteps && this.config.probe.every > 0) this.#probe();
        this.#endEpoch();
        return;
      }
    }
  }

  /** Returns everything needed to continue with the same bits: tensors by name, and the position. */
  snapshot(): { tensors: ReadonlyMap<string, Tensor>; position: Position } {
    const { step, trainedSeconds, examplesSeen } = this;
    return {
      tensors: this.learner.tensors(),
      position: { step, window: this.#window, trainedSeconds, examplesSeen, passes: this.learner.passes },
    };
  }

  /** Continues from a position; the tensors of `snapshot` must be filled before. */
  restore({ step, window, trainedSeconds, examplesSeen, passes }: Position): void {
    this.learner.restorePasses(passes, Math.max(0, step - 1) / this.stepsPerEpoch);
    this.#step = step;
    this.#window = window;
    this.#trainedSeconds = trainedSeconds;
    this.#examplesSeen = examplesSeen;
  }

  /** Returns misclassified test examples, the most confident mistakes first. Empty for regression. */
  mistakes(limit: number): Mistake[] {
    const { test, dataset } = this.#examples;
    if (dataset.task !== 'classification') return [];
    const output = this.learner.network.objectives[0]?.area;
    if (!output) return [];
    const isSoftmax = this.learner.network.objectives[0]?.loss.name === 'cross-entropy';
    const found: Mistake[] = [];
    this.#sweep(test, allIndices(test.count), (batchIndices, phase) => {
      const rate = phase.rate(output);
      const answers = this.#compute.temporary(rate.shape);
      if (isSoftmax) this.#compute.softmax(answers, rate);
      else this.#compute.copy(answers, rate);
      const values = answers.data;
      for (const [row, index] of batchIndices.entries()) {
        const row0 = row * output.units;
        let answer = 0;
        for (let unit = 1; unit < output.units; unit++) {
          if ((values[row0 + unit] as number) > (values[row0 + answer] as number)) answer = unit;
        }
        const label = test.label(index);
        if (answer !== label) {
          found.push({ index, label, answer, confidence: values[row0 + answer] as number, pixels: [] });
        }
      }
    });
    this.learner.resetTally();
    return found
      .sort((a, b) => b.confidence - a.confidence)
      .slice(0, limit)
      .map((mistake) => ({ ...mistake, pixels: Array.from(test.input(mistake.index)) }));
  }

  fantasies(limit: number): PictureGrid | undefined {
    const { test, train } = this.#examples;
    const set = test.count > 0 ? test : train;
    let grid: PictureGrid | undefined;
    const count = Math.min(limit, set.count, EVALUATION_BATCH);
    const indices = this.#evaluationIndices.reshape([EVALUATION_BATCH, 1]).rowRange(0, count);
    indices.set(allIndices(count));
    this.#compute.scope(() => {
      this.learner.fantasies(set.gather(indices.reshape([count])), ({ inputs, caption }) => {
        const { columns } = inputs;
        const bytes = Array.from(inputs.data, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
        const pictures = Array.from({ length: inputs.rows }, (_, row) =>
          bytes.slice(row * columns, (row + 1) * columns),
        );
        grid = { caption, pictures };
      });
    });
    return grid;
  }

  dispose(): void {
    this.learner.dispose();
    for (const tensor of [
      ...[this.#indices, this.#places, this.#evaluationIndices],
      ...[this.#probeIndices, this.#probePlaces],
    ]) {
      this.#compute.free(tensor);
    }
  }

  #learnBatch(): void {
    const { batch } = this.config;
    const epoch = Math.floor(this.#step / this.stepsPerEpoch);
    const first = (this.#step % this.stepsPerEpoch) * batch;
    this.#orderFor(epoch);
    const size = Math.min(batch, this.trainCount - first);
    const part = (tensor: Tensor) =>
      size === batch ? tensor : tensor.reshape([batch, 1]).rowRange(0, size).reshape([size]);
    const [indices, places] = [part(this.#indices), part(this.#places)];
    const values = this.#compute.heap.i32;
    for (let row = 0; row < size; row++) {
      const place = this.#order[first + row] as number;
      values[places.offset / 4 + row] = place;
      values[indices.offset / 4 + row] = this.#train[place] as number;
    }
    this.#compute.scope(() => {
      const gathered = this.#examples.train.gather(indices);
      this.learner.learn({ ...gathered, examples: places }, this.#step, this.epoch);
    });
    this.#examplesSeen += size;
  }

  /** Sets the order of an epoch, which depends on the seed and the epoch alone. */
  #orderFor(epoch: number): void {
    if (this.#orderedEpoch === epoch) return;
    for (let place = 0; place < this.#order.length; place++) this.#order[place] = place;
    new Sequence(stream(this.config.seed, 'order'), epoch).shuffle(this.#order);
    this.#orderedEpoch = epoch;
  }

  /** Probes are dense at first, where angles change fastest: steps 0, 1, 2, 4, 8, … and then every n. */
  #isProbeStep(): boolean {
    const { every } = this.config.probe;
    if (every === 0) return false;
    const step = this.#step;
    return step % every === 0 || (step < every && (step & (step - 1)) === 0);
  }

  #probe(): void {
    const projections = this.#compute.scope(() => {
      const gathered = this.#examples.train.gather(this.#probeIndices);
      const batch = { ...gathered, examples: this.#probePlaces };
      return measureAlignment(this.#compute, this.learner, batch, this.#step);
    });
    this.#lastProbe = { kind: 'probe', step: this.#step, epoch: this.epoch, projections };
    this.#record(this.#lastProbe);
  }

  #progress(): void {
    const now = this.learner.tally();
    const [first] = this.learner.network.parameters;
    this.#lastProgress = {
      kind: 'progress',
      step: this.#step,
      epoch: this.epoch,
      train: this.#score(difference(now, this.#window)),
      ...metricsOf(difference(now, this.#window)),
      rate: first ? this.learner.optimiser.rate(first, this.epoch) : 0,
    };
    this.#record(this.#lastProgress);
    this.#window = now;
  }

  #endEpoch(): void {
    const { train, test } = this.#examples;
    const tally = this.learner.tally();
    const learned = this.#score(tally);
    // Metrics of a rule are reported on held-out examples, if there are any.
    let measured = metricsOf(tally);
    const evaluate = (set: ExampleSet, indices: Int32Array): HeldOutScore => {
      const score = this.#evaluate(set, indices);
      measured = metricsOf(this.learner.tally());
      return score;
    };
    const validation = this.#validation.length > 0 ? evaluate(train, this.#validation) : undefined;
    const tested = test.count > 0 ? evaluate(test, allIndices(test.count)) : undefined;
    // The last update of the epoch may have diverged, with no training step after it to show that.
    for (const score of [validation, tested]) if (score) this.#checkFinite(score.loss);
    this.#lastEvaluation = {
      kind: 'evaluation',
      step: this.#step,
      epoch: this.epoch,
      train: learned,
      ...(validation ? { validation } : {}),
      ...(tested ? { test: tested } : {}),
      ...measured,
      trainedSeconds: this.#trainedSeconds,
      passes: this.learner.passes,
    };
    this.#record(this.#lastEvaluation);
    this.learner.resetTally();
    this.#window = NO_TALLY;
  }

  #evaluate(set: ExampleSet, indices: Int32Array): HeldOutScore {
    this.#sweep(set, indices);
    return heldOutScoreOf(this.learner.tally(), indices.length, this.#isRegression);
  }

  #sweep(set: ExampleSet, indices: Int32Array, visit?: Parameters<typeof sweep>[5]): void {
    sweep(this.#compute, this.learner, set, indices, this.#evaluationIndices, visit);
  }

  get #isRegression(): boolean {
    return this.#examples.dataset.task === 'regression';
  }

  #score(tally: Tally): Score {
    return scoreOf(tally, this.#isRegression);
  }

  /** Throws `run.diverged` if a loss is not finite. */
  #checkFinite(loss: number): void {
    if (Number.isFinite(loss)) return;
    const broken = this.learner.network.projections.find(
      ({ weights }) => !weights.data.every(Number.isFinite),
    );
    const where = broken
      ? `the weights of projection "${broken.id}" are no longer finite`
      : 'the weights are still finite, but the outputs are not';
    throw new ApicalError(
      'run.diverged',
      `The loss is not a finite number at step ${this.#step} (epoch ${this.epoch.toFixed(2)}): ${where}. ` +
        `Lower optimiser.rate (now ${JSON.stringify(this.config.optimiser.rate)}), or bound weights with optimiser.maximumNorm` +
        `${this.learner
          .hints({ kind: 'diverged' })
          .map((hint) => `; or ${hint}`)
          .join('')}.`,
      { step: this.#step, projection: broken?.id },
    );
  }
}

const difference = (a: Tally, b: Tally): Tally => ({
  loss: a.loss - b.loss,
  wrong: a.wrong - b.wrong,
  examples: a.examples - b.examples,
  power: a.power - b.power,
  measures: Object.fromEntries(
    Object.entries(a.measures).map(([name, [sum, examples]]) => {
      const [sumBefore, examplesBefore] = b.measures[name] ?? [0, 0];
      return [name, [sum - sumBefore, examples - examplesBefore]];
    }),
  ),
});
