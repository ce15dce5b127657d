import { ApicalError } from '../../errors.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import type { Shape, Tensor } from '../../tensor/tensor.ts';
import type { View, ViewArguments } from './view.ts';

/**
 * Returns a view of a window of pictures, at a random place.
 *
 * @example
 * ```ts
 * import { randomCrop } from 'apical/rules';
 *
 * randomCrop({ height: 20, width: 20 }).shape([28, 28]); // [20, 20]
 * ```
 */
export function randomCrop({ height, width }: { readonly height: number; readonly width: number }): View {
  const name = `crop of ${height} × ${width}`;
  const shapeOf = (example: Shape): Shape => {
    const [rows, columns] = pictureOf(name, example);
    if (height > rows || width > columns || height < 1 || width < 1) {
      throw new ApicalError(
        'view.shape',
        `A ${name} does not fit into pictures of ${rows} × ${columns}. Choose sides from 1 to these.`,
        { height, width, shape: example },
      );
    }
    return [...example.slice(0, -2), height, width];
  };
  return {
    name,
    shape: shapeOf,
    apply(given) {
      const [rows, columns] = pictureOf(name, given.shape);
      return picked(given, shapeOf(given.shape), (draws) => {
        const [top, left] = [draws.below(rows - height + 1), draws.below(columns - width + 1)];
        return (row, column) => [top + row, left + column];
      });
    },
  };
}

/**
 * Returns a view of pictures shifted by up to `by` pixels in each direction; pixels from outside are 0.
 *
 * @example
 * ```ts
 * import { randomShift } from 'apical/rules';
 *
 * randomShift({ by: 2 }).shape([28, 28]); // [28, 28]
 * ```
 */
export function randomShift({ by }: { readonly by: number }): View {
  const name = `shift by up to ${by}`;
  return {
    name,
    shape: (example) => (pictureOf(name, example), example),
    apply: (given) =>
      picked(given, given.shape, (draws) => {
        const [down, right] = [draws.below(2 * by + 1) - by, draws.below(2 * by + 1) - by];
        return (row, column) => [row - down, column - right];
      }),
  };
}

/**
 * Returns a view of pictures of which half are mirrored, left to right.
 *
 * @example
 * ```ts
 * import { randomFlip } from 'apical/rules';
 *
 * randomFlip().shape([3, 32, 32]); // [3, 32, 32]
 * ```
 */
export function randomFlip(): View {
  const name = 'flip';
  return {
    name,
    shape: (example) => (pictureOf(name, example), example),
    apply: (given) => {
      const [, columns] = pictureOf(name, given.shape);
      return picked(given, given.shape, (draws) =>
        draws.below(2) === 1 ? (row, column) => [row, columns - 1 - column] : (row, column) => [row, column],
      );
    },
  };
}

/**
 * Returns a view of examples with Gaussian noise of this standard deviation added.
 *
 * @example
 * ```ts
 * import { gaussianNoise } from 'apical/rules';
 *
 * gaussianNoise({ deviation: 0.1 }).shape([30]); // [30]
 * ```
 */
export const gaussianNoise = ({ deviation }: { readonly deviation: number }): View => ({
  name: `noise of ${deviation}`,
  shape: (example) => example,
  apply({ compute, inputs, draws }) {
    const values = new Float64Array(inputs.size);
    for (let row = 0; row < inputs.rows; row++) {
      const sequence = draws(row);
      for (let column = 0; column < inputs.columns; column++) {
        values[row * inputs.columns + column] = deviation * sequence.normal();
      }
    }
    const noisy = compute.temporary(inputs.shape).set(values);
    compute.add(noisy, noisy, inputs);
    return noisy;
  },
});

/**
 * Returns a view of examples of which each value is set to 0 with this probability.
 *
 * @example
 * ```ts
 * import { randomMask } from 'apical/rules';
 *
 * randomMask({ probability: 0.5 }).shape([28, 28]); // [28, 28]
 * ```
 */
export const randomMask = ({ probability }: { readonly probability: number }): View => ({
  name: `mask of ${probability}`,
  shape: (example) => example,
  apply({ compute, inputs, draws }) {
    const kept = new Float64Array(inputs.size);
    for (let row = 0; row < inputs.rows; row++) {
      const sequence = draws(row);
      for (let column = 0; column < inputs.columns; column++) {
        kept[row * inputs.columns + column] = sequence.uniform() < probability ? 0 : 1;
      }
    }
    const masked = compute.temporary(inputs.shape).set(kept);
    compute.multiply(masked, masked, inputs);
    return masked;
  },
});

type Draws = ReturnType<ViewArguments['draws']>;
type Source = (row: number, column: number) => readonly [row: number, column: number];

/** Returns pictures of which each pixel is one of the example's; `sourceOf` draws the map of a row of the batch. */
function picked(given: ViewArguments, shape: Shape, sourceOf: (draws: Draws) => Source): Tensor {
  const { compute, inputs } = given;
  const [height, width] = pictureOf('view', given.shape);
  const [rows, columns] = pictureOf('view', shape);
  const size = sizeOf(shape);
  const pixels = new Int32Array(inputs.rows * size);
  for (let example = 0; example < inputs.rows; example++) {
    const source = sourceOf(given.draws(example));
    for (let pixel = 0; pixel < size; pixel++) {
      const channel = Math.floor(pixel / (rows * columns));
      const [row, column] = source(Math.floor(pixel / columns) % rows, pixel % columns);
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      pixels[example * size + pixel] = isInside ? (channel * height + row) * width + column : -1;
    }
  }
  const view = compute.temporary([inputs.rows, size]);
  compute.gatherColumns(view, inputs, compute.temporary([inputs.rows, size], 'i32').set(pixels));
  return view;
}

/** Returns height and width of a picture. Throws `view.shape` for an example that is none. */
function pictureOf(name: string, shape: Shape): readonly [height: number, width: number] {
  if (shape.length >= 2) return shape.slice(-2) as unknown as readonly [number, number];
  throw new ApicalError(
    'view.shape',
    `The view "${name}" needs pictures of shape (height, width) or (channels, height, width), but an example has the shape (${shape.join(', ')}).`,
    { shape },
  );
}
