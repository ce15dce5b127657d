import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { elementTypeOf } from '../../datasets/formats/array.ts';
import type { ShapedArray } from '../../datasets/formats/array.ts';
import { parseSafetensors, serializeSafetensors } from '../../datasets/formats/safetensors.ts';
import { ApicalError } from '../../errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Position } from '../../training/training.ts';

/**
 * A checkpoint is a safetensors file whose metadata says where the run stood, and which carries the SHA-256 of
 * itself: of all its bytes, with the place of the checksum filled with zeros. So any change is found.
 */
const VERSION = 1;
const NO_CHECKSUM = '0'.repeat(64);

/** On what the bits of a checkpoint depend, beside the config. */
export interface Origin {
  /** Name of the backend, and its library and kernels as far as known. */
  readonly backend: string;
  readonly threads: number;
  readonly processor: string;
  /** Version and commit of the package. */
  readonly sources: string;
}

export interface Checkpoint {
  readonly position: Position;
  readonly tensors: ReadonlyMap<string, ShapedArray>;
  readonly step: number;
  /** Length of `metrics.jsonl` at this moment. */
  readonly metricsBytes: number;
  readonly identity: string;
  readonly origin: Origin;
}

/** SHA-256 in hexadecimal of parts in a row. */
export type Sha256 = (parts: readonly Uint8Array[]) => string;

/** Ten times slower than Node's, and the same everywhere. */
const portableSha256: Sha256 = (parts) => {
  const hash = sha256.create();
  for (const part of parts) hash.update(part);
  return bytesToHex(hash.digest());
};

/** The bytes of a checkpoint, or undefined when a number in it is not finite. */
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
 * Reads a checkpoint; its tensors lie on `bytes`. Throws `checkpoint.corrupt` when a single bit of it differs
 * from what was written, `checkpoint.newer` when a later version of this package wrote it.
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
      `The checkpoint ${name} is of format ${version}, but this version of Apical reads up to ${VERSION}. Go on with the version that wrote it, or update Apical.`,
      { name, version },
    );
  }
  if (checksum === undefined || checksum !== checksumOf(bytes, hash)) {
    throw corrupt(name, 'its checksum does not fit its contents');
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
 * Copies a checkpoint into tensors of the same names and shapes; between f32 and f64, values are converted.
 * Throws `checkpoint.mismatch`, which names the first tensor that does not fit; nothing is copied then.
 */
export function restoreTensors(
  into: ReadonlyMap<string, Tensor>,
  { tensors }: Pick<Checkpoint, 'tensors'>,
): void {
  for (const name of tensors.keys()) {
    if (!into.has(name)) throw mismatch(name, `the checkpoint has it, but the run has not`);
  }
  for (const [name, tensor] of into) {
    const saved = tensors.get(name);
    if (!saved) throw mismatch(name, 'the run has it, but the checkpoint has not');
    if (saved.shape.join() !== tensor.shape.join()) {
      throw mismatch(
        name,
        `its shape is (${saved.shape.join(', ')}) in the checkpoint and (${tensor.shape.join(', ')}) in the run`,
      );
    }
    if (isFloat(saved.data) !== isFloat(tensor.data) || isBig(saved.data)) {
      throw mismatch(
        name,
        `its numbers are ${elementTypeOf(saved.data)} in the checkpoint and ${tensor.type} in the run`,
      );
    }
  }
  for (const [name, tensor] of into) tensor.set((tensors.get(name) as ShapedArray).data as Float64Array);
}

/** What may make a continued run differ from an uninterrupted one, in sentences. */
export function originWarnings(saved: Origin, now: Origin, step: number): string[] {
  const words = {
    backend: 'backend',
    threads: 'number of threads',
    processor: 'processor',
    sources: 'version of Apical',
  };
  return (Object.keys(words) as (keyof Origin)[])
    .filter((key) => saved[key] !== now[key])
    .map(
      (key) =>
        `The ${words[key]} was "${saved[key]}" until step ${step} and is "${now[key]}" now: the run goes on, but it may differ in the last bits from an uninterrupted one.`,
    );
}

type Data = ShapedArray['data'];

/** x − x is 0 for finite x only. */
function isFinite(data: ArrayLike<number>): boolean {
  for (let index = 0; index < data.length; index++) {
    if ((data[index] as number) - (data[index] as number) !== 0) return false;
  }
  return true;
}

const isFloat = (data: Data) => data instanceof Float32Array || data instanceof Float64Array;
const isBig = (data: Data) => data instanceof BigInt64Array || data instanceof BigUint64Array;

/** Where the checksum's digits are: the metadata begin with it, and a quote inside a text would be escaped. */
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
    `The checkpoint does not fit this run: of the tensor "${tensor}", ${reason}. Resume with the rule and version that wrote it.`,
    { tensor },
  );
