import type { Dataset } from '../../datasets/index.ts';
import type { Learner } from '../../rules/index.ts';
import type { Config } from '../config.ts';
import type { Examples } from '../examples.ts';
import type { Position } from '../training-contract.ts';
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

/** FNV-1a over the words of all plastic parameters: 32 bits. */
export function fingerprintOf({ network }: Learner): number {
  let hash = 0x811c9dc5;
  for (const { values } of network.parameters) {
    const { buffer, byteOffset, byteLength } = values.data;
    const words = new Int32Array(buffer, byteOffset, byteLength / 4);
    for (let index = 0; index < words.length; index++) {
      hash = Math.imul(hash ^ (words[index] as number), 0x01000193);
    }
  }
  return hash;
}
