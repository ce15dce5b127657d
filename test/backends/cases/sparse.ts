import type { EligibilityOperations } from '../../../src/tensor/sparse/eligibility.ts';
import type { SparseOperations } from '../../../src/tensor/sparse/sparse.ts';
import { allocateSynapses } from '../../../src/tensor/sparse/synapses.ts';
import type { Synapses } from '../../../src/tensor/sparse/synapses.ts';
import type { Compute, Tensor } from '../../../src/tensor/index.ts';
import type { Case, Cases, Operands } from './operands.ts';

/** Presynaptic units: enough for full vectors, and not a multiple of four. */
const PRE = 37;

/** Returns random synapses from PRE units to n, some of which have none; with `shared` up to 11 values for all. */
function synapsesOf(compute: Compute, make: Operands, n: number, shared = false): Synapses {
  const draws = make.integers([n, PRE], 5, 'i32').data;
  const starts = new Int32Array(n + 1);
  const sources: number[] = [];
  for (let post = 0; post < n; post++) {
    for (let pre = 0; pre < PRE; pre++) if (draws[post * PRE + pre] === 0 && post !== 2) sources.push(pre);
    starts[post + 1] = sources.length;
  }
  // Every value has a synapse, as long as there are synapses.
  const elements = shared
    ? Int32Array.from(sources, (_, synapse) => (synapse * 7) % Math.min(11, sources.length))
    : undefined;
  return allocateSynapses(compute, {
    ...{ preUnits: PRE, postUnits: n, starts, sources: Int32Array.from(sources), elements },
  });
}

const both = (body: (...args: [...Parameters<Case>, shared: boolean]) => Tensor[]): Case[] =>
  [false, true].map((shared) => (compute, make, m, n) => body(compute, make, m, n, shared));

/** Activity of which about half is 0. */
function activity(make: Operands, shape: number[]): Tensor {
  const tensor = make.float(shape);
  for (let index = 0; index < tensor.size; index++) {
    if ((tensor.data[index] as number) < 0) tensor.data[index] = 0;
  }
  return tensor;
}

export const sparseCases: Cases<SparseOperations> = {
  sparseMatmul: [
    ...both((compute, make, m, n, shared) => {
      const synapses = synapsesOf(compute, make, n, shared);
      const out = make.float([m, n]);
      const weights = make.float([synapses.values]);
      compute.sparseMatmul(out, make.float([m, PRE]), weights, synapses);
      const again = make.float([m, n]);
      compute.sparseMatmul(again, activity(make, [m, PRE]), weights, synapses, { alpha: -0.3, beta: 0.9 });
      return [out, again];
    }),
    ...both((compute, make, m, n, shared) => {
      const synapses = synapsesOf(compute, make, n, shared);
      const weights = make.float([synapses.values]);
      const out = make.float([m, PRE]);
      compute.sparseMatmul(out, make.float([m, n]), weights, synapses, {
        transposeB: true,
        alpha: 0.3,
        beta: 0.9,
      });
      const again = make.float([m, PRE]);
      compute.sparseMatmul(again, activity(make, [m, n]), weights, synapses, { transposeB: true });
      return [out, again];
    }),
  ],
  sparseOuter: both((compute, make, m, n, shared) => {
    const synapses = synapsesOf(compute, make, n, shared);
    const [a, b] = [make.float([m, PRE]), activity(make, [m, n])];
    return [undefined, 1, 0.9].map((beta) => {
      const out = make.float([synapses.values]);
      compute.sparseOuter(out, a, b, synapses, beta === undefined ? undefined : -0.1, beta);
      return out;
    });
  }),
  sparseScale: both((compute, make, _, n, shared) => {
    const synapses = synapsesOf(compute, make, n, shared);
    const [out, other] = [make.float([synapses.values]), make.float([synapses.values])];
    const a = shared ? make.float([synapses.values]) : out;
    compute.sparseScale(out, a, make.float([n]), synapses, 'postsynaptic', 0.7, 0.9);
    compute.sparseScale(other, out, make.float([PRE]), synapses, 'presynaptic');
    return [out, other];
  }),
  limitSparseNorms: (['incoming', 'outgoing'] as const).map((side): Case => (compute, make, _, n) => {
    const synapses = synapsesOf(compute, make, n);
    const weights = make.float([synapses.values]);
    compute.limitSparseNorms(weights, synapses, side, 0.8);
    return [weights];
  }),
  listEvents: [
    (compute, make, m, n) => {
      const indices = make.zeros([m * n], 'i32');
      const starts = make.zeros([m + 1], 'i32');
      compute.listEvents(indices, starts, activity(make, [m, n]));
      return [indices, starts];
    },
  ],
  eventMatmul: [
    (compute, make, m, n) => {
      const indices = make.zeros([m * PRE], 'i32');
      const starts = make.zeros([m + 1], 'i32');
      compute.listEvents(indices, starts, activity(make, [m, PRE]));
      const matrix = make.float([PRE, n]);
      return [undefined, 1, 0.9].map((beta) => {
        const out = make.float([m, n]);
        compute.eventMatmul(out, indices, matrix, starts, undefined, beta);
        return out;
      });
    },
    ...both((compute, make, m, n, shared) => {
      const synapses = synapsesOf(compute, make, n, shared);
      const indices = make.zeros([m * PRE], 'i32');
      const starts = make.zeros([m + 1], 'i32');
      compute.listEvents(indices, starts, activity(make, [m, PRE]));
      const weights = make.float([synapses.values]);
      return [undefined, 1, 0.9].map((beta) => {
        const out = make.float([m, n]);
        compute.eventMatmul(out, indices, weights, starts, synapses, beta);
        return out;
      });
    }),
  ],
};

