import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { elementTypeOf } from '../../datasets/formats/array.ts';
import type { ShapedArray } from '../../datasets/formats/array.ts';
import { parseSafetensors, serializeSafetensors } from '../../datasets/formats/safetensors.ts';
import { ApicalError } from '../../errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Position } from '../../training/training.ts';

/**
 * A checkpoint is a safetensors file. Its metadata holds the position of the run and the SHA-256 of the whole file with
 * the checksum itself set to zeros, so any change is detected.
 */
const VERSION = 1;
const NO_CHECKSUM = '0'.repeat(64);

/** Everything besides the config that the bits of a checkpoint depend on. */
export interface Origin {
  /** Name of the backend, with its library and kernels if known. */
  readonly backend: string;
  readonly threads: number;
  readonly processor: string;
  /** Version and commit of the package. */
  readonly sources: string;
}

/** A decoded checkpoint. */
export interface Checkpoint {
  readonly position: Position;
  readonly tensors: ReadonlyMap<string, ShapedArray>;
  readonly step: number;
  /** Length of `metrics.jsonl` at the checkpoint, in bytes. */
  readonly metricsBytes: number;
  readonly identity: string;
  readonly origin: Origin;
}

/** Computes the hexadecimal SHA-256 of concatenated parts. */
export type Sha256 = (parts: readonly Uint8Array[]) => string;

/** Runs everywhere, but ten times slower than Node's own. */
const portableSha256: Sha256 = (parts) => {
  const hash = sha256.create();
  for (const part of parts) hash.update(part);
  return bytesToHex(hash.digest());
};

/** Returns the bytes of a checkpoint, or undefined if any number in it is not finite. */
export function encodeCheckpoint(
  tensors: ReadonlyMap<string, Tensor>,
  about: Pick<Checkpoint, 'position' | 'metricsBytes' | 'identity' | 'origin'>,
  hash: Sha256 = portableSha256,
): Uint8Array | undefined {
  const { position, metricsBytes, identity, origin } = about;
  for (const { data } of tensors.values()) if (!isFinite(data)) return undefined;
  const bytes = serializeSafetensors(tensors, {
    checksum: NO_CHECKSUM,
    version: String(VERSION),
    step: String(position.step),
    position: JSON.stringify(position),
    metricsBytes: String(metricsBytes),
    identity,
    backend: origin.backend,
    threads: String(origin.threads),
    processor: origin.processor,
    sources: origin.sources,
  });
  const at = checksumPlace(bytes);
  bytes.set(utf8ToBytes(hash([bytes])), at);
  return bytes;
}

/**
 * Decodes a checkpoint; its tensors are views of `bytes`. Throws `checkpoint.corrupt` if any bit has changed, and
 * `checkpoint.newer` if a later version of this package wrote it.
 */
export function decodeCheckpoint(bytes: Uint8Array, name: string, hash: Sha256 = portableSha256): Checkpoint {
  let contents: ReturnType<typeof parseSafetensors>;
  try {
    contents = parseSafetensors(bytes, name);
  } catch (thrown) {
    throw corrupt(name, 'it is cut short or not a safetensors file', thrown);
  }
  const { tensors, metadata } = contents;
  const { checksum, version, step, position, metricsBytes, identity, backend, threads, processor, sources } =
    metadata;
  if (Number(version) > VERSION) {
    throw new ApicalError(
      'checkpoint.newer',
      `The checkpoint ${name} has format ${version}, but this version of Apical reads formats up to ${VERSION}. Update Apical, or resume with the version that wrote it.`,
      { name, version },
    );
  }
  if (checksum === undefined || checksum !== checksumOf(bytes, hash)) {
    throw corrupt(name, 'its checksum does not match its contents');
  }
  return {
    position: JSON.parse(position ?? '') as Position,
    tensors,
    step: Number(step),
    metricsBytes: Number(metricsBytes),
    identity: identity ?? '',
    origin: {
      backend: backend ?? '',
      threads: Number(threads),
      processor: processor ?? '',
      sources: sources ?? '',
    },
  };
}

/**
 * Copies a checkpoint into tensors of the same names and shapes, converting between f32 and f64.
 * Throws `checkpoint.mismatch`, which names the first tensor that does not match; nothing is copied then.
 */
export function restoreTensors(
  into: ReadonlyMap<string, Tensor>,
  { tensors }: Pick<Checkpoint, 'tensors'>,
): void {
  for (const name of tensors.keys()) {
    if (!into.has(name)) throw mismatch(name, 'is in the checkpoint but not in the run');
  }
  for (const [name, tensor] of into) {
    const saved = tensors.get(name);
    if (!saved) throw mismatch(name, 'is in the run but not in the checkpoint');
    if (saved.shape.join() !== tensor.shape.join()) {
      throw mismatch(
        name,
        `has shape (${saved.shape.join(', ')}) in the checkpoint but (${tensor.shape.join(', ')}) in the run`,
      );
    }
    if (isFloat(saved.data) !== isFloat(tensor.data) || isBig(saved.data)) {
      throw mismatch(
        name,
        `has type ${elementTypeOf(saved.data)} in the checkpoint but ${tensor.type} in the run`,
      );
    }
  }
  for (const [name, tensor] of into) tensor.set((tensors.get(name) as ShapedArray).data as Float64Array);
}

/** Returns warnings about changes that may make a resumed run differ from an uninterrupted one. */
export function originWarnings(saved: Origin, now: Origin, step: number): string[] {
  const labels = {
    backend: 'backend',
    threads: 'number of threads',
    processor: 'processor',
    sources: 'version of Apical',
  };
  return (Object.keys(labels) as (keyof Origin)[])
    .filter((key) => saved[key] !== now[key])
    .map(
      (key) =>
        `The ${labels[key]} was "${saved[key]}" until step ${step} and is "${now[key]}" now. The run continues, but its last bits may differ from those of an uninterrupted run.`,
    );
}

type Data = ShapedArray['data'];

/** Returns whether all numbers are finite: x − x is 0 for finite x only. */
function isFinite(data: ArrayLike<number>): boolean {
  for (let index = 0; index < data.length; index++) {
    if ((data[index] as number) - (data[index] as number) !== 0) return false;
  }
  return true;
}

const isFloat = (data: Data) => data instanceof Float32Array || data instanceof Float64Array;
const isBig = (data: Data) => data instanceof BigInt64Array || data instanceof BigUint64Array;

/** Returns the offset of the checksum. It is the first entry of the metadata, and quotes inside texts are escaped. */
function checksumPlace(bytes: Uint8Array): number {
  const key = '"checksum":"';
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder('latin1').decode(bytes.subarray(0, 8 + headerLength));
  return header.indexOf(key) + key.length;
}

function checksumOf(bytes: Uint8Array, hash: Sha256): string {
  const at = checksumPlace(bytes);
  const end = at + NO_CHECKSUM.length;
  return hash([bytes.subarray(0, at), utf8ToBytes(NO_CHECKSUM), bytes.subarray(end)]);
}

const corrupt = (name: string, reason: string, cause?: unknown) =>
  new ApicalError('checkpoint.corrupt', `The checkpoint ${name} is damaged: ${reason}.`, { name }, cause);

const mismatch = (tensor: string, reason: string) =>
  new ApicalError(
    'checkpoint.mismatch',
    `The checkpoint does not match this run: the tensor "${tensor}" ${reason}. Resume with the rule and the version of Apical that wrote it.`,
    { tensor },
  );
