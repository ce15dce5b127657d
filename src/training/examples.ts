import type { Dataset, Split } from '../datasets/dataset.ts';
import type { Loss } from '../network/index.ts';
import { Sequence, stream } from '../random/index.ts';
import type { Batch } from '../learning/learner.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

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

/** One split of a data set on the heap, from which batches are gathered by index. */
export class ExampleSet {
  readonly count: number;
  readonly inputUnits: number;
  readonly #compute: Compute;
  readonly #name: string;
  readonly #inputs: Tensor;
  readonly #targets: Tensor;
  readonly #scale: number;
  readonly #isClassification: boolean;

  constructor(
    compute: Compute,
    split: Split,
    dataset: Pick<Dataset, 'task' | 'inputShape' | 'inputScale' | 'targetSize'>,
    name: 'training' | 'test' = 'training',
  ) {
    this.#compute = compute;
    this.#name = name;
    this.count = split.count;
    this.inputUnits = dataset.inputShape.reduce((product, length) => product * length, 1);
    this.#scale = dataset.inputScale;
    this.#isClassification = dataset.task === 'classification';
    const type = split.inputs instanceof Uint8Array ? 'u8' : compute.backend.float;
    this.#inputs = compute.allocate([split.count, this.inputUnits], type).set(split.inputs);
    this.#targets = this.#isClassification
      ? compute.allocate([split.count], 'u8').set(split.targets)
      : compute.allocate([split.count, dataset.targetSize]).set(split.targets);
  }

  /**
   * Gathers examples into a batch. Call it inside a scope: the batch is temporary.
   *
   * @param indices - (batch) i32.
   */
  gather(indices: Tensor): Batch {
    const compute = this.#compute;
    const inputs = compute.temporary([indices.size, this.inputUnits]);
    compute.gatherRows(inputs, this.#inputs, indices, this.#scale);
    let targets: Tensor;
    if (this.#isClassification) {
      targets = compute.temporary([indices.size], 'i32');
      compute.gatherLabels(targets, this.#targets, indices);
    } else {
      targets = compute.temporary([indices.size, this.#targets.columns]);
      compute.gatherRows(targets, this.#targets, indices, 1);
    }
    const nameOf = (row: number) => `${this.#name} example ${indices.data[row] as number} (counted from 0)`;
    return { inputs, targets, nameOf };
  }

  /** Returns the split as it was given. Its arrays may be views of the heap: read them before `dispose`. */
  stored(): Split {
    const plain = (tensor: Tensor) =>
      tensor.type === 'f64' ? Float32Array.from(tensor.data) : (tensor.data as Split['inputs']);
    return { count: this.count, inputs: plain(this.#inputs), targets: plain(this.#targets) };
  }

  /** Returns the stored values of one input. Reads values back. */
  input(index: number): ArrayLike<number> {
    return this.#inputs.rowRange(index, 1).data;
  }
  /** Returns the label of one example. Reads a value back. */
  label(index: number): number {
    return this.#targets.data[index] as number;
  }

  dispose(): void {
    this.#compute.free(this.#inputs);
    this.#compute.free(this.#targets);
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
