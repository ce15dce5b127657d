import { stream } from '../../../src/random/index.ts';
import { ACTIVATIONS } from '../../../src/tensor/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import type { UnitOperations } from '../../../src/tensor/units.ts';
import type { Case, Cases, Operands } from './operands.ts';

export const unitCases: Cases<UnitOperations> = {
  activate: ACTIVATIONS.flatMap((activation) => [
    (compute: Compute, make: Operands, m: number, n: number) => {
      const out = make.zeros([m, n]);
      compute.activate(out, make.float([m, n], -12, 12), make.float([n]), activation);
      return [out];
    },
    (compute: Compute, make: Operands, m: number, n: number) => {
      const out = make.float([m, n], -2, 2);
      compute.activate(out, out, undefined, activation);
      return [out];
    },
    (compute: Compute, make: Operands, m: number, n: number) => {
      const out = make.float([m, 3 * n], -2, 2);
      compute.activate(out, out, make.float([3]), activation);
      return [out];
    },
  ]),
  multiplyBySlope: ACTIVATIONS.flatMap((activation) =>
    [true, false].map((withGain): Case => (compute, make, m, n) => {
      const a = make.float([m, n]);
      const rate = make.float([m, n], 0, 0.999);
      const gain = make.float([m, n], 0, 2);
      compute.multiplyBySlope(a, a, rate, withGain ? gain : undefined, activation);
      return [a];
    }),
  ),
  relax: ACTIVATIONS.flatMap((activation) => {
    const isOwnRate = activation === 'linear' || activation === 'relu' || activation === 'hard-sigmoid';
    return (isOwnRate ? [true, false] : [false]).map((together): Case => (compute, make, m, n) => {
      const state = make.float([m, n], 0, 1);
      const rate = together ? state : make.zeros([m, n]);
      compute.relax(state, rate, make.float([m, n], -3, 3), make.float([m, n]), 0.5, activation);
      return [state, rate];
    });
  }),
  fire: [true, false].map((withBias): Case => (compute, make, m, n) => {
    const drawn = make.zeros([m, n]);
    const rate = make.float([m, n], -3, 3);
    const bias = withBias ? make.float([n]) : undefined;
    compute.fire(drawn, rate, rate, bias, 0.5, stream(3, 'units'), 7, 2);
    return [drawn, rate];
  }),
  sweep: [true, false].map((draws): Case => (compute, make, m, n) => {
    const state = make.float([m, n], 0, 1);
    const weights = make.float([n, n]);
    const uniform = make.float([m, n], 0, 1);
    compute.sweep(state, make.float([m, n]), weights, draws ? uniform : undefined, 0.5);
    return [state];
  }),
};
