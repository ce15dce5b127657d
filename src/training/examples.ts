import type { Dataset, Split, TargetDescription, TimeAxis } from '../datasets/dataset.ts';
import type { Loss } from '../network/index.ts';
import { Sequence, stream } from '../random/index.ts';
import type { Batch } from '../learning/learner.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { batchTime, rowsOfSteps } from './time/batch-in-time.ts';
import type { StepWindow } from './time/batch-in-time.ts';

/** A data set on the heap. Bytes stay bytes until a batch is gathered. */
export class Examples {
  readonly dataset: Omit<Dataset, 'train' | 'test'>;
  readonly train: ExampleSet;
  readonly test: ExampleSet;
  /** The user's own loss, if the objective of the config names a file. */
  readonly loss: Loss | undefined;

  constructor(compute: Compute, dataset: Dataset, loss?: Loss) {
    this.loss = loss;
    const { train, test, ...description } = dataset;
    this.dataset = description;
    this.train = new ExampleSet(compute, train, dataset, 'training');
    this.test = new ExampleSet(compute, test, dataset, 'test');
  }

  get inputUnits(): number {
    return this.train.inputUnits;
  }

  dispose(): void {
    this.train.dispose();
    this.test.dispose();
  }
}

/** The parts of a description that say how a split is stored. */
type Layout = Pick<Dataset, 'task' | 'inputShape' | 'inputScale' | 'targetSize' | 'time' | 'named'>;

/** One split of a data set on the heap, from which batches are gathered by index. */
export class ExampleSet {
  /** Number of examples or sequences; of a stream 1, or 0 if it is empty. */
  readonly count: number;
  /** Number of values of an example, in time of a step. */
  readonly inputUnits: number;
  /** Number of steps stored per sequence, or of the stream; 0 of an empty set in time, 1 without a time axis. */
  readonly steps: number;
  readonly time: TimeAxis | undefined;
  /** (count): the number of steps of each sequence; undefined if all have `steps`. */
  readonly lengths: Int32Array | undefined;
  readonly #compute: Compute;
  readonly #name: string;
  readonly #inputs: Tensor;
  /** Undefined for examples without targets. */
  readonly #targets: StoredTarget | undefined;
  readonly #named: ReadonlyMap<string, StoredTarget>;
  readonly #mask: Tensor | undefined;
  readonly #scale: number;

