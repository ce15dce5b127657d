import type { RowAndColumnOperations } from '../../../src/tensor/rows-and-columns.ts';
import type { Case, Cases } from './operands.ts';

export const rowAndColumnCases: Cases<RowAndColumnOperations> = {
  transpose: [
    (compute, make, m, n) => {
      const out = make.zeros([n, m]);
      compute.transpose(out, make.float([m, n]));
      return [out];
    },
  ],
  gatherColumns: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      const columns = make.integers([n], 9, 'i32');
      columns.data[n - 1] = -1;
      compute.gatherColumns(out, make.float([m, 9]), columns);
      return [out];
    },
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      const columns = make.integers([m, n], 7, 'i32');
      columns.data[0] = -1;
      compute.gatherColumns(out, make.float([m, 7]), columns);
      return [out];
    },
  ],
  addRow: [undefined, -0.5].map((scale): Case => (compute, make, m, n) => {
    const out = make.zeros([m, n]);
    compute.addRow(out, make.float([m, n]), make.float([n]), scale);
    return [out];
  }),
  addColumn: [undefined, -0.5].map((scale): Case => (compute, make, m, n) => {
    const out = make.float([m, n]);
    compute.addColumn(out, out, make.float([m]), scale);
    return [out];
  }),
  scaleColumns: [0, 1].map((beta): Case => (compute, make, m, n) => {
    const out = make.float([m, n]);
    compute.scaleColumns(out, make.float([m, n]), make.float([n]), 0.7, beta);
    return [out];
  }),
  scaleRows: [0, 1].map((beta): Case => (compute, make, m, n) => {
    const out = make.float([m, n]);
    compute.scaleRows(out, make.float([m, n]), make.float([m]), 0.7, beta);
    return [out];
  }),
  sumRows: [0, 0.9].map((beta): Case => (compute, make, m, n) => {
    const out = make.float([n]);
    compute.sumRows(out, make.float([m, n]), -0.1, beta);
    return [out];
  }),
  sumColumns: [undefined, 0.9].map((beta): Case => (compute, make, m, n) => {
    const out = make.float([m]);
    compute.sumColumns(out, make.float([m, n]), -0.1, beta);
    return [out];
  }),
  maxRows: [
    (compute, make, m, n) => {
      const out = make.zeros([n]);
      compute.maxRows(out, make.float([m, n]));
      return [out];
    },
  ],
  maxColumns: [
    (compute, make, m, n) => {
      const out = make.zeros([m]);
      compute.maxColumns(out, make.float([m, n]));
      return [out];
    },
  ],
  dot: [
    (compute, make, m, n) => {
      const out = make.zeros([1], 'f64');
      compute.dot(out, make.float([m, n]), make.float([m, n]));
      return [out];
    },
  ],
  dotRows: [
    (compute, make, m, n) => {
      const out = make.zeros([m]);
      compute.dotRows(out, make.float([m, n]), make.float([m, n]));
      return [out];
    },
  ],
  limitColumnNorms: [
    (compute, make, m, n) => {
      const weights = make.float([m, n]);
      compute.limitColumnNorms(weights, 0.5);
      return [weights];
    },
  ],
  limitRowNorms: [
    (compute, make, m, n) => {
      const weights = make.float([m, n]);
      compute.limitRowNorms(weights, 0.5);
      return [weights];
    },
  ],
};
