import { Sequence, stream } from '../random/index.ts';
import type { Batch } from '../learning/learner.ts';
import type { Phase } from '../dynamics/index.ts';
import { OWN_TARGET } from '../network/objectives/targets.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Config } from '../config/config.ts';
import { checkCounts } from './checks.ts';
import { DataTraining } from './data-training.ts';
import type { DataTrainingOptions, HeldOut } from './data-training.ts';
import { allIndices, evaluationScratch, gatherExamples, mostSequences, sweep } from './evaluation.ts';
import type { Part } from './readout/readout.ts';
import type { ExampleSet, Examples } from './examples.ts';
import { splitExamples } from './examples.ts';
import type { Mistake, PictureGrid } from './records.ts';

export type { Position, Training } from './training.ts';
export type { DataTrainingOptions as ExampleTrainingOptions } from './data-training.ts';

/**
 * A run that learns from the examples of a data set; in time an example is a sequence, learned whole or in truncated
 * windows of `task.time.window` steps, each of which is an update. It computes nothing until `advance` is called.
 */
export class ExampleTraining extends DataTraining {
  /** Number of examples that the run learns from. */
  readonly trainCount: number;
  readonly #train: Int32Array;
  readonly #validation: Int32Array;
  /** The examples of an epoch, in its order, as positions in `#train`. */
  readonly #order: Int32Array;
  /** The windows of a sequence; undefined if examples are learned whole. */
  readonly #windows: Windows | undefined;
  readonly #indices: Tensor;
  /** The examples of a batch, as positions in `#train`. */
  readonly #places: Tensor;
  readonly #probeIndices: Tensor;
  readonly #probePlaces: Tensor;
  readonly #evaluationIndices: Tensor;
  #orderedEpoch = -1;

  /** Throws `config.…`, `rule.options` and `network.…` errors if the parts do not fit together. */
  constructor(options: DataTrainingOptions) {
    const { compute, examples, config } = options;
    const { task, batch, seed, probe } = config;
    const set = examples.train;
    const { train, validation } = splitExamples(set.count, task.validation, task.trainExamples, seed);
    checkCounts(config, examples, train.length);
    const windows = windowsOf(config, set);
    super(options, {
      stepsPerEpoch: Math.ceil(train.length / batch) * (windows?.count ?? 1),
      examples: train.length,
      ...(set.time ? { streams: batch } : {}),
    });
    this.#train = train;
    this.#validation = validation;
    this.trainCount = train.length;
    this.#order = new Int32Array(train.length);
    this.#windows = windows;
    this.#indices = compute.allocate([batch], 'i32');
    this.#places = compute.allocate([batch], 'i32');
    this.#evaluationIndices = evaluationScratch(compute, set, examples.test);
    const probed = allIndices(train.length);
    new Sequence(stream(seed, 'probe')).shuffle(probed);
    const chosen = probed.subarray(0, Math.min(probe.examples, mostSequences(set)));
    this.#probePlaces = compute.allocate([chosen.length], 'i32').set(chosen);
    this.#probeIndices = compute
      .allocate([chosen.length], 'i32')
      .set(chosen.map((place) => train[place] as number));
  }

