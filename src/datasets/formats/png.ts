import { convertIndexedToRgb, decode } from 'fast-png';
import type { DecodedPng } from 'fast-png';
import { corruptFile, messageOf } from './array.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Returns whether bytes start like a PNG file. */
export const isPng = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, index) => bytes[index] === byte);

/** Returns width and height in pixels from the header of a PNG file, without decoding it. Throws `dataset.corrupt`. */
export function pngSize(bytes: Uint8Array, name = 'The PNG file'): { width: number; height: number } {
  if (!isPng(bytes) || bytes.length < 33) {
    throw corruptFile(name, 'a PNG file', `${bytes.length} bytes of something else`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/**
 * Decodes a PNG image of any kind to grey bytes, row by row: 0.299 R + 0.587 G + 0.114 B, on a white background where
 * the image is transparent. Throws `dataset.corrupt`.
 *
 * Source: ITU-R BT.601 for the weights.
 */
export function parsePng(
  bytes: Uint8Array,
  name = 'The PNG file',
): { width: number; height: number; data: Uint8Array } {
  pngSize(bytes, name);
  let picture: DecodedPng;
  try {
    picture = decode(bytes, { checkCrc: true });
    const { width, height } = picture;
    const { values, channels, largest } = samplesOf(picture);
    const data = new Uint8Array(width * height);
    for (let pixel = 0; pixel < data.length; pixel++) {
      const at = (channel: number) => (values[pixel * channels + channel] as number) / largest;
      const grey = channels < 3 ? at(0) : 0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2);
      const alpha = channels % 2 === 0 ? at(channels - 1) : 1;
      data[pixel] = Math.round(255 * (alpha * grey + 1 - alpha));
    }
    return { width, height, data };
  } catch (thrown) {
    throw corruptFile(name, 'a complete PNG file', messageOf(thrown), thrown);
  }
}

/** Returns one number per pixel and channel, with palettes resolved and bits unpacked. */
function samplesOf(picture: DecodedPng): { values: ArrayLike<number>; channels: number; largest: number } {
  const { palette, depth, data, channels, width, height } = picture;
  if (palette) {
    return { values: convertIndexedToRgb(picture), channels: palette[0]?.length ?? 3, largest: 255 };
  }
  const largest = 2 ** depth - 1;
  if (depth >= 8) return { values: data, channels, largest };
  // Rows start at byte boundaries.
  const rowBytes = Math.ceil((width * depth) / 8);
  const values = Uint8Array.from({ length: width * height }, (_, pixel) => {
    const bit = (pixel % width) * depth;
    const byte = data[Math.floor(pixel / width) * rowBytes + (bit >> 3)] as number;
    return (byte >> (8 - depth - (bit & 7))) & largest;
  });
  return { values, channels: 1, largest };
}
