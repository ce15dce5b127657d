import { ApicalError } from '../../errors.ts';
import { bytesOf, corruptFile, elementCount, elementTypeOf, elementTypes, viewAs } from './array.ts';
import type { ElementType, ShapedArray } from './array.ts';

/**
 * Element types by the type byte of IDX, the format of the MNIST files: two zero bytes, a type byte, the number of
 * dimensions, one 32-bit length per dimension, then the values; all big-endian.
 *
 * Source: LeCun, Cortes, Burges (1998), "The MNIST database of handwritten digits", section "The IDX file format".
 */
const typeCodes: Readonly<Record<number, ElementType>> = {
  0x08: 'u1',
  0x09: 'i1',
  0x0b: 'i2',
  0x0c: 'i4',
  0x0d: 'f4',
  0x0e: 'f8',
};

/**
 * Reads an IDX file; messages call it `name`. Byte arrays are views of `bytes`; other types are copied.
 * Throws `dataset.corrupt` for a wrong magic number, an unknown type, a truncated file or trailing bytes.
 */
export function parseIdx(bytes: Uint8Array, name = 'The IDX file'): ShapedArray {
  if (bytes.length < 4) throw corruptFile(name, 'an IDX header of at least 4 bytes', `${bytes.length} bytes`);
  if (bytes[0] !== 0 || bytes[1] !== 0) {
    throw corruptFile(name, 'an IDX file, which begins with the bytes 00 00', hex(bytes.subarray(0, 4)));
  }
  const type = typeCodes[bytes[2] as number];
  if (type === undefined) {
    throw corruptFile(name, 'an IDX type byte 08, 09, 0b, 0c, 0d or 0e', hex(bytes.subarray(2, 3)));
  }
  const dimensions = bytes[3] as number;
  const start = 4 + 4 * dimensions;
  if (bytes.length < start) {
    throw corruptFile(
      name,
      `an IDX header of ${start} bytes for ${dimensions} dimensions`,
      `${bytes.length} bytes`,
    );
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: dimensions }, (_, index) => header.getUint32(4 + 4 * index));
  const size = elementTypes[type].BYTES_PER_ELEMENT;
  const length = start + elementCount(shape) * size;
  if (bytes.length !== length) {
    const verdict = bytes.length < length ? 'it is truncated' : 'it has trailing bytes';
    throw corruptFile(
      name,
      `${length} bytes for the shape ${shape.join(' × ')}`,
      `${bytes.length}: ${verdict}`,
    );
  }
  const body = bytes.subarray(start);
  return { shape, data: viewAs(type, size === 1 ? body : swapped(body, size)) };
}

/**
 * Returns the bytes of an IDX file. Throws `idx.type` for element types that IDX lacks (64-bit integers, and unsigned
 * integers other than bytes) and `idx.shape` for a shape that does not match the number of values.
 */
export function serializeIdx({ shape, data }: ShapedArray): Uint8Array {
  const type = elementTypeOf(data);
  const code = Object.entries(typeCodes).find(([, known]) => known === type)?.[0];
  if (code === undefined) {
    throw new ApicalError(
      'idx.type',
      `IDX cannot hold elements of type ${type}; convert them to one of ${Object.values(typeCodes).join(', ')}.`,
      { type },
    );
  }
  if (
    elementCount(shape) !== data.length ||
    shape.length > 255 ||
    shape.some((extent) => extent > 0xffffffff)
  ) {
    throw new ApicalError(
      'idx.shape',
      `The shape [${shape.join(', ')}] does not match the ${data.length} values of the array.`,
      { shape },
    );
  }
  const start = 4 + 4 * shape.length;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([0, 0, Number(code), shape.length]);
  const header = new DataView(bytes.buffer);
  shape.forEach((extent, index) => {
    header.setUint32(4 + 4 * index, extent);
  });
  bytes.set(swapped(bytesOf(data), data.BYTES_PER_ELEMENT), start);
  return bytes;
}

/** Returns a copy with the bytes of each element reversed. */
function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let start = 0; start < bytes.length; start += size) {
    for (let index = 0; index < size; index++) out[start + index] = bytes[start + size - 1 - index] as number;
  }
  return out;
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
