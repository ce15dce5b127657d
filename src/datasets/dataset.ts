/**
 * Examples in memory: `count` rows of inputs beside `count` rows of targets.
 *
 * Values keep their stored type: bytes for images, float32 otherwise. They are converted to floats only when a batch is
 * gathered, so MNIST takes 55 MB once.
 */
export interface Split {
  readonly count: number;
  /** count × product(inputShape) values, row-major. */
  readonly inputs: Uint8Array | Float32Array;
  /** Classification: one class number (0 … targetSize − 1) per example. Regression: count × targetSize values. */
  readonly targets: Uint8Array | Float32Array;
}

/** A data set in memory: training and test examples, and the meaning of their numbers. */
export interface Dataset {
  readonly id: string;
  readonly title: string;
  readonly task: 'classification' | 'regression';
  /** Shape of one input, such as [28, 28] or [30]. */
  readonly inputShape: readonly number[];
  /** Factor from stored inputs to network inputs: 1/255 for bytes of images, 1 for floats. */
  readonly inputScale: number;
  /** Number of classes, or of outputs for regression. */
  readonly targetSize: number;
  readonly classNames?: readonly string[];
  readonly train: Split;
  readonly test: Split;
  /** Whether the checksums of its files are known and match. Always true for generated sets, which have no files. */
  readonly verified: boolean;
  /** Origin, for reports: a path, an address or "generated". */
  readonly source: string;
}

/** A data set without its examples: what the inputs and outputs of a trained network mean. */
export type DataDescription = Omit<Dataset, 'train' | 'test' | 'verified' | 'source'>;

/**
 * Returns the description of a data set, without its examples.
 *
 * @example
 * ```ts
 * import { describeData, generateDataset, Sequence, stream } from 'apical/rules';
 *
 * const dataset = generateDataset('bars', {}, new Sequence(stream(1, 'dataset')));
 * const { inputShape, classNames } = describeData(dataset); // [4, 4], ['upright', 'lying']
 * ```
 */
export function describeData(dataset: DataDescription): DataDescription {
  const { id, title, task, inputShape, inputScale, targetSize, classNames } = dataset;
  return { id, title, task, inputShape, inputScale, targetSize, ...(classNames ? { classNames } : {}) };
}

/** A place to read the files of a data set from: a folder, a web server, or files dropped on a page. */
export interface ByteSource {
  /** Returns the bytes of a file; undefined if there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Path or address, for messages and reports. */
  readonly where: string;
  /** Computes the MD5 in lower-case hexadecimal. Default: an implementation in JavaScript, about six times slower. */
  readonly md5?: (bytes: Uint8Array) => string | Promise<string>;
  /** Unpacks a gzip file; must throw on a damaged stream. Default: an implementation in JavaScript. */
  readonly gunzip?: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

/** A source of random numbers for generators and shuffles. `Sequence` implements it. */
export interface Draws {
  /** Returns the next number, uniform in [0, 1). */
  uniform(): number;
  /** Returns the next number from the standard normal distribution. */
  normal(): number;
}

/** Returns the first `count` examples of a split, as a view of the same memory. */
export function firstExamples(split: Split, count: number): Split {
  if (count === split.count) return split;
  return {
    count,
    inputs: split.inputs.subarray(0, (split.inputs.length / split.count) * count),
    targets: split.targets.subarray(0, (split.targets.length / split.count) * count),
  };
}
