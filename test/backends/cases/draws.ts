import { stream } from '../../../src/random/index.ts';
import type { DrawOperations } from '../../../src/tensor/draws.ts';
import type { Case, Cases } from './operands.ts';

export const drawCases: Cases<DrawOperations> = {
  drawUniform: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.drawUniform(out, -2, 3, stream(5, 'u'), 2 ** 33 + 7, 11);
      return [out];
    },
  ],
  drawNormal: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.drawNormal(out, 0.1, 2, stream(6, 'n'), 3);
      return [out];
    },
  ],
  drawBernoulli: [0, 0.3, 1].map((probability): Case => (compute, make, m, n) => {
    const out = make.zeros([m, n]);
    compute.drawBernoulli(out, probability, 1.25, stream(7, 'b'), 4);
    return [out];
  }),
};
