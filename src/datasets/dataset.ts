/**
 * Some examples in memory: `count` rows of inputs beside `count` rows of targets.
 *
 * Values are kept as they come: bytes for pictures, float32 otherwise. A batch becomes floats only as it is
 * gathered, so that MNIST takes 55 MB, once.
 */
export interface Split {
  readonly count: number;
  /** count × product(inputShape) values, row-major. */
  readonly inputs: Uint8Array | Float32Array;
  /** Classification: one class number (0 … targetSize − 1) an example. Regression: count × targetSize values. */
  readonly targets: Uint8Array | Float32Array;
}

export interface Dataset {
  readonly id: string;
  readonly title: string;
  readonly task: 'classification' | 'regression';
  /** The shape of one input, such as [28, 28] or [30]. */
  readonly inputShape: readonly number[];
  /** A stored input v stands for v × inputScale: 1/255 for bytes of pictures, 1 for floats. */
  readonly inputScale: number;
  /** Classes, or outputs. */
  readonly targetSize: number;
  readonly classNames?: readonly string[];
  readonly train: Split;
  readonly test: Split;
  /** The files' checksums are known and equal. Generated sets have no files and are always verified. */
  readonly verified: boolean;
  /** Where it came from, for the report. */
  readonly source: string;
}

/** What inputs and answers of a network mean that learned a data set: all that using it takes. */
export type DataDescription = Omit<Dataset, 'train' | 'test' | 'verified' | 'source'>;

export function describeData(dataset: DataDescription): DataDescription {
  const { id, title, task, inputShape, inputScale, targetSize, classNames } = dataset;
  return { id, title, task, inputShape, inputScale, targetSize, ...(classNames ? { classNames } : {}) };
}

/** Where the bytes of a stored set come from: a folder, a web server, files that a user dropped on the page. */
export interface ByteSource {
  /** The file's bytes, or undefined where there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** For messages and reports: a path or an address. */
  readonly where: string;
  /** Lower-case hexadecimal MD5. Without it, one in JavaScript is used (0.6 s instead of 0.1 s for MNIST). */
  readonly md5?: (bytes: Uint8Array) => string | Promise<string>;
  /** Without it, one in JavaScript is used; it must throw on a damaged stream. */
  readonly gunzip?: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

/** What generators and shuffles draw from. `Sequence` of src/random is one. */
export interface Draws {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
}

/** The first `count` examples of a split, on the same memory. */
export function firstExamples(split: Split, count: number): Split {
  if (count === split.count) return split;
  return {
    count,
    inputs: split.inputs.subarray(0, (split.inputs.length / split.count) * count),
    targets: split.targets.subarray(0, (split.targets.length / split.count) * count),
  };
}
