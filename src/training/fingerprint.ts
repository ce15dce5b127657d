import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Returns the SHA-256 of named tensors in hexadecimal. Two are equal exactly if all names and all bits are, so it shows
 * whether two hosts have learned the same.
 */
export function fingerprintOf(tensors: ReadonlyMap<string, Tensor>): string {
  const hash = sha256.create();
  for (const [name, { data }] of tensors) {
    hash.update(utf8ToBytes(`${name}:${data.length};`));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return bytesToHex(hash.digest());
}
