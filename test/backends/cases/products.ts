import type { ProductOperations } from '../../../src/tensor/products.ts';
import type { Case, Cases } from './operands.ts';

export const productCases: Cases<ProductOperations> = {
  matmul: [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) =>
      [1, 3, 8, 37, 300].flatMap((k) =>
        [0, 1, -0.5].map((beta): Case => (compute, make, m, n) => {
          const out = make.float([m, n]);
          const a = make.float(transposeA ? [k, m] : [m, k]);
          const b = make.float(transposeB ? [n, k] : [k, n]);
          compute.matmul(out, a, b, { transposeA, transposeB, alpha: -1.5, beta });
          return [out];
        }),
      ),
    ),
  ),
  momentumStep: [false, true].flatMap((nesterov) =>
    [0, 0.01].flatMap((decay) =>
      [1, 2, 9].map((batch): Case => (compute, make, m, n) => {
        const weights = make.float([m, n]);
        const velocity = make.float([m, n]);
        compute.momentumStep(
          weights,
          velocity,
          make.float([batch, m]),
          make.float([batch, n]),
          0.1,
          0.9,
          decay,
          nesterov,
        );
        return [weights, velocity];
      }),
    ),
  ),
  rmspropStep: [
    (compute, make, m, n) => {
      const weights = make.float([m, n]);
      const meanSquare = make.float([m, n], 0, 1);
      compute.rmspropStep(weights, meanSquare, make.float([m, n]), 0.01, 0.9, 1e-6);
      return [weights, meanSquare];
    },
  ],
  adamStep: [
    (compute, make, m, n) => {
      const weights = make.float([m, n]);
      const mean = make.float([m, n]);
      const meanSquare = make.float([m, n], 0, 1);
      compute.adamStep(weights, mean, meanSquare, make.float([m, n]), 0.01, 0.9, 0.999, 1e-6, 3);
      return [weights, mean, meanSquare];
    },
  ],
};
