import type { ElementwiseOperations } from '../../../src/tensor/elementwise.ts';
import type { Case, Cases } from './operands.ts';

export const elementwiseCases: Cases<ElementwiseOperations> = {
  fill: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      compute.fill(out, 0.25);
      return [out];
    },
  ],
  copy: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.copy(out, make.float([m, n]));
      return [out];
    },
  ],
  combine: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      const b = make.float([m, n]);
      compute.combine(out, out, b, 0.5, -2);
      compute.combine(b, b, out, 3, 0);
      return [out, b];
    },
  ],
  add: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      compute.add(out, out, make.float([m, n]));
      return [out];
    },
  ],
  subtract: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.subtract(out, make.float([m, n]), make.float([m, n]));
      return [out];
    },
  ],
  addScaled: [0, -0.7].map((scale): Case => (compute, make, m, n) => {
    const out = make.float([m, n]);
    compute.addScaled(out, make.float([m, n]), scale);
    return [out];
  }),
  scale: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      compute.scale(out, out, -0.3);
      return [out];
    },
  ],
  multiply: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      compute.multiply(out, out, make.float([m, n]));
      return [out];
    },
  ],
  divide: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      compute.divide(out, out, make.float([m, n], 0.5, 2));
      return [out];
    },
  ],
  exp: [
    (compute, make, m, n) => {
      const out = make.float([m, n], -10, 2);
      compute.exp(out, out);
      return [out];
    },
  ],
  log: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.log(out, make.float([m, n], 0.01, 9));
      return [out];
    },
  ],
  sqrt: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.sqrt(out, make.float([m, n], 0, 9));
      return [out];
    },
  ],
  abs: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      compute.abs(out, out);
      return [out];
    },
  ],
  clip: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      compute.clip(out, out, -0.25, 0.5);
      return [out];
    },
  ],
  below: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      compute.below(out, out, make.float([m, n]));
      return [out];
    },
  ],
  multiplyBySign: [
    (compute, make, m, n) => {
      const out = make.float([m, n]);
      const signs = make.float([m, n]);
      signs.data[0] = 0;
      compute.multiplyBySign(out, out, signs);
      return [out];
    },
  ],
};
