import type { Dataset } from '../../datasets/index.ts';
import { withoutExamples } from '../../datasets/dataset.ts';
import type { Learner } from '../../learning/index.ts';
import type { Config } from '../../config/config.ts';
import type { Examples } from '../../training/examples.ts';
import type { Position } from '../../training/training.ts';
import type { Participant } from './exchange.ts';

/** Everything that a worker needs to take the same steps as the main participant. */
export interface ReplicaStart {
  readonly participant: Participant;
  readonly config: Config;
  readonly dataset: Dataset;
  /** The backend of the main participant, not "auto". */
  readonly backend: Config['backend'];
  readonly blasPath: string | undefined;
  /** The state to resume from; undefined for a new run. */
  readonly state: ReplicaState | undefined;
}

/** The state of a training between two steps. */
export interface ReplicaState {
  readonly position: Position;
  readonly tensors: ReadonlyMap<string, ArrayLike<number>>;
}

/** A message from a worker: it is ready, it has taken its last step, or it has failed. */
export type ReplicaMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Returns the training examples as views of the heap if its memory is shared, else as copies. */
export function trainingSet(examples: Examples): Dataset {
  const train = examples.train.stored();
  const test = withoutExamples(train);
  if (train.inputs.buffer instanceof SharedArrayBuffer) return { ...examples.dataset, train, test };
  // Cloning a view would clone the whole heap.
  const { inputs, targets, mask, named } = train;
  const copied = {
    ...train,
    inputs: inputs.slice(),
    targets: targets.slice(),
    ...(mask ? { mask: mask.slice() } : {}),
    ...(named
      ? { named: Object.fromEntries(Object.entries(named).map(([name, values]) => [name, values.slice()])) }
      : {}),
  };
  return { ...examples.dataset, train: copied, test };
}

/** Returns a 32-bit hash of all plastic parameters: FNV-1a over their words, in four independent lanes for speed. */
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
