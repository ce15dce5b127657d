import { gunzipSync } from 'fflate';
import { corruptFile, messageOf } from './array.ts';

/** Returns whether bytes start like a gzip file. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * Returns the unpacked size (modulo 2³²) that the last four bytes of a gzip file state; undefined if it is impossible.
 * Deflate compresses at most 1032 to 1, so a damaged trailer cannot cause an allocation of gigabytes.
 */
export function statedSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < 18) return undefined;
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
  return size <= bytes.length * 1032 ? size : undefined;
}

/**
 * Unpacks a gzip file, with `unpack` if given, which must throw on a damaged stream.
 * Throws `dataset.corrupt` if the stream is truncated or damaged, or if its size differs from the stated size.
 */
export async function gunzip(
  bytes: Uint8Array,
  name: string,
  unpack: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array> = unpackAndCheck,
): Promise<Uint8Array> {
  const expected = statedSize(bytes);
  if (!isGzip(bytes) || expected === undefined) {
    throw corruptFile(name, 'a complete gzip file', `${bytes.length} bytes of something else`);
  }
  let unpacked: Uint8Array;
  try {
    unpacked = await unpack(bytes);
  } catch (thrown) {
    throw corruptFile(name, 'a complete gzip file', messageOf(thrown), thrown);
  }
  if (unpacked.length !== expected) {
    throw corruptFile(name, `${expected} unpacked bytes, as the gzip file states`, `${unpacked.length}`);
  }
  return unpacked;
}

/** Unpacks and verifies the checksum, which fflate leaves to its caller. */
function unpackAndCheck(bytes: Uint8Array): Uint8Array {
  const unpacked = gunzipSync(bytes);
  const stated = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);
  const found = crc32(unpacked);
  if (found !== stated) throw new Error(`the CRC-32 ${found.toString(16)} instead of ${stated.toString(16)}`);
  return unpacked;
}

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

function crc32(bytes: Uint8Array): number {
  let remainder = -1;
  for (const byte of bytes) remainder = (crcTable[(remainder ^ byte) & 0xff] as number) ^ (remainder >>> 8);
  return ~remainder >>> 0;
}
