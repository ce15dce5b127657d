import type { ElementwiseOperations } from '../../../src/tensor/elementwise.ts';
import type { Cases } from './operands.ts';

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
