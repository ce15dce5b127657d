import { md5 as md5InJavaScript } from '@noble/hashes/legacy.js';
import { ApicalError } from '../errors.ts';
import type { ByteSource, Dataset, Split } from './dataset.ts';
import { corruptFile, toFloat32 } from './formats/array.ts';
import type { ShapedArray } from './formats/array.ts';
import { gunzip, isGzip } from './formats/gzip.ts';
import { parseIdx } from './formats/idx.ts';
import {
  classLabels,
  requireEqualCounts,
  requireEqualKinds,
  requireEqualShapes,
  requireFinite,
} from './checks.ts';

/** The four file names of an MNIST-like data set. `.idx` in place of `-idx`, and a `.gz` suffix, are accepted too. */
export const idxFileNames = {
  trainInputs: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testInputs: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
} as const;

/** One of the four files of an MNIST-like data set. */
export type IdxPart = keyof typeof idxFileNames;

/** Facts known in advance about a data set in four IDX files. */
export interface IdxDescription {
  readonly id: string;
  readonly title: string;
  readonly classNames?: readonly string[];
  /** MD5 of each unpacked file; the compressed bytes depend on the tool that packed them. */
  readonly md5?: Readonly<Record<IdxPart, string>>;
  /** How to obtain the files: a sentence for messages. */
  readonly how: string;
}

/** Returns the file names under which a source may hold a part, the standard name first. */
export function idxFileVariants(part: IdxPart): string[] {
  const standard = idxFileNames[part];
  const dotted = standard.replace('-idx', '.idx');
  return [standard, `${standard}.gz`, dotted, `${dotted}.gz`];
}

/**
 * Loads a classification data set from four IDX files, plain or gzipped. Image bytes are not copied.
 *
 * Throws `dataset.missing`, `dataset.corrupt`, `dataset.checksum` (if checksums are given), `dataset.mismatch` (counts
 * or shapes that differ), `dataset.labels` or `dataset.values`.
 *
 * @example
 * ```ts
 * import { loadIdxDataset } from 'apical/rules';
 *
 * // IDX: two zero bytes, the element type (8: bytes), the number of dimensions, 32-bit lengths, then the values.
 * const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40);
 * const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 1);
 * const source = {
 *   where: 'memory',
 *   read: (name: string) => Promise.resolve(name.includes('images') ? images : labels),
 * };
 * const tiny = await loadIdxDataset({ id: 'tiny', title: 'Tiny', how: 'It is in memory.' }, source);
 * ```
 */
export async function loadIdxDataset(description: IdxDescription, source: ByteSource): Promise<Dataset> {
  // All reads are awaited, so the error always names the first damaged file in this order.
  const read = await Promise.allSettled(
    (Object.keys(idxFileNames) as IdxPart[]).map((part) => readPart(description, part, source)),
  );
  const [trainInputs, trainLabels, testInputs, testLabels] = read.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }) as [Part, Part, Part, Part];
  const train = labelled(trainInputs, trainLabels);
  const test = labelled(testInputs, testLabels);
  const inputShape = trainInputs.array.shape.slice(1);
  requireEqualShapes(trainInputs.name, inputShape, testInputs.name, testInputs.array.shape.slice(1));
  requireEqualKinds(trainInputs.name, train.inputs, testInputs.name, test.inputs);
  const { classNames } = description;
  return {
    id: description.id,
    title: description.title,
    task: 'classification',
    inputShape: inputShape.length === 0 ? [1] : inputShape,
    inputScale: train.inputs instanceof Uint8Array ? 1 / 255 : 1,
    targetSize: classNames?.length ?? Math.max(train.classes, test.classes),
    ...(classNames === undefined ? {} : { classNames }),
    train: { count: train.count, inputs: train.inputs, targets: train.targets },
    test: { count: test.count, inputs: test.inputs, targets: test.targets },
    verified: description.md5 !== undefined,
    source: source.where,
  };
}

interface Part {
  readonly name: string;
  readonly array: ShapedArray;
}

async function readPart(description: IdxDescription, part: IdxPart, source: ByteSource): Promise<Part> {
  const file = await readFirst(idxFileVariants(part), source);
  if (file === undefined) {
    const name = idxFileNames[part];
    throw new ApicalError(
      'dataset.missing',
      `${description.title} is incomplete in ${source.where}: there is no ${name} and no ${name}.gz. ${description.how}`,
      { id: description.id, name, where: source.where },
    );
  }
  const name = `${file.name} in ${source.where}`;
  const bytes = isGzip(file.bytes) ? await gunzip(file.bytes, name, source.gunzip) : file.bytes;
  const array = parseIdx(bytes, name);
  if (array.shape.length === 0)
    throw corruptFile(name, 'at least one dimension, the number of examples', 'none');
  await verify(description, part, name, bytes, source);
  return { name, array };
}

async function readFirst(
  names: readonly string[],
  source: ByteSource,
): Promise<{ name: string; bytes: Uint8Array } | undefined> {
  for (const name of names) {
    const bytes = await source.read(name);
    if (bytes !== undefined) return { name, bytes };
  }
  return undefined;
}

async function verify(
  { id, title, md5, how }: IdxDescription,
  part: IdxPart,
  name: string,
  bytes: Uint8Array,
  source: ByteSource,
): Promise<void> {
  if (md5 === undefined) return;
  const expected = md5[part];
  const found = await (source.md5 ?? md5Of)(bytes);
  if (found === expected) return;
  throw new ApicalError(
    'dataset.checksum',
    `${name} is damaged or not part of ${title}: expected the MD5 ${expected}, found ${found} (unpacked). ` +
      `To use another data set, open its folder instead of "${id}"; to get this one: ${how}`,
    { id, name, expected, found },
  );
}

const md5Of = (bytes: Uint8Array): string =>
  Array.from(md5InJavaScript(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

function labelled(inputs: Part, targets: Part): Split & { classes: number } {
  const count = inputs.array.shape[0] as number;
  const targetShape = targets.array.shape;
  if (targetShape.length !== 1) {
    throw corruptFile(targets.name, 'one-dimensional labels', `the shape [${targetShape.join(', ')}]`);
  }
  requireEqualCounts(inputs.name, count, targets.name, targetShape[0] as number);
  const { labels, classes } = classLabels(targets.array.data, targets.name);
  const values = inputs.array.data instanceof Uint8Array ? inputs.array.data : toFloat32(inputs.array.data);
  requireFinite(values, inputs.name);
  return { count, inputs: values, targets: labels, classes };
}
