import type { Heap } from './heap.ts';
import type { Tensor } from './tensor.ts';

/** Hears that values were touched outside of operations: overwritten as a whole, or read and perhaps written. */
export type Watcher = (tensor: Tensor, how: 'read' | 'overwritten') => void;

/** Runs `body` and returns its result; until then `watcher` hears of every value touched outside of operations. */
export function watched<Result>(heap: Heap, watcher: Watcher | undefined, body: () => Result): Result {
  const before = heap.watcher;
  heap.watcher = watcher;
  try {
    return body();
  } finally {
    heap.watcher = before;
  }
}

/**
 * Runs `body` and returns its result; an audit does not hear which values it touches. Only for reads of the library
 * from which no number reaches a synapse, such as tallies, metrics and stopping tests, or reaches it by another way
 * that the audit sees, such as the loss.
 */
export const unwatched = <Result>(heap: Heap, body: () => Result): Result => watched(heap, undefined, body);
