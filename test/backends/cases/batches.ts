import type { BatchOperations } from '../../../src/tensor/batches.ts';
import type { Cases } from './operands.ts';

export const batchCases: Cases<BatchOperations> = {
  gatherRows: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.gatherRows(out, make.integers([9, n], 256, 'u8'), make.integers([m], 9, 'i32'), 1 / 255);
      return [out];
    },
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.gatherRows(out, make.float([9, n]), make.integers([m], 9, 'i32'), 2);
      return [out];
    },
  ],
  scatterRows: [
    (compute, make, m, n) => {
      const data = make.float([m + 3, n]);
      compute.scatterRows(data, make.float([m, n]), make.integers([m], m + 3, 'i32', true));
      return [data];
    },
  ],
  gatherLabels: [
    (compute, make, m) => {
      const out = make.zeros([m], 'i32');
      compute.gatherLabels(out, make.integers([20], 10, 'u8'), make.integers([m], 20, 'i32'));
      return [out];
    },
  ],
  oneHot: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      compute.oneHot(out, make.integers([m], n, 'i32'));
      return [out];
    },
  ],
};
