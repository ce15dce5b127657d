import { sizesOf } from '../../../src/tensor/index.ts';
import type { Window } from '../../../src/tensor/index.ts';
import type { SpatialOperations } from '../../../src/tensor/spatial/spatial.ts';
import type { Case, Cases } from './operands.ts';

const BATCH = 2;
type Slide = Pick<Window, 'kernel' | 'stride' | 'padding'>;
const POOLS: Slide[] = [
  { kernel: [2, 2], stride: [2, 2], padding: [0, 0] },
  { kernel: [3, 2], stride: [1, 3], padding: [0, 0] },
  { kernel: [1, 1], stride: [1, 1], padding: [0, 0] },
];
const WINDOWS: Slide[] = [
  ...POOLS,
  { kernel: [3, 3], stride: [1, 1], padding: [1, 1] },
  { kernel: [2, 5], stride: [3, 2], padding: [0, 4] },
  { kernel: [5, 1], stride: [1, 1], padding: [4, 0] },
];

/** Returns a window over pictures of m × n pixels, or larger if the kernel needs it, and their sizes. */
function placed(slide: Slide, m: number, n: number) {
  const window: Window = {
    ...slide,
    channels: 3,
    height: Math.max(m, slide.kernel[0]),
    width: Math.max(n, slide.kernel[1]),
  };
  return { ...sizesOf(window), window };
}

export const spatialCases: Cases<SpatialOperations> = {
  unfold: WINDOWS.map((slide): Case => (compute, make, m, n) => {
    const { units, inputs, places, window } = placed(slide, m, n);
    const out = make.float([BATCH, inputs, places]);
    compute.unfold(out, make.float([BATCH, units]), window);
    return [out];
  }),
  fold: WINDOWS.map((slide, index): Case => (compute, make, m, n) => {
    const { units, inputs, places, window } = placed(slide, m, n);
    const out = make.float([BATCH, units]);
    compute.fold(out, make.float([BATCH, inputs, places]), window, [0, 1, -0.5][index % 3]);
    return [out];
  }),
  matmulChannels: [false, true].flatMap((transposeB) =>
    [false, true].flatMap((isLocal) =>
      [0, 1, -0.5].map((beta): Case => (compute, make, m, n) => {
        const [k, places] = [5, isLocal ? [n] : []];
        const out = make.float([m % 7, 3, n]);
        const b = make.float([...(transposeB ? [3, k] : [k, 3]), ...places]);
        compute.matmulChannels(out, make.float([m % 7, k, n]), b, { transposeB, alpha: -1.5, beta });
        return [out];
      }),
    ),
  ),
  outerChannels: [false, true].flatMap((isLocal) =>
    [0, 1, -0.5].map((beta): Case => (compute, make, m, n) => {
      const out = make.float([5, 3, ...(isLocal ? [n] : [])]);
      compute.outerChannels(out, make.float([m, 5, n]), make.float([m, 3, n]), -0.1, beta);
      return [out];
    }),
  ),
  sumChannels: [0, 0.9].map((beta): Case => (compute, make, m, n) => {
    const out = make.float([3]);
    compute.sumChannels(out, make.float([m, 3 * n]), -0.1, beta);
    return [out];
  }),
  maxPool: POOLS.map((slide): Case => (compute, make, m, n) => {
    const { units, places, window } = placed(slide, m, n);
    const out = make.float([BATCH, window.channels * places]);
    const along = make.float([BATCH, window.channels * places]);
    // Small integers often tie: the first of equals wins.
    const by = make.integers([BATCH, units], 5, 'u8').toArray();
    const rates = make.zeros([BATCH, units]).set(by);
    compute.maxPool(out, rates, rates, window);
    compute.maxPool(along, make.float([BATCH, units]), rates, window);
    return [out, along];
  }),
  maxPoolBack: POOLS.map((slide): Case => (compute, make, m, n) => {
    const { units, places, window } = placed(slide, m, n);
    const out = make.float([BATCH, units]);
    const by = make.integers([BATCH, units], 5, 'u8').toArray();
    const rates = make.zeros([BATCH, units]).set(by);
    compute.maxPoolBack(out, make.float([BATCH, window.channels * places]), rates, window);
    return [out];
  }),
};
