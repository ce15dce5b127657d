import type { Heap } from '../../tensor/heap.ts';
import type { Kernels } from '../../tensor/kernels.ts';
import type { SparseKernels, SynapseArguments } from '../../tensor/sparse/sparse-kernels.ts';

/** Sparse projections and eligibility traces in f64. */
export function sparseKernels(heap: Heap): Pick<Kernels, keyof SparseKernels> {
  const at = (offset: number) => offset / 8;
  const get = (address: number, index: number) => heap.f64[at(address) + index] as number;
  const integer = (address: number, index: number) => heap.i32[address / 4 + index] as number;

  /** Calls `visit` for every synapse, by postsynaptic unit. */
  const each = (
    [starts, sources, elements, , , , , postUnits]: SynapseArguments,
    visit: (pre: number, post: number, value: number, synapse: number) => void,
  ): void => {
    for (let post = 0; post < postUnits; post++) {
      for (let synapse = integer(starts, post); synapse < integer(starts, post + 1); synapse++) {
        const value = elements === 0 ? synapse : integer(elements, synapse);
        visit(integer(sources, synapse) / 4, post, value, synapse);
      }
    }
  };

  /** out ← alpha · sums + beta · out. */
  const write = (out: number, sums: Float64Array, alpha: number, beta: number): void => {
    for (const [index, sum] of sums.entries()) {
      heap.f64[at(out) + index] = alpha * sum + (beta === 0 ? 0 : beta * get(out, index));
    }
  };

  return {
    sparseMatmul(out, a, values, batch, transposed, alpha, beta, ...synapses) {
      const [, , , , , , preUnits, postUnits] = synapses;
      const [from, to] = transposed ? [postUnits, preUnits] : [preUnits, postUnits];
      const sums = new Float64Array(batch * to);
      each(synapses, (pre, post, value) => {
        const [source, target] = transposed ? [post, pre] : [pre, post];
        for (let row = 0; row < batch; row++) {
          const index = row * to + target;
          sums[index] = (sums[index] as number) + get(a, row * from + source) * get(values, value);
        }
      });
      write(out, sums, alpha, beta);
    },

    sparseOuter(out, a, b, batch, alpha, beta, ...synapses) {
      const [, , , , , , preUnits, postUnits, , values] = synapses;
      const sums = new Float64Array(values);
      each(synapses, (pre, post, value) => {
        for (let row = 0; row < batch; row++) {
          const product = get(a, row * preUnits + pre) * get(b, row * postUnits + post);
          sums[value] = (sums[value] as number) + product;
        }
      });
      write(out, sums, alpha, beta);
    },

    sparseScale(out, a, unit, presynaptic, alpha, beta, ...synapses) {
      const sums = new Float64Array(synapses[9]);
      each(synapses, (pre, post, value) => {
        sums[value] = (sums[value] as number) + get(unit, presynaptic ? pre : post);
      });
      for (const [value, sum] of sums.entries()) sums[value] = get(a, value) * sum;
      write(out, sums, alpha, beta);
    },

    limitSparseNorms(values, outgoing, limit, ...synapses) {
      const squares = new Float64Array(outgoing ? synapses[6] : synapses[7]);
      each(synapses, (pre, post, value) => {
        const unit = outgoing ? pre : post;
        squares[unit] = (squares[unit] as number) + get(values, value) ** 2;
      });
      each(synapses, (pre, post, value) => {
        const norm = Math.sqrt(squares[outgoing ? pre : post] as number);
        if (norm > limit) heap.f64[at(values) + value] = get(values, value) * (limit / norm);
      });
    },

    listEvents(indices, starts, a, rows, columns) {
      let count = 0;
      for (let row = 0; row < rows; row++) {
        heap.i32[starts / 4 + row] = count;
        for (let column = 0; column < columns; column++) {
          if (get(a, row * columns + column) !== 0) heap.i32[indices / 4 + count++] = column;
        }
      }
      heap.i32[starts / 4 + rows] = count;
    },

    eventMatmul(out, indices, values, eventStarts, rows, beta, ...synapses) {
      const [, , , starts, targets, elements, , postUnits] = synapses;
      const sums = new Float64Array(rows * postUnits);
      for (let row = 0; row < rows; row++) {
        for (let event = integer(eventStarts, row); event < integer(eventStarts, row + 1); event++) {
          const unit = integer(indices, event);
          if (starts === 0) {
            for (let post = 0; post < postUnits; post++) {
              const index = row * postUnits + post;
              sums[index] = (sums[index] as number) + get(values, unit * postUnits + post);
            }
            continue;
          }
          for (let s = integer(starts, unit); s < integer(starts, unit + 1); s++) {
            const index = row * postUnits + integer(targets, s) / 4;
            sums[index] = (sums[index] as number) + get(values, integer(elements, s));
          }
        }
      }
      write(out, sums, 1, beta);
    },

    decayOuter(trace, pre, post, decay, decays, rows, preUnits, postUnits) {
      for (let index = 0; index < rows * preUnits * postUnits; index++) {
        const unit = index % postUnits;
        const before = Math.floor(index / postUnits);
        const row = Math.floor(before / preUnits);
        const kept = (decays === 0 ? decay : get(decays, unit)) * get(trace, index);
        const product = (pre === 0 ? 1 : get(pre, before)) * get(post, row * postUnits + unit);
        heap.f64[at(trace) + index] = kept + product;
      }
    },

    contractTrace(target, trace, signal, rows, preUnits, postUnits, alpha, beta) {
      const sums = new Float64Array(preUnits * postUnits);
      for (let row = 0; row < rows; row++) {
        for (const [index, sum] of sums.entries()) {
          const product =
            get(trace, row * sums.length + index) * get(signal, row * postUnits + (index % postUnits));
          sums[index] = sum + product;
        }
      }
      write(target, sums, alpha, beta);
    },

    eligibility(target, signal, alpha, beta, ...changed) {
      const [trace, , , , , rows, preUnits, postUnits] = changed;
      this.decayOuter(...changed);
      this.contractTrace(target, trace, signal, rows, preUnits, postUnits, alpha, beta);
    },

    sparseDecayOuter(trace, pre, post, decay, decays, rows, ...synapses) {
      const [, , , , , , preUnits, postUnits, count] = synapses;
      each(synapses, (source, target, _, synapse) => {
        const factor = decays === 0 ? decay : get(decays, target);
        for (let row = 0; row < rows; row++) {
          const product = get(pre, row * preUnits + source) * get(post, row * postUnits + target);
          const index = row * count + synapse;
          heap.f64[at(trace) + index] = factor * get(trace, index) + product;
        }
      });
    },

    sparseEligibility(target, signal, alpha, beta, trace, pre, post, decay, decays, rows, ...synapses) {
      this.sparseDecayOuter(trace, pre, post, decay, decays, rows, ...synapses);
      this.sparseContractTrace(target, trace, signal, rows, alpha, beta, ...synapses);
    },

    sparseContractTrace(target, trace, signal, rows, alpha, beta, ...synapses) {
      const [, , , , , , , postUnits, count, values] = synapses;
      const sums = new Float64Array(values);
      each(synapses, (_, post, value, synapse) => {
        for (let row = 0; row < rows; row++) {
          const product = get(trace, row * count + synapse) * get(signal, row * postUnits + post);
          sums[value] = (sums[value] as number) + product;
        }
      });
      write(target, sums, alpha, beta);
    },
  };
}
