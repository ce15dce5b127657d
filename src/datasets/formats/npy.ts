import { ApicalError } from '../../errors.ts';
import { bytesOf, corruptFile, elementCount, elementTypeOf, elementTypes, isElementType, viewAs } from './array.ts';
import type { ShapedArray } from './array.ts';

/**
 * The first bytes of NPY, the file format of one NumPy array: `93 'NUMPY'`, a version, the length of the header, the
 * header (a Python literal), then the values.
 *
 * Source: numpy.lib.format, versions 1.0 to 3.0.
 */
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/**
 * Reads an NPY file of u1, u2, u4, u8, i1, i2, i4, i8, f4, f8 (little-endian) or b1 (as u1), in C order; messages call
 * it `name`. The array is a view of `bytes` if they are aligned.
 * Throws `dataset.corrupt`, also for files that NumPy reads and this function does not (big-endian, Fortran order,
 * objects).
 */
export function parseNpy(bytes: Uint8Array, name = 'The NPY file'): ShapedArray {
  if (bytes.length < 12 || magic.some((byte, index) => bytes[index] !== byte)) {
    throw corruptFile(name, 'an NPY file, which begins with 93 4e 55 4d 50 59', 'other bytes');
  }
  const version = bytes[6] as number;
  if (version < 1 || version > 3) throw corruptFile(name, 'NPY version 1, 2 or 3', `version ${version}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerStart = version === 1 ? 10 : 12;
  const start = headerStart + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > bytes.length)
    throw corruptFile(name, `an NPY header of ${start} bytes`, `${bytes.length} bytes in all`);
  const header = new TextDecoder().decode(bytes.subarray(headerStart, start));

  const descriptor = /['"]descr['"]\s*:\s*['"]([<>|=]?)([a-z]\d+)['"]/.exec(header);
  if (descriptor === null)
    throw corruptFile(name, "an element type such as '<f4' in the NPY header", quote(header));
  const order = descriptor[1];
  const type = descriptor[2] === 'b1' ? 'u1' : (descriptor[2] as string);
  if (!isElementType(type) || order === '>') {
    const known = Object.keys(elementTypes).join(', ');
    throw corruptFile(name, `little-endian ${known} or b1`, `'${order}${descriptor[2]}'`);
  }
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  if (fortran !== 'False') {
    throw corruptFile(
      name,
      'C order (convert with numpy.ascontiguousarray)',
      `fortran_order: ${fortran ?? 'missing'}`,
    );
  }
  const extents = /['"]shape['"]\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (extents === undefined) throw corruptFile(name, 'a shape in the NPY header', quote(header));
  const shape = extents.split(',').flatMap((extent) => (extent.trim() === '' ? [] : [Number(extent)]));

  const length = start + elementCount(shape) * elementTypes[type].BYTES_PER_ELEMENT;
  if (bytes.length !== length) {
    const expected = `${length} bytes for the shape (${shape.join(', ')}) of ${type}`;
    throw corruptFile(
      name,
      expected,
      `${bytes.length}: ${bytes.length < length ? 'it is truncated' : 'it has trailing bytes'}`,
    );
  }
  return { shape, data: viewAs(type, bytes.subarray(start)) };
}

/**
 * Returns the bytes of an NPY file, version 1.0, with the values aligned to 64 bytes. Throws `npy.shape` if the shape
 * does not match the number of values.
 */
export function serializeNpy({ shape, data }: ShapedArray): Uint8Array {
  if (elementCount(shape) !== data.length) {
    throw new ApicalError(
      'npy.shape',
      `The shape [${shape.join(', ')}] does not match the ${data.length} values of the array.`,
      { shape },
    );
  }
  const type = elementTypeOf(data);
  const descriptor = `${data.BYTES_PER_ELEMENT === 1 ? '|' : '<'}${type}`;
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const literal = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${extents}), }`;
  const start = Math.ceil((10 + literal.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set(magic);
  bytes.set([1, 0, (start - 10) & 0xff, (start - 10) >> 8], 6);
  bytes.set(new TextEncoder().encode(`${literal.padEnd(start - 11)}\n`), 10);
  bytes.set(bytesOf(data), start);
  return bytes;
}

const quote = (text: string): string => `"${text.slice(0, 80).trim()}"`;