const ROWS = 3;

export const eligibilityCases: Cases<EligibilityOperations> = {
  decayOuter: [
    (compute, make, m, n) => {
      const [trace, post] = [make.float([ROWS, m, n]), make.float([ROWS, n])];
      compute.decayOuter(trace, make.float([ROWS, m]), post, 0.9);
      const bias = make.float([ROWS, n]);
      compute.decayOuter(bias, undefined, post, make.float([n], 0, 1));
      return [trace, bias];
    },
    (compute, make, _, n) => {
      const synapses = synapsesOf(compute, make, n);
      const [trace, pre] = [make.float([ROWS, synapses.count]), make.float([ROWS, PRE])];
      compute.decayOuter(trace, pre, make.float([ROWS, n]), make.float([n], 0, 1), synapses);
      compute.decayOuter(trace, pre, make.float([ROWS, n]), 0.5, synapses);
      return [trace];
    },
  ],
  contractTrace: [
    (compute, make, m, n) => {
      const [target, plain] = [make.float([m, n]), make.float([m, n])];
      const [trace, signal] = [make.float([ROWS, m, n]), make.float([ROWS, n])];
      compute.contractTrace(target, trace, signal, -0.3, 0.9);
      compute.contractTrace(plain, trace, signal);
      return [target, plain];
    },
    ...both((compute, make, _, n, shared) => {
      const synapses = synapsesOf(compute, make, n, shared);
      const target = make.float([synapses.values]);
      const trace = make.float([ROWS, synapses.count]);
      compute.contractTrace(target, trace, make.float([ROWS, n]), -0.3, 0.9, synapses);
      return [target];
    }),
  ],
  eligibility: [
    (compute, make, m, n) => {
      const [target, trace] = [make.float([m, n]), make.float([ROWS, m, n])];
      const [pre, post, signal] = [make.float([ROWS, m]), make.float([ROWS, n]), make.float([ROWS, n])];
      compute.eligibility(target, trace, pre, post, 0.9, signal, -0.3, 1);
      compute.eligibility(target, trace, pre, post, make.float([n], 0, 1), signal, 2, 0.5);
      const [bias, biasTrace] = [make.float([n]), make.float([ROWS, n])];
      compute.eligibility(bias, biasTrace, undefined, post, 0.9, signal);
      return [target, trace, bias, biasTrace];
    },
    ...both((compute, make, _, n, shared) => {
      const synapses = synapsesOf(compute, make, n, shared);
      const [target, trace] = [make.float([synapses.values]), make.float([ROWS, synapses.count])];
      const [pre, post, signal] = [make.float([ROWS, PRE]), make.float([ROWS, n]), make.float([ROWS, n])];
      compute.eligibility(target, trace, pre, post, 0.9, signal, -0.3, 1, synapses);
      return [target, trace];
    }),
  ],
};
