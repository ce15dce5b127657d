import { measureAlignment } from '../analysis/alignment.ts';
import { ApicalError } from '../errors.ts';
import type { Batch, Learner, Tally } from '../learning/learner.ts';
import type { Rule } from '../learning/rule.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Config } from '../config/config.ts';
import { checkOverrides } from './checks.ts';
import type { Examples } from './examples.ts';
import { checkReadout, readOut } from './readout/readout.ts';
import type { Part } from './readout/readout.ts';
import { learnerFor } from './of-config/learner-of-config.ts';
import type {
  EvaluationRecord,
  HeldOutScore,
  MetricsRecord,
  ProgressRecord,
  ReadoutScores,
  Score,
} from './records.ts';
import { withRuleOf } from './of-config/rule-of-config.ts';
import { heldOutScoreOf, metricsOf, scoredBy, scoreOf } from './scores.ts';
import type { Scored } from './scores.ts';
import { NO_TALLY } from './training.ts';
import type { Position, Together } from './training.ts';
import { isProbeStep, lowerRate, TrainingLoop } from './training-loop.ts';

/** Progress records per epoch. */
const PROGRESS_RECORDS = 20;

/** Options of a training on data. */
export interface DataTrainingOptions {
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

/** The size of a training on data. */
interface DataPlan {
  readonly stepsPerEpoch: number;
  /** Number of training examples that a rule may remember; undefined if there is no such number. */
  readonly examples?: number | undefined;
  /** Number of sequences or streams that carry state from update to update. */
  readonly streams?: number | undefined;
}

/** A part of the data on which a network is scored. */
export type HeldOut = 'validation' | 'test';

/** What trainings on examples and on streams share: the learner, its records, and the scores of held-out data. */
export abstract class DataTraining extends TrainingLoop {
  readonly learner: Learner;
  protected readonly compute: Compute;
  protected readonly examples: Examples;
  readonly #scored: Scored;
  /** The parameters before the first update, if it must change them. */
  #start: readonly (readonly number[])[] | undefined;
  /** The training tally at the last progress record. */
  #window: Tally = NO_TALLY;

  /** Throws `config.…`, `rule.options` and `network.…` errors if the parts do not fit together. */
  constructor(
    { compute, examples, config: given, rule, record, together }: DataTrainingOptions,
    plan: DataPlan,
  ) {
    const config = withRuleOf(given, rule);
    const { stepsPerEpoch, ...sizes } = plan;
    const isReplica = together?.isReplica;
    super({ config, stepsPerEpoch, progressPerEpoch: PROGRESS_RECORDS, record, isReplica });
    this.compute = compute;
    this.examples = examples;
    this.learner = learnerFor(compute, config, examples, rule, { ...sizes, exchange: together?.exchange });
    this.#scored = scoredBy(this.learner.network, examples.dataset);
    try {
      if (config.readout) checkReadout(config.readout, this.learner.network, examples.dataset, plan.examples);
    } catch (error) {
      this.learner.dispose();
      throw error;
    }
    checkOverrides(config, this.learner);
  }

  get passes(): number {
    return this.learner.passes;
  }

