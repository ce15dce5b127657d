import { ApicalError } from '../../errors.ts';

/** An array as the file formats read and write it: numbers of one type, row-major, with their shape. */
export interface ShapedArray {
  readonly shape: readonly number[];
  readonly data: NumericArray;
}

/** The typed arrays that the file formats can hold. */
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

/** Typed-array constructors by NumPy's name of the element type, without the byte order. */
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

/** An element type by NumPy's name, such as "f4". */
export type ElementType = keyof typeof elementTypes;

/** Returns whether a name is that of an element type. */
export const isElementType = (name: string): name is ElementType => Object.hasOwn(elementTypes, name);

/** Returns the element type of an array. Throws `array.type` for a type that no format here can hold. */
export function elementTypeOf(data: NumericArray): ElementType {
  for (const [name, type] of Object.entries(elementTypes)) {
    if (data instanceof type) return name as ElementType;
  }
  throw new ApicalError(
    'array.type',
    `Arrays of type ${Object.prototype.toString.call(data)} cannot be stored; use a typed array such as Float32Array.`,
  );
}

/** Returns the number of elements of a shape: 1 for the scalar shape [], and possibly Infinity for a damaged shape. */
export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, extent) => product * extent, 1);

/** Returns the bytes of an array, as a view of the same memory. */
export const bytesOf = (data: NumericArray): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Returns little-endian bytes as elements: a view of the same memory if the bytes are aligned, a copy otherwise. The
 * length must be a multiple of the element size. All supported platforms are little-endian.
 */
export function viewAs(type: ElementType, bytes: Uint8Array): NumericArray {
  const Type = elementTypes[type];
  const size = Type.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  // TypeScript wants an ArrayBuffer for this union of constructors; a SharedArrayBuffer works as well.
  return new Type(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}

/** Converts values to float32; returns a Float32Array itself. */
export function toFloat32(data: NumericArray): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  return new Float32Array(data);
}

/** Returns the error for a file that violates its format. It names the file, the expectation and the finding. */
export function corruptFile(name: string, expected: string, found: string, cause?: unknown): ApicalError {
  return new ApicalError(
    'dataset.corrupt',
    `${name} is damaged or has another format: expected ${expected}, found ${found}. Download or write the file again.`,
    { name, expected, found },
    cause,
  );
}

/** Returns the message of whatever a library threw. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
