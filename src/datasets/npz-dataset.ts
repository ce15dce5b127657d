import { ApicalError } from '../errors.ts';
import type { Dataset, Split } from './dataset.ts';
import { corruptFile, elementCount, toFloat32 } from './formats/array.ts';
import type { ShapedArray } from './formats/array.ts';
import { parseNpz } from './formats/npz.ts';
import { classLabels, requireEqualCounts, requireEqualKinds, requireEqualShapes, requireFinite } from './checks.ts';

const arrayNames = ['x_train', 'y_train', 'x_test', 'y_test'] as const;

/**
 * Reads a data set from an NPZ file with the arrays x_train, y_train, x_test and y_test, the layout of Keras.
 *
 * x: (count, …). Bytes stay bytes with scale 1/255; every other type becomes float32 with scale 1.
 * y: integers of shape (count) or (count, 1) are class numbers; floating-point numbers are regression targets.
 *
 * Throws `dataset.corrupt`, `dataset.missing` (an array is absent), `dataset.mismatch`, `dataset.labels` or
 * `dataset.values` (a value is not finite).
 *
 * @example
 * ```ts
 * import { npzDataset } from 'apical/rules';
 *
 * async function fetchDataset(address: string) {
 *   const response = await fetch(address);
 *   return npzDataset(new Uint8Array(await response.arrayBuffer()), 'digits', address);
 * }
 * ```
 */
export function npzDataset(bytes: Uint8Array, id: string, where: string): Dataset {
  const arrays = parseNpz(bytes, where, arrayNames);
  const missing = arrayNames.filter((name) => !arrays.has(name));
  if (missing.length > 0) {
    throw new ApicalError(
      'dataset.missing',
      `${where} lacks ${missing.join(', ')}. Save it with numpy.savez(file, x_train=…, y_train=…, x_test=…, y_test=…).`,
      { where, missing },
    );
  }
  const part = (x: string, y: string): Part =>
    pair(arrays.get(x) as ShapedArray, `${where}: ${x}`, arrays.get(y) as ShapedArray, `${where}: ${y}`);
  const train = part('x_train', 'y_train');
  const test = part('x_test', 'y_test');
  requireEqualShapes(`${where}: x_train`, train.inputShape, `${where}: x_test`, test.inputShape);
  requireEqualKinds(`${where}: x_train`, train.split.inputs, `${where}: x_test`, test.split.inputs);
  if (train.task !== test.task || (train.task === 'regression' && train.targetSize !== test.targetSize)) {
    throw new ApicalError(
      'dataset.mismatch',
      `${where}: y_train holds ${train.task} targets of size ${train.targetSize}, but y_test ${test.task} targets of ` +
        `size ${test.targetSize}. Save both with the same type and shape.`,
      { where },
    );
  }
  return {
    id,
    title: id,
    task: train.task,
    inputShape: train.inputShape,
    inputScale: train.split.inputs instanceof Uint8Array ? 1 / 255 : 1,
    targetSize: Math.max(train.targetSize, test.targetSize),
    train: train.split,
    test: test.split,
    verified: false,
    source: where,
  };
}

interface Part {
  readonly task: Dataset['task'];
  readonly inputShape: readonly number[];
  readonly targetSize: number;
  readonly split: Split;
}

function pair(x: ShapedArray, xName: string, y: ShapedArray, yName: string): Part {
  const [count = 0, ...inputShape] = x.shape;
  const [targetCount = 0, ...targetShape] = y.shape;
  if (count === 0) throw corruptFile(xName, 'at least one example', `the shape (${x.shape.join(', ')})`);
  requireEqualCounts(xName, count, yName, targetCount);
  const inputs = x.data instanceof Uint8Array ? x.data : toFloat32(x.data);
  requireFinite(inputs, xName);
  const shape = inputShape.length === 0 ? [1] : inputShape;
  const perExample = elementCount(targetShape);
  if (y.data instanceof Float32Array || y.data instanceof Float64Array) {
    const split = { count, inputs, targets: toFloat32(y.data) };
    requireFinite(split.targets, yName);
    return { task: 'regression', inputShape: shape, targetSize: perExample, split };
  }
  if (perExample !== 1) {
    throw new ApicalError(
      'dataset.labels',
      `${yName} holds integers of shape (${y.shape.join(', ')}), but class numbers must have the shape (${count}). ` +
        'Convert one-hot rows with numpy.argmax(y, axis=1), or save regression targets as float32.',
      { name: yName, shape: y.shape },
    );
  }
  const { labels, classes } = classLabels(y.data, yName);
  return {
    task: 'classification',
    inputShape: shape,
    targetSize: classes,
    split: { count, inputs, targets: labels },
  };
}
