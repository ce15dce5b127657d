import type { SparseKernels, SynapseArguments } from '../../tensor/sparse/sparse-kernels.ts';

/** The exports of the module that sparse projections and eligibility traces are made of. */
export type SparseExports = Pick<SparseKernels, 'limitSparseNorms' | 'listEvents' | 'sparseScale'> &
  Record<
    | 'eventRows'
    | 'sharedTraces'
    | 'sparseBlocks'
    | 'sparseOuterBlocks'
    | 'sparseOuterShared'
    | 'sparseOuterVector'
    | 'sparseTraces'
    | 'sparseVector'
    | 'sparseVectorBack'
    | 'traces',
    (...values: (number | boolean)[]) => void
  >;

/**
 * Rows from which a product goes through blocks of 16 or 4 rows. With four rows a block already costs no more than two
 * rows one by one.
 */
const BLOCK_ROWS = 4;

/** Returns the kernels of sparse projections and eligibility traces, which choose among exports by sizes alone. */
export function sparseKernels(
  exports: SparseExports,
  workspace: number,
  workspaceBytes: number,
): SparseKernels {
  const {
    eventRows,
    sharedTraces,
    sparseBlocks,
    sparseOuterBlocks,
    sparseOuterShared,
    sparseOuterVector,
    sparseTraces,
    sparseVector,
    sparseVectorBack,
    traces,
  } = exports;
  const tracesOf = (synapses: SynapseArguments, changes: boolean, ...others: number[]): void => {
    const [starts, sources, elements, , , , pre, post, count, values] = synapses;
    if (elements === 0) sparseTraces(...others, starts, sources, pre, post, count, post, changes);
    else sharedTraces(...others, starts, sources, elements, pre, post, count, values, changes);
  };
  return {
    limitSparseNorms: exports.limitSparseNorms,
    listEvents: exports.listEvents,
    sparseScale: exports.sparseScale,

    sparseMatmul(out, a, values, batch, transposed, alpha, beta, ...synapses) {
      const [starts, sources, elements, outgoingStarts, targets, outgoingElements, pre, post, count] =
        synapses;
      const fitsBlock = 16 * (pre + post) <= workspaceBytes;
      if (batch >= BLOCK_ROWS && fitsBlock) {
        const lists = transposed
          ? ([outgoingStarts, targets, outgoingElements, batch, post, pre] as const)
          : ([starts, sources, elements, batch, pre, post] as const);
        sparseBlocks(out, a, values, ...lists, alpha, beta, count, workspace, workspaceBytes);
        return;
      }
      const lists = [values, starts, sources, elements, pre, post, alpha, beta] as const;
      for (let row = 0; row < batch; row++) {
        if (transposed) sparseVectorBack(out + 4 * row * pre, a + 4 * row * post, ...lists);
        else sparseVector(out + 4 * row * post, a + 4 * row * pre, ...lists, count);
      }
    },

    sparseOuter(out, a, b, batch, alpha, beta, ...synapses) {
      const [starts, sources, elements, , , , pre, post, count, values] = synapses;
      if (elements !== 0 || batch === 0) {
        sparseOuterShared(out, a, b, starts, sources, elements, batch, pre, post, alpha, beta, values);
      } else if (batch >= BLOCK_ROWS && 64 * (pre + 1) <= workspaceBytes) {
        const lists = [starts, sources, batch, pre, post, alpha, beta, post, count] as const;
        sparseOuterBlocks(out, a, b, ...lists, workspace);
      } else {
        for (let row = 0; row < batch; row++) {
          const [aRow, bRow, keep] = [a + 4 * row * pre, b + 4 * row * post, row === 0 ? beta : 1];
          sparseOuterVector(out, aRow, bRow, starts, sources, post, alpha, keep, count);
        }
      }
    },

    eventMatmul(out, indices, values, eventStarts, rows, beta, ...synapses) {
      const [, , , starts, targets, elements, , post] = synapses;
      eventRows(out, indices, values, eventStarts, starts, targets, elements, rows, post, beta);
    },

    decayOuter(trace, pre, post, decay, decays, rows, preUnits, postUnits) {
      const sizes = [rows, preUnits, postUnits, preUnits] as const;
      traces(0, trace, pre, post, decay, decays, 0, 0, 0, ...sizes, true);
    },

    contractTrace(target, trace, signal, rows, preUnits, postUnits, alpha, beta) {
      const sizes = [rows, preUnits, postUnits, preUnits] as const;
      traces(target, trace, 0, 0, 0, 0, signal, alpha, beta, ...sizes, false);
    },

    eligibility(target, signal, alpha, beta, ...changed) {
      const [trace, pre, post, decay, decays, rows, preUnits, postUnits] = changed;
      const sizes = [rows, preUnits, postUnits, preUnits] as const;
      traces(target, trace, pre, post, decay, decays, signal, alpha, beta, ...sizes, true);
    },

    sparseDecayOuter(trace, pre, post, decay, decays, rows, ...synapses) {
      tracesOf(synapses, true, 0, trace, pre, post, decay, decays, 0, 0, 0, rows);
    },

    sparseContractTrace(target, trace, signal, rows, alpha, beta, ...synapses) {
      tracesOf(synapses, false, target, trace, 0, 0, 0, 0, signal, alpha, beta, rows);
    },

    sparseEligibility(target, signal, alpha, beta, trace, pre, post, decay, decays, rows, ...synapses) {
      tracesOf(synapses, true, target, trace, pre, post, decay, decays, signal, alpha, beta, rows);
    },
  };
}
