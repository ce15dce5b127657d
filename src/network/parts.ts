import { ApicalError } from '../errors.ts';
import { sizeOf } from '../tensor/tensor.ts';
import type { Shape } from '../tensor/tensor.ts';
import type { Part } from './specification.ts';

/** Returns the numbers of the values of an example that an input area of this shape receives, one for each unit. */
export function valuesOf(shape: Shape, part: Part): Int32Array {
  if ('first' in part) return Int32Array.from({ length: sizeOf(shape) }, (_, unit) => part.first + unit);
  const { picture, top, left } = part;
  const [height = 1, width = 1] = picture.slice(-2);
  const [rows = 1, columns = 1] = shape.slice(-2);
  return Int32Array.from({ length: sizeOf(shape) }, (_, unit) => {
    const channel = Math.floor(unit / (rows * columns));
    const row = top + (Math.floor(unit / columns) % rows);
    return (channel * height + row) * width + left + (unit % columns);
  });
}

/** Throws `network.part` if a part does not fit the shape of its area. */
export function checkPart(id: string, shape: Shape, part: Part): void {
  const fail = (problem: string): never => {
    throw new ApicalError('network.part', `Area "${id}" ${problem}.`, { area: id, part });
  };
  const isPlace = (value: number) => Number.isInteger(value) && value >= 0;
  if ('first' in part) {
    if (!isPlace(part.first))
      fail(`receives the values from number ${part.first} on, which must be a whole number from 0`);
    return;
  }
  const { picture, top, left } = part;
  if (picture.length !== shape.length || picture.length < 2) {
    fail(
      `of shape (${shape.join(', ')}) receives a window of pictures of shape (${picture.join(', ')}): both need as many lengths, at least (height, width)`,
    );
  }
  const [height = 0, width = 0] = picture.slice(-2);
  const [rows = 0, columns = 0] = shape.slice(-2);
  const fits = isPlace(top) && isPlace(left) && top + rows <= height && left + columns <= width;
  const sameChannels = picture.length < 3 || picture[0] === shape[0];
  if (!fits || !sameChannels) {
    fail(
      `receives a window of ${shape.join(' × ')} at row ${top}, column ${left}, which is not within pictures of ${picture.join(' × ')}`,
    );
  }
}