  constructor(compute: Compute, split: Split, layout: Layout, name: 'training' | 'test' = 'training') {
    const { time, inputShape, inputScale, task, targetSize, named = {} } = layout;
    this.#compute = compute;
    this.#name = name;
    this.time = time;
    this.count = split.count;
    this.steps = time ? (split.count > 0 ? (split.steps ?? 0) : 0) : 1;
    this.lengths = split.lengths;
    this.inputUnits = inputShape.reduce((product, length) => product * length, 1);
    this.#scale = inputScale;
    const rows = split.count * this.steps;
    const type = split.inputs instanceof Uint8Array ? 'u8' : compute.backend.float;
    this.#inputs = compute.allocate([rows, this.inputUnits], type).set(split.inputs);
    const targetRows = time?.targets === 'last' ? split.count : rows;
    const store = (values: Split['targets'], target: TargetDescription) =>
      new StoredTarget(compute, values, target, targetRows);
    this.#targets = task === 'none' ? undefined : store(split.targets, { task, size: targetSize });
    this.#named = new Map(
      Object.entries(named).map(([id, target]) => [
        id,
        store(split.named?.[id] ?? new Uint8Array(0), target),
      ]),
    );
    this.#mask = split.mask && compute.allocate([rows, 1], 'u8').set(split.mask);
  }

  /**
   * Gathers examples into a batch; in time whole sequences, or the steps of a window. Call it inside a scope: the batch is
   * temporary.
   *
   * @param indices - (batch) i32.
   */
  gather(indices: Tensor, window?: StepWindow): Batch {
    const { time, steps } = this;
    if (!time) {
      const nameOf = (row: number) => `${this.#name} example ${indices.data[row] as number} (counted from 0)`;
      const inputs = this.#gatherInputs(indices);
      // Without spreads, which cost a small step a tenth of its time.
      if (this.#targets && this.#named.size === 0) {
        return { inputs, targets: this.#targets.gather(indices), nameOf };
      }
      return { inputs, ...this.#gatherTargets(indices), nameOf };
    }
    const chosen = Array.from(indices.data);
    return this.#gatherSteps(
      chosen.map((index) => index * steps),
      window ?? { first: 0, steps, continues: false },
      { examples: chosen },
    );
  }

  /**
   * Gathers a window of parallel streams, which start at these steps of the series. No target is due in the first
   * `washout` steps of a stream. Call it inside a scope: the batch is temporary.
   */
  gatherStreams(starts: readonly number[], window: StepWindow, washout = 0): Batch {
    return this.#gatherSteps(starts, window, { washout });
  }

  #gatherSteps(
    starts: readonly number[],
    window: StepWindow,
    { examples, washout }: { readonly examples?: readonly number[]; readonly washout?: number },
  ): Batch {
    const compute = this.#compute;
    const rows = rowsOfSteps(compute, starts, window);
    const isLast = this.time?.targets === 'last';
    const targetRows = isLast && examples ? rowsOfSteps(compute, examples, { ...window, first: 0 }, 0) : rows;
    const time = batchTime(compute, {
      ...{ window, rows, washout, isLast },
      lengths: this.lengths ? examples?.map((index) => this.lengths?.[index] ?? this.steps) : undefined,
      storedSteps: examples ? this.steps : Infinity,
      streams: starts.length,
      mask: this.#mask,
    });
    const nameOf = (row: number) => {
      const index = row % starts.length;
      return examples
        ? `${this.#name} sequence ${examples[index]} (counted from 0)`
        : `the ${this.#name} stream from step ${starts[index]} (counted from 0)`;
    };
    return { inputs: this.#gatherInputs(rows), ...this.#gatherTargets(targetRows), time, nameOf };
  }

  #gatherInputs(rows: Tensor): Tensor {
    const inputs = this.#compute.temporary([rows.size, this.inputUnits]);
    this.#compute.gatherRows(inputs, this.#inputs, rows, this.#scale);
    return inputs;
  }

  #gatherTargets(rows: Tensor): Pick<Batch, 'targets' | 'named'> {
    const named = [...this.#named].map(([id, target]) => [id, target.gather(rows)] as const);
    return {
      ...(this.#targets ? { targets: this.#targets.gather(rows) } : {}),
      ...(named.length > 0 ? { named: Object.fromEntries(named) } : {}),
    };
  }

  /** Returns the split as it was given. Its arrays may be views of the heap: read them before `dispose`. */
  stored(): Split {
    const plain = (tensor: Tensor) =>
      tensor.type === 'f64' ? Float32Array.from(tensor.data) : (tensor.data as Split['inputs']);
    return {
      count: this.count,
      inputs: plain(this.#inputs),
      targets: this.#targets ? plain(this.#targets.values) : new Uint8Array(0),
      ...(this.time ? { steps: this.steps } : {}),
      ...(this.lengths ? { lengths: this.lengths } : {}),
      ...(this.#mask ? { mask: this.#mask.data as Uint8Array } : {}),
      ...(this.#named.size > 0
        ? { named: Object.fromEntries([...this.#named].map(([id, { values }]) => [id, plain(values)])) }
        : {}),
    };
  }

  /** Returns the stored values of one input, in time those of all its steps. Reads values back. */
  input(index: number): ArrayLike<number> {
    return this.#inputs.rowRange(index * this.steps, this.steps).data;
  }

  /** Returns the label of one example, in time of its last step; NaN without targets. Reads a value back. */
  label(index: number): number {
    const row =
      this.time === undefined || this.time.targets === 'last'
        ? index
        : index * this.steps + this.lastStep(index);
    return this.#targets?.values.data[row] ?? NaN;
  }

  /** Returns the number of the last step of a sequence, from 0. */
  lastStep(index: number): number {
    return (this.lengths?.[index] ?? this.steps) - 1;
  }

  dispose(): void {
    this.#compute.free(this.#inputs);
    if (this.#mask) this.#compute.free(this.#mask);
    for (const target of [this.#targets, ...this.#named.values()]) {
      if (target) this.#compute.free(target.values);
    }
  }
}

/** The class numbers or values of one target on the heap. */
class StoredTarget {
  readonly values: Tensor;
  readonly #compute: Compute;
  readonly #isClassification: boolean;

  constructor(compute: Compute, values: Split['targets'], target: TargetDescription, rows: number) {
    this.#compute = compute;
    this.#isClassification = target.task === 'classification';
    this.values = this.#isClassification
      ? compute.allocate([rows], 'u8').set(values)
      : compute.allocate([rows, target.size]).set(values);
  }

  gather(rows: Tensor): Tensor {
    const compute = this.#compute;
    if (this.#isClassification) {
      const labels = compute.temporary([rows.size], 'i32');
      compute.gatherLabels(labels, this.values, rows);
      return labels;
    }
    const values = compute.temporary([rows.size, this.values.columns]);
    compute.gatherRows(values, this.values, rows, 1);
    return values;
  }
}

/** Returns which training examples a run learns from and which it holds out; they depend on the seed alone. */
export function splitExamples(
  count: number,
  validationShare: number,
  trainExamples: number | undefined,
  seed: number,
): { train: Int32Array; validation: Int32Array } {
  const all = Int32Array.from({ length: count }, (_, index) => index);
  if (validationShare === 0 && trainExamples === undefined)
    return { train: all, validation: new Int32Array(0) };
  new Sequence(stream(seed, 'split')).shuffle(all);
  const held = Math.round(count * validationShare);
  const validation = all.slice(0, held);
  const train = all.slice(held, trainExamples === undefined ? count : held + trainExamples);
  return { train, validation };
}
