import { ApicalError } from '../../errors.ts';
import { bytesOf, elementCount, elementTypeOf, elementTypes, messageOf, viewAs } from './array.ts';
import type { ElementType, ShapedArray } from './array.ts';

/**
 * The contents of a safetensors file: eight bytes with the length of the header, a JSON header with the type, shape and
 * position of every tensor, then the values, little-endian and without gaps. Used for checkpoints.
 *
 * Source: the specification of the safetensors format ("Format" in its documentation).
 */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, ShapedArray>;
  /** The strings under `__metadata__`, by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

const typeOfDtype = new Map<string, ElementType>([
  ['F64', 'f8'],
  ['F32', 'f4'],
  ['I64', 'i8'],
  ['U64', 'u8'],
  ['I32', 'i4'],
  ['U32', 'u4'],
  ['I16', 'i2'],
  ['U16', 'u2'],
  ['I8', 'i1'],
  ['U8', 'u1'],
]);
const dtypeOfType = new Map(Array.from(typeOfDtype, ([dtype, type]) => [type, dtype]));

/** Limit of the specification, against headers made to exhaust memory. */
const longestHeader = 100_000_000;

/**
 * Returns the bytes of a safetensors file, with wider element types first, so that every tensor is aligned, and by name
 * within a type. Equal tensors give equal bytes. The data may lie in shared memory.
 * Throws `safetensors.invalid` for a shape that does not match its data, a repeated name and the name `__metadata__`.
 */
export function serializeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: ShapedArray]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = Array.from(tensors).sort(
    ([nameA, a], [nameB, b]) =>
      b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0),
  );
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set(metadataKey, metadata);
  let end = 0;
  for (const [name, { shape, data }] of sorted) {
    const label = JSON.stringify(name);
    if (name === metadataKey)
      throw invalid(`A tensor cannot be named ${label}, which the format reserves: rename it.`);
    if (header.has(name)) throw invalid(`Two tensors are named ${label}; give each its own name.`);
    if (!shape.every(isExtent) || elementCount(shape) !== data.length) {
      throw invalid(
        `The shape [${shape.join(', ')}] of tensor ${label} does not match its ${data.length} values.`,
      );
    }
    const begin = end;
    end += data.byteLength;
    header.set(name, { dtype: dtypeOfType.get(elementTypeOf(data)), shape, data_offsets: [begin, end] });
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerLength = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end).fill(0x20, 8, 8 + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(text, 8);
  let position = 8 + headerLength;
  for (const [, { data }] of sorted) {
    bytes.set(bytesOf(data), position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * Reads the tensors of a file, as views of `bytes` if these are aligned; messages call the file `name`.
 * Throws `safetensors.invalid` for anything the specification forbids (a truncated file, gaps, overlaps, trailing bytes,
 * sizes that do not match the shape, metadata that is not text) and for element types that JavaScript lacks.
 */
export function parseSafetensors(bytes: Uint8Array, name = 'The safetensors file'): Safetensors {
  const fail = (reason: string, cause?: unknown): ApicalError =>
    invalid(
      `${name} is not a valid safetensors file: ${reason}. Write the file again or use an earlier one.`,
      { name },
      cause,
    );

  if (bytes.length < 8) throw fail(`expected at least 8 bytes, found ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > Math.min(longestHeader, bytes.length - 8)) {
    throw fail(`its header should have ${headerLength} bytes, but the whole file has ${bytes.length}`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), fail);
  const body = bytes.subarray(8 + headerLength);

  const metadata = header[metadataKey] ?? {};
  if (!isTextRecord(metadata)) throw fail(`${metadataKey} must hold strings only`);
  const entries = Object.entries(header)
    .filter(([key]) => key !== metadataKey)
    .map(([key, value]) => readEntry(key, value, fail))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  const tensors = new Map<string, ShapedArray>();
  let end = 0;
  for (const entry of entries) {
    if (entry.begin !== end) {
      throw fail(
        `tensor "${entry.name}" must start at byte ${end} of the values, not at byte ${entry.begin}`,
      );
    }
    end = entry.end;
    if (end > body.length) throw fail(`expected at least ${end} bytes of values, found ${body.length}`);
    tensors.set(entry.name, {
      shape: entry.shape,
      data: viewAs(entry.type, body.subarray(entry.begin, end)),
    });
  }
  if (end !== body.length) throw fail(`expected ${end} bytes of values, found ${body.length}`);
  return { tensors, metadata };
}

const metadataKey = '__metadata__';

type Fail = (reason: string, cause?: unknown) => ApicalError;

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  if (bytes[0] !== 0x7b) throw fail('its header must start with "{"');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (thrown) {
    throw fail(`its header is not JSON (${messageOf(thrown)})`, thrown);
  }
  return header as Record<string, unknown>; // JSON that starts with a brace is an object.
}

interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function readEntry(name: string, value: unknown, fail: Fail): Entry {
  const label = `tensor ${JSON.stringify(name)}`;
  if (typeof value !== 'object' || value === null) throw fail(`${label} has no description`);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const type = typeof dtype === 'string' ? typeOfDtype.get(dtype) : undefined;
  if (type === undefined) {
    throw fail(
      `${label} has the element type ${JSON.stringify(dtype)}, but it must be one of ${[...typeOfDtype.keys()].join(', ')}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isExtent)) {
    throw fail(
      `${label} has the shape ${JSON.stringify(shape)}, which is not a list of non-negative integers`,
    );
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isExtent)) {
    throw fail(
      `${label} has the offsets ${JSON.stringify(offsets)}, which are not two non-negative integers`,
    );
  }
  const [begin, end] = offsets as [number, number];
  const length = elementCount(shape) * elementTypes[type].BYTES_PER_ELEMENT;
  if (end - begin !== length) {
    throw fail(
      `${label} has ${length} bytes according to its shape, but ${end - begin} according to its offsets`,
    );
  }
  return { name, type, shape, begin, end };
}

const isExtent = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isTextRecord = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string');

const invalid = (message: string, details: Record<string, unknown> = {}, cause?: unknown): ApicalError =>
  new ApicalError('safetensors.invalid', message, details, cause);
