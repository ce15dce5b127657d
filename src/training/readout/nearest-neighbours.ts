import type { Compute } from '../../tensor/compute.ts';
import type { Features } from './activity.ts';
import type { Model } from './model.ts';

/** Training examples whose distances are computed at once. */
const BLOCK = 4096;

/**
 * Classifies by a vote of the k training examples at the smallest Euclidean distance. Equally near examples count in their
 * order, and of classes with as many votes the one with the nearest neighbour wins. The loss is 1 for a wrong answer and 0
 * for a correct one.
 *
 * Source: Cover & Hart (1967), IEEE Transactions on Information Theory 13.
 */
export function fitNeighbours(compute: Compute, { features, targets }: Features, neighbours: number): Model {
  const { rows, columns } = features;
  const known = compute.allocate([rows, columns]);
  compute.copy(known, features);
  const labels = Int32Array.from(targets.data);
  const powers = compute.allocate([rows]);
  compute.dotRows(powers, known, known);
  return {
    tally(given, wanted, tally) {
      const nearest = Array.from({ length: given.rows }, () => new Nearest(neighbours));
      for (let first = 0; first < rows; first += BLOCK) {
        compute.scope(() => {
          const size = Math.min(BLOCK, rows - first);
          // ‖t − q‖² without ‖q‖², which is the same for all t.
          const distances = compute.temporary([given.rows, size]);
          compute.matmul(distances, given, known.rowRange(first, size), { transposeB: true, alpha: -2 });
          const own = powers.reshape([rows, 1]).rowRange(first, size).reshape([size]);
          compute.addRow(distances, distances, own);
          const values = distances.data;
          for (const [row, kept] of nearest.entries()) {
            for (let index = 0; index < size; index++) {
              kept.offer(values[row * size + index] as number, first + index);
            }
          }
        });
      }
      const sums = tally.data;
      let wrong = 0;
      for (const [row, kept] of nearest.entries()) if (kept.vote(labels) !== wanted.data[row]) wrong += 1;
      for (const [index, value] of [wrong, wrong, given.rows].entries()) {
        sums[index] = (sums[index] as number) + value;
      }
    },
    dispose() {
      compute.free(known);
      compute.free(powers);
    },
  };
}

/** The nearest examples so far, in ascending order of distance. */
class Nearest {
  readonly #distances: Float64Array;
  readonly #examples: Int32Array;

  constructor(count: number) {
    this.#distances = new Float64Array(count).fill(Infinity);
    this.#examples = new Int32Array(count).fill(-1);
  }

  /** Keeps an example if it is nearer than the farthest that is kept. */
  offer(distance: number, example: number): void {
    const [distances, examples] = [this.#distances, this.#examples];
    let at = distances.length - 1;
    if (!(distance < (distances[at] as number))) return;
    for (; at > 0 && distance < (distances[at - 1] as number); at--) {
      distances[at] = distances[at - 1] as number;
      examples[at] = examples[at - 1] as number;
    }
    distances[at] = distance;
    examples[at] = example;
  }

  /** Returns the class with the most votes. */
  vote(labels: Int32Array): number {
    const votes = new Map<number, number>();
    for (const example of this.#examples) {
      const label = labels[example] as number;
      votes.set(label, (votes.get(label) ?? 0) + 1);
    }
    // A map keeps the order of insertion, which is that of distance.
    let [best, most] = [-1, 0];
    for (const [label, count] of votes) if (count > most) [best, most] = [label, count];
    return best;
  }
}