  snapshot(): { tensors: ReadonlyMap<string, Tensor>; position: Position } {
    return { tensors: this.learner.tensors(), position: this.positionWith(this.#window) };
  }

  override restore(position: Position): void {
    super.restore(position);
    this.#window = position.window;
    this.learner.restorePasses(position.passes, Math.max(0, position.step - 1) / this.stepsPerEpoch);
  }

  dispose(): void {
    this.learner.dispose();
  }

  /** Gathers the fixed batch of probes, inside a scope. */
  protected abstract probeBatch(): Batch;
  /** Gathers a part of the data for a readout: see `GatherPart`. */
  protected abstract gather(part: Part, most: number, visit: (batch: Batch) => boolean): void;
  /** Adds held-out data to the learner's tally; returns their number, or undefined if there are none. */
  protected abstract sweep(part: HeldOut): number | undefined;

  protected override beforeUpdate(): void {
    if (this.step === 0 && this.#needsChange) this.#start = valuesOf(this.learner);
    if (isProbeStep(this.step, this.config.probe.every)) this.#probe();
  }

  protected override afterLastUpdate(): void {
    if (this.config.probe.every > 0) this.#probe();
  }

  #probe(): void {
    const { compute, learner, step } = this;
    this.recordProbe(compute.scope(() => measureAlignment(compute, learner, this.probeBatch(), step)));
  }

  protected progress(): Pick<ProgressRecord, 'train' | 'metrics'> {
    const now = this.learner.tally();
    const since = difference(now, this.#window);
    this.#window = now;
    return { ...trained(scoreOf(since, this.#scored)), ...metricsOf(since) };
  }

  protected evaluate(): Pick<
    EvaluationRecord,
    'train' | 'validation' | 'test' | 'readout' | 'metrics' | 'passes'
  > {
    const tally = this.learner.tally();
    if (!this.#scored.hasLoss) this.#checkWeights();
    // Metrics of a rule are reported on held-out examples, if there are any.
    let measured = metricsOf(tally);
    const score = (part: HeldOut): HeldOutScore | undefined => {
      const count = this.sweep(part);
      if (count === undefined) return undefined;
      const swept = this.learner.tally();
      measured = metricsOf(swept);
      // The last update of the epoch may have diverged, with no training step after it to show that.
      this.#checkTally(swept);
      return heldOutScoreOf(swept, count, this.#scored);
    };
    const validation = score('validation');
    const test = score('test');
    this.learner.resetTally();
    this.#window = NO_TALLY;
    const readout = this.#readOut();
    return {
      ...trained(scoreOf(tally, this.#scored)),
      ...(validation ? { validation } : {}),
      ...(test ? { test } : {}),
      ...(readout ? { readout } : {}),
      ...measured,
      passes: this.learner.passes,
    };
  }

  /** Whether a rule that changes nothing is a mistake: without an objective and a readout, a run then shows nothing. */
  get #needsChange(): boolean {
    return this.learner.network.objectives.length === 0 && !this.config.readout;
  }

  /** Throws `rule.objective` if the first update has changed nothing, as of a rule that needs an objective. */
  #checkChanged(): void {
    if (!this.#start) return;
    const now = valuesOf(this.learner);
    const isSame = this.#start.every((values, index) =>
      values.every((value, at) => value === now[index]?.[at]),
    );
    this.#start = undefined;
    if (!isSame) return;
    const { id } = this.learner.rule;
    throw new ApicalError(
      'rule.objective',
      `Rule "${id}" changes nothing in a network without an objective. Set objective, for which the data need labels or targets, choose a rule that learns without one, or add a readout.`,
      { rule: id },
    );
  }

  /** Learns and scores the readout, if this epoch has one. */
  #readOut(): ReadoutScores | undefined {
    const { compute, learner, config, examples } = this;
    const { readout: settings, seed } = config;
    if (!settings || !(this.done || Math.round(this.epoch) % settings.every === 0)) return undefined;
    const gather = this.gather.bind(this);
    return readOut({ compute, learner, settings, data: examples.dataset, seed, gather });
  }

  protected checkFinite(): void {
    this.#checkChanged();
    this.#checkTally(this.learner.tally());
  }

  /** Checks the loss or, without objectives, the metrics of the rule. */
  #checkTally({ loss, measures }: Tally): void {
    if (!Number.isFinite(loss)) this.#fail('The loss');
    if (this.#scored.hasLoss) return;
    for (const [name, [sum]] of Object.entries(measures)) {
      if (!Number.isFinite(sum)) this.#fail(`The metric "${name}"`);
    }
  }

  /** Checks the weights, for which a network without objectives has no loss that would tell. */
  #checkWeights(): void {
    const { projections } = this.learner.network;
    if (!projections.every(({ weights }) => weights.data.every(Number.isFinite))) this.#fail('A weight');
  }

  #fail(what: string): never {
    const broken = this.learner.network.projections.find(
      ({ weights }) => !weights.data.every(Number.isFinite),
    );
    const where = broken
      ? `the weights of projection "${broken.id}" are no longer finite`
      : 'the weights are still finite, but the outputs are not';
    const hints = this.learner.hints({ kind: 'diverged' }).map((hint) => `; or ${hint}`);
    throw new ApicalError(
      'run.diverged',
      `${what} is not a finite number at step ${this.step} (epoch ${this.epoch.toFixed(2)}): ${where}. ` +
        `${lowerRate(this.config)}${hints.join('')}.`,
      { step: this.step, projection: broken?.id },
    );
  }
}

const valuesOf = ({ network }: Learner) => network.parameters.map(({ values }) => values.toArray());

const trained = (train: Score | undefined) => (train ? { train } : {});

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
