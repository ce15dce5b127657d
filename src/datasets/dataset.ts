/**
 * Examples in memory: `count` rows of inputs beside `count` rows of targets. In time, an example is a sequence of `steps`
 * rows, padded to one length; a stream is a single series of `steps` rows.
 *
 * Values keep their stored type: bytes for images, float32 otherwise. They are converted to floats only when a batch is
 * gathered, so MNIST takes 55 MB once.
 */
export interface Split {
  /** Number of examples, or of sequences; 1 for a stream (0 if it is empty). */
  readonly count: number;
  /** count × product(inputShape) values, row-major; in time count × steps × product(inputShape). */
  readonly inputs: Uint8Array | Float32Array;
  /**
   * Classification: one class number (0 … targetSize − 1) per example. Regression: count × targetSize values. In time
   * one target per step, unless only the last step of a sequence has one. Empty for examples without targets.
   */
  readonly targets: Uint8Array | Float32Array;
  /** In time: the number of steps stored per sequence, or of the stream. */
  readonly steps?: number;
  /** (count): the number of steps of each sequence; absent if all have `steps`. */
  readonly lengths?: Int32Array;
  /** (count × steps): 1 where a target is due, else 0; for "masked" targets. */
  readonly mask?: Uint8Array;
  /** Further targets by name, with as many rows as `targets`. */
  readonly named?: Readonly<Record<string, Uint8Array | Float32Array>>;
}

/** The time axis of a data set. */
export interface TimeAxis {
  /** "sequences": each example is a sequence. "stream": the split is one long series, of which the rows are steps. */
  readonly kind: 'sequences' | 'stream';
  /** Number of steps of the longest sequence; for a stream the number of training steps. */
  readonly steps: number;
  /** The steps at which a target is due: all, the last step of each sequence, or those that a mask names. */
  readonly targets: 'all' | 'last' | 'masked';
}

/** The meaning of a target besides the main one: class numbers, or `size` values. */
export interface TargetDescription {
  readonly task: 'classification' | 'regression';
  /** Number of classes, or of values. */
  readonly size: number;
}

/** What the targets of a data set are: class numbers, values, or nothing. */
export type DataTask = TargetDescription['task'] | 'none';

/** A data set in memory: training and test examples, and the meaning of their numbers. */
export interface Dataset {
  readonly id: string;
  readonly title: string;
  readonly task: DataTask;
  /** Shape of one input, such as [28, 28] or [30]; in time that of one step. */
  readonly inputShape: readonly number[];
  /** Factor from stored inputs to network inputs: 1/255 for bytes of images, 1 for floats. */
  readonly inputScale: number;
  /** Number of classes, or of outputs for regression; 0 without targets. */
  readonly targetSize: number;
  readonly classNames?: readonly string[];
  /** The time axis; absent for examples without one. */
  readonly time?: TimeAxis;
  /** Further targets by name, for objectives of other areas. */
  readonly named?: Readonly<Record<string, TargetDescription>>;
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
  const { id, title, task, inputShape, inputScale, targetSize, classNames, time, named } = dataset;
  return {
    ...{ id, title, task, inputShape, inputScale, targetSize },
    ...(classNames ? { classNames } : {}),
    ...(time ? { time } : {}),
    ...(named ? { named } : {}),
  };
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
  const { inputs, targets, steps, lengths, mask, named } = split;
  const first = <Values extends Uint8Array | Float32Array>(values: Values) =>
    values.subarray(0, (values.length / split.count) * count) as Values;
  return {
    count,
    inputs: first(inputs),
    targets: first(targets),
    ...(steps === undefined ? {} : { steps }),
    ...(lengths ? { lengths: lengths.subarray(0, count) } : {}),
    ...(mask ? { mask: first(mask) } : {}),
    ...(named ? { named: mapValues(named, first) } : {}),
  };
}

/** Returns a split without examples, of the same types. */
export function withoutExamples({ inputs, targets, steps, named }: Split): Split {
  const none = <Values extends Uint8Array | Float32Array>(values: Values) => values.slice(0, 0) as Values;
  return {
    count: 0,
    inputs: none(inputs),
    targets: none(targets),
    ...(steps === undefined ? {} : { steps }),
    ...(named ? { named: mapValues(named, none) } : {}),
  };
}

const mapValues = <Value, Result>(record: Readonly<Record<string, Value>>, map: (value: Value) => Result) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

/** Describes the examples of a split in words, such as "60000" or "500 sequences of up to 20 steps × 3 values". */
export function amountOf(
  split: { readonly count: number; readonly steps?: number; readonly lengths?: Int32Array | undefined },
  { inputShape, time }: Pick<DataDescription, 'inputShape' | 'time'>,
): string {
  const { count, steps = 0, lengths } = split;
  if (!time) return String(count);
  const values = `${inputShape.join(' × ')} ${inputShape.join() === '1' ? 'value' : 'values'}`;
  if (time.kind === 'stream') return `${count === 0 ? 0 : steps} steps × ${values}`;
  return `${count} sequences of ${lengths ? 'up to ' : ''}${steps} steps × ${values}`;
}