  /** Returns misclassified test examples, the most confident mistakes first. Empty for regression. */
  mistakes(limit: number): Mistake[] {
    const { test, dataset } = this.examples;
    if (dataset.task !== 'classification' || (dataset.time && dataset.time.targets !== 'last')) return [];
    const objective = this.learner.network.objectives.find(({ target }) => target === OWN_TARGET);
    if (!objective) return [];
    const output = objective.area;
    const isSoftmax = objective.loss.name === 'cross-entropy';
    const found: Mistake[] = [];
    this.#sweep(test, allIndices(test.count), (batch, phase) => {
      const rate = phase.rate(output);
      const answers = this.compute.temporary(rate.shape);
      if (isSoftmax) this.compute.softmax(answers, rate);
      else this.compute.copy(answers, rate);
      const values = answers.data;
      for (const [row, index] of batch.entries()) {
        const row0 = (test.lastStep(index) * batch.length + row) * output.units;
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
    const { test, train } = this.examples;
    const set = test.count > 0 ? test : train;
    let grid: PictureGrid | undefined;
    const { size } = this.#evaluationIndices;
    const count = Math.min(limit, set.count, size);
    const indices = this.#evaluationIndices.reshape([size, 1]).rowRange(0, count);
    indices.set(allIndices(count));
    this.compute.scope(() => {
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

  override dispose(): void {
    super.dispose();
    for (const tensor of [
      ...[this.#indices, this.#places, this.#evaluationIndices],
      ...[this.#probeIndices, this.#probePlaces],
    ]) {
      this.compute.free(tensor);
    }
  }

  protected update(): number {
    const { batch } = this.config;
    const epoch = Math.floor(this.step / this.stepsPerEpoch);
    const windows = this.#windows?.count ?? 1;
    const stepOfEpoch = this.step % this.stepsPerEpoch;
    const first = Math.floor(stepOfEpoch / windows) * batch;
    const window = this.#windows?.at(stepOfEpoch % windows);
    this.#orderFor(epoch);
    const size = Math.min(batch, this.trainCount - first);
    const part = (tensor: Tensor) =>
      size === batch ? tensor : tensor.reshape([batch, 1]).rowRange(0, size).reshape([size]);
    const [indices, places] = [part(this.#indices), part(this.#places)];
    const values = this.compute.heap.i32;
    for (let row = 0; row < size; row++) {
      const place = this.#order[first + row] as number;
      values[places.offset / 4 + row] = place;
      values[indices.offset / 4 + row] = this.#train[place] as number;
    }
    this.compute.scope(() => {
      const gathered = this.examples.train.gather(indices, window);
      this.learner.learn({ ...gathered, examples: places }, this.step, this.epoch);
    });
    // Sequences are counted once, at their last window.
    return stepOfEpoch % windows === windows - 1 ? size : 0;
  }

  /** Sets the order of an epoch, which depends on the seed and the epoch alone. */
  #orderFor(epoch: number): void {
    if (this.#orderedEpoch === epoch) return;
    for (let place = 0; place < this.#order.length; place++) this.#order[place] = place;
    new Sequence(stream(this.config.seed, 'order'), epoch).shuffle(this.#order);
    this.#orderedEpoch = epoch;
  }

  protected probeBatch(): Batch {
    return { ...this.examples.train.gather(this.#probeIndices), examples: this.#probePlaces };
  }

  protected gather(part: Part, most: number, visit: (batch: Batch) => boolean): void {
    const [set, all] = this.#partOf(part);
    let indices = all;
    if (part === 'train' && most < all.length) {
      indices = all.slice();
      new Sequence(stream(this.config.seed, 'readout')).shuffle(indices);
      indices = indices.subarray(0, most);
    }
    gatherExamples(this.compute, set, indices, this.#evaluationIndices, visit);
  }

  #partOf(part: Part): readonly [set: ExampleSet, indices: Int32Array] {
    const { train, test } = this.examples;
    if (part === 'test') return [test, allIndices(test.count)];
    return [train, part === 'train' ? this.#train : this.#validation];
  }

  protected sweep(part: HeldOut): number | undefined {
    const [set, indices] = this.#partOf(part);
    if (indices.length === 0) return undefined;
    this.#sweep(set, indices);
    return set.time ? this.learner.tally().examples : indices.length;
  }

  #sweep(set: ExampleSet, indices: Int32Array, visit?: (batch: Int32Array, phase: Phase) => void): void {
    sweep(this.compute, this.learner, set, indices, this.#evaluationIndices, visit);
  }
}

/** The truncated windows of a sequence, from the first. */
interface Windows {
  readonly count: number;
  at(index: number): { readonly first: number; readonly steps: number; readonly continues: boolean };
}

/** Returns the windows of sequences; undefined if they are learned whole, as with a window that is longer than they. */
function windowsOf({ task }: Config, { time, steps }: Examples['train']): Windows | undefined {
  const window = task.time?.window ?? steps;
  if (!time || window >= steps) return undefined;
  return {
    count: Math.ceil(steps / window),
    at: (index) => ({
      first: index * window,
      steps: Math.min(window, steps - index * window),
      continues: index > 0,
    }),
  };
}
