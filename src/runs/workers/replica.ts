import type { Dataset } from '../../datasets/index.ts';
import type { Learner } from '../../learning/index.ts';
import type { Config } from '../../config/config.ts';
import type { Examples } from '../../training/examples.ts';
import type { Position } from '../../training/training.ts';
import type { Participant } from './exchange.ts';

/** All that a worker needs to take the same steps as the main participant. */
export interface ReplicaStart {
  readonly participant: Participant;
  readonly config: Config;
  readonly dataset: Dataset;
  /** The main participant's, not "auto". */
  readonly backend: Config['backend'];
  readonly blasPath: string | undefined;
  /** Where a resumed run goes on. */
  readonly state: ReplicaState | undefined;
}

export interface ReplicaState {
  readonly position: Position;
  readonly tensors: ReadonlyMap<string, ArrayLike<number>>;
}

/** What a worker says: that it can begin, that it took its last step, or why it cannot go on. */
export type ReplicaMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string };

/** The training examples as they lie in the heap, seen by a worker where memory is shared, else copied. */
export function trainingSet(examples: Examples): Dataset {
  const train = examples.train.stored();
  const test = { count: 0, inputs: train.inputs.slice(0, 0), targets: train.targets.slice(0, 0) };
  if (train.inputs.buffer instanceof SharedArrayBuffer) return { ...examples.dataset, train, test };
  // Cloning a view clones the whole heap with it.
  const { count, inputs, targets } = train;
  return { ...examples.dataset, train: { count, inputs: inputs.slice(), targets: targets.slice() }, test };
}

/** 32 bits of all plastic parameters: FNV-1a over their words, in four lanes, since one would wait for itself. */
export function fingerprintOf({ network }: Learner): number {
  const prime = 0x01000193;
  let [a, b, c, d] = [1, 2, 3, 4];
  for (const { values } of network.parameters) {
    const { buffer, byteOffset, byteLength } = values.data;
    const words = new Int32Array(buffer, byteOffset, byteLength / 4);
    let index = 0;
    for (; index + 3 < words.length; index += 4) {
      a = Math.imul(a ^ (words[index] as number), prime);
      b = Math.imul(b ^ (words[index + 1] as number), prime);
      c = Math.imul(c ^ (words[index + 2] as number), prime);
      d = Math.imul(d ^ (words[index + 3] as number), prime);
    }
    for (; index < words.length; index++) a = Math.imul(a ^ (words[index] as number), prime);
  }
  return [b, c, d].reduce((hash, lane) => Math.imul(hash ^ lane, prime), a);
}
