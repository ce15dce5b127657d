import { unzipSync, zipSync } from 'fflate';
import { ApicalError } from '../../errors.ts';
import { corruptFile, messageOf } from './array.ts';
import type { ShapedArray } from './array.ts';
import { parseNpy, serializeNpy } from './npy.ts';

/**
 * Reads the arrays of an NPZ file (a ZIP of NPY files, as numpy.savez and numpy.savez_compressed write them), or only
 * those whose name is `wanted`; messages call the file `name`.
 * Throws `dataset.corrupt` if the ZIP file or one of the arrays is damaged.
 */
export function parseNpz(
  bytes: Uint8Array,
  name = 'The NPZ file',
  wanted: (name: string) => boolean = () => true,
): Map<string, ShapedArray> {
  let members: Record<string, Uint8Array>;
  const sizes = new Map<string, number>();
  try {
    members = unzipSync(bytes, {
      filter: ({ name: member, size, originalSize }) => {
        if (!member.endsWith('.npy')) return false;
        if (!wanted(member.slice(0, -4))) return false;
        // Deflate compresses at most 1032 to 1: a damaged size must not allocate gigabytes.
        if (originalSize > size * 1032)
          throw new Error(`${member} states an impossible size, ${originalSize} bytes`);
        sizes.set(member, originalSize);
        return true;
      },
    });
  } catch (thrown) {
    throw corruptFile(name, 'a ZIP file of NumPy arrays', messageOf(thrown), thrown);
  }
  const arrays = new Map<string, ShapedArray>();
  for (const [member, size] of sizes) {
    const content = members[member];
    if (content?.length !== size) {
      throw corruptFile(
        `${name}: ${member}`,
        `${size} bytes, as the ZIP file states`,
        `${content?.length ?? 0}`,
      );
    }
    arrays.set(member.slice(0, -4), parseNpy(content, `${name}: ${member}`));
  }
  return arrays;
}

/**
 * Returns the bytes of an NPZ file; equal arrays give equal bytes. The comment (at most 65 535 bytes) becomes the comment
 * of the ZIP archive, which NumPy ignores. Throws `npy.shape` if a shape does not match its data, or `npz.comment`.
 */
export function serializeNpz(
  arrays: Iterable<readonly [name: string, array: ShapedArray]>,
  comment = '',
): Uint8Array {
  const members = new Map<string, Uint8Array>();
  for (const [name, array] of arrays) members.set(`${name}.npy`, serializeNpy(array));
  // A constant date, the earliest that ZIP can hold (ZIP dates are in local time).
  const archive = zipSync(Object.fromEntries(members), { level: 6, mtime: new Date(1980, 0, 1) });
  const text = new TextEncoder().encode(comment);
  if (text.length > 0xffff) {
    throw new ApicalError(
      'npz.comment',
      `The ZIP comment has ${text.length} bytes, but at most 65535 are allowed: shorten it.`,
    );
  }
  const bytes = new Uint8Array(archive.length + text.length);
  bytes.set(archive);
  bytes.set(text, archive.length);
  // The archive ends with the length of its comment.
  new DataView(bytes.buffer).setUint16(archive.length - 2, text.length, true);
  return bytes;
}

/** Returns the comment of the archive; '' if it has none. */
export function npzComment(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) !== 0x06054b50 || at + 22 + view.getUint16(at + 20, true) !== bytes.length)
      continue;
    return new TextDecoder().decode(bytes.subarray(at + 22));
  }
  return '';
}
