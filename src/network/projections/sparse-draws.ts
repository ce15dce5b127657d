import type { Stream } from '../../random/stream.ts';
import type { Compute } from '../../tensor/compute.ts';
import { allocateSynapses } from '../../tensor/sparse/synapses.ts';
import type { SynapseLists, Synapses } from '../../tensor/sparse/synapses.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/*
 * Draws of sparse projections. A matrix is drawn as for dense storage, some rows at a time, and only what exists is kept:
 * the same seed gives the same network whatever its storage, and memory grows with the synapses.
 */

/** Numbers drawn at a time. */
const AT_ONCE = 2 ** 18;

/** The matrix of draws that decides which pairs of units are connected. */
export interface PairDraws {
  readonly density: number;
  readonly pairs: Stream;
  /** Whether the rows of the draws are postsynaptic units: feedback that shares the draws of what it answers. */
  readonly transposed: boolean;
  /** Whether a synapse exists where the other draw, with probability 1 − density, fails. */
  readonly disjoint: boolean;
  /** Whether the upper triangle decides both directions of a pair. */
  readonly symmetric: boolean;
  readonly selfConnections: boolean;
}

/** Draws a matrix in blocks of rows and passes each to `visit`, with the number of its first row. */
export function drawInBlocks(
  compute: Compute,
  rows: number,
  columns: number,
  draw: (block: Tensor, firstRow: number) => void,
  visit: (block: Tensor, firstRow: number) => void,
): void {
  const most = Math.max(1, Math.floor(AT_ONCE / Math.max(1, columns)));
  for (let first = 0; first < rows; first += most) {
    compute.scope(() => {
      const block = compute.temporary([Math.min(most, rows - first), columns]);
      draw(block, first);
      visit(block, first);
    });
  }
}

/** Draws the synapses from preUnits to postUnits. */
export function drawSynapses(
  compute: Compute,
  preUnits: number,
  postUnits: number,
  draws: PairDraws,
): Synapses {
  const visit = (each: (pre: number, post: number) => void): void => {
    const { density, pairs, transposed, disjoint, symmetric, selfConnections } = draws;
    const [rows, columns] = transposed ? [postUnits, preUnits] : [preUnits, postUnits];
    const pair = (row: number, column: number) => (transposed ? each(column, row) : each(row, column));
    drawInBlocks(
      compute,
      rows,
      columns,
      (block, first) => compute.drawBernoulli(block, disjoint ? 1 - density : density, 1, pairs, 0, first),
      ({ data }, first) => {
        for (let index = 0; index < data.length; index++) {
          if ((data[index] !== 0) === disjoint) continue;
          const [row, column] = [first + Math.floor(index / columns), index % columns];
          if (!symmetric) pair(row, column);
          else if (row < column) {
            pair(row, column);
            pair(column, row);
          } else if (row === column && selfConnections) pair(row, column);
        }
      },
    );
  };
  const starts = new Int32Array(postUnits + 1);
  visit((_, post) => (starts[post + 1] = (starts[post + 1] as number) + 1));
  for (let post = 0; post < postUnits; post++) {
    starts[post + 1] = (starts[post + 1] as number) + (starts[post] as number);
  }
  const next = starts.slice();
  const sources = new Int32Array(starts[postUnits] as number);
  visit((pre, post) => {
    const at = next[post] as number;
    sources[at] = pre;
    next[post] = at + 1;
  });
  // The lower triangle came by column, mixed with the upper one.
  if (draws.symmetric) sortWithin(starts, sources);
  const lists: SynapseLists = { preUnits, postUnits, starts, sources };
  return allocateSynapses(compute, lists);
}

function sortWithin(starts: Int32Array, sources: Int32Array): void {
  for (let unit = 0; unit + 1 < starts.length; unit++)
    sources.subarray(starts[unit], starts[unit + 1]).sort();
}

/** Sets values(synapses) to the elements of a drawn matrix (preUnits, postUnits) at the synapses. */
export function drawValues(
  compute: Compute,
  values: Tensor,
  { outgoing, preUnits, postUnits }: Synapses,
  draw: (block: Tensor, firstRow: number) => void,
): void {
  drawInBlocks(compute, preUnits, postUnits, draw, (block, first) => {
    const starts = outgoing.starts.data;
    const targets = outgoing.targets.data;
    const elements = outgoing.elements.data;
    const drawn = block.data;
    const kept = values.data;
    for (let row = 0; row < block.rows; row++) {
      for (let at = starts[first + row] as number; at < (starts[first + row + 1] as number); at++) {
        kept[elements[at] as number] = drawn[row * postUnits + (targets[at] as number) / 4] as number;
      }
    }
  });
}

/** Returns, for each synapse of a symmetric projection, the synapse of the same pair in the other direction. */
export function partnersOf(compute: Compute, { outgoing, count }: Synapses): Tensor {
  // With as many units on both sides and mirrored pairs, the outgoing order of one direction is the incoming of the other.
  return compute.allocate([count], 'i32').set(outgoing.elements.data);
}
