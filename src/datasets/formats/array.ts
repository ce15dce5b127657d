import { ApicalError } from '../../errors.ts';

/** What the file formats here read and write: numbers of one type, row-major, with their shape. */
export interface ShapedArray {
  readonly shape: readonly number[];
  readonly data: NumericArray;
}

export type NumericArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** Element types by NumPy's names without the byte order. */
export const elementTypes = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  f4: Float32Array,
  f8: Float64Array,
} as const;

export type ElementType = keyof typeof elementTypes;

export const isElementType = (name: string): name is ElementType => Object.hasOwn(elementTypes, name);

export function elementTypeOf(data: NumericArray): ElementType {
  for (const [name, type] of Object.entries(elementTypes)) {
    if (data instanceof type) return name as ElementType;
  }
  throw new ApicalError(
    'array.type',
    `Arrays of type ${Object.prototype.toString.call(data)} cannot be stored.`,
  );
}

/** The number of elements of a shape; 1 for the shape [] of a scalar. May be Infinity for a nonsense shape. */
export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, extent) => product * extent, 1);

/** The bytes of an array, on the same memory. */
export const bytesOf = (data: NumericArray): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Bytes (little-endian, as all platforms that run this are) as elements: on the same memory where they are
 * aligned, a copy otherwise. The length must be a multiple of the element's size.
 */
export function viewAs(type: ElementType, bytes: Uint8Array): NumericArray {
  const Type = elementTypes[type];
  const size = Type.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  // TypeScript asks for an ArrayBuffer of this union of constructors; shared memory serves as well.
  return new Type(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}

/** Values as float32: the same array where they are so already. */
export function toFloat32(data: NumericArray): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  return new Float32Array(data);
}

/** A file that is not what its format says. Names the file, what was expected and what was found. */
export function corruptFile(name: string, expected: string, found: string, cause?: unknown): ApicalError {
  return new ApicalError(
    'dataset.corrupt',
    `${name} is damaged or of another format: expected ${expected}, found ${found}. Fetch or write the file again.`,
    { name, expected, found },
    cause,
  );
}

/** The message of whatever a library threw, for `found`. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
