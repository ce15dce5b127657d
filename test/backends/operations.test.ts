import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend, provideBlas } from '../../src/backends/open.ts';
import { blasBackend } from '../../src/backends/blas/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import { ACTIVATIONS, OPERATIONS, sizesOf } from '../../src/tensor/index.ts';
import type { Compute, ElementType, Operations, Tensor, Window } from '../../src/tensor/index.ts';

provideBlas(blasBackend);

const BACKENDS = ['wasm', 'blas'] as const;
const SIZES = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33];

/** Arguments are made twice, once on each backend, from the same numbers. */
type Make = (compute: Compute) => {
  float(shape: number[], low?: number, high?: number): Tensor;
  integers(shape: number[], limit: number, type: 'i32' | 'u8', distinct?: boolean): Tensor;
  zeros(shape: number[], type?: ElementType): Tensor;
};

const source =
  (seed: number): Make =>
  (compute) => {
    const draws = new Sequence(stream(seed, 'operands'));
    return {
      float: (shape, low = -1, high = 1) => {
        const tensor = compute.allocate(shape);
        return tensor.set(
          Array.from({ length: tensor.size }, () => Math.fround(low + (high - low) * draws.uniform())),
        );
      },
      integers: (shape, limit, type, distinct = false) => {
        const tensor = compute.allocate(shape, type);
        if (!distinct) return tensor.set(Array.from({ length: tensor.size }, () => draws.below(limit)));
        const all = Int32Array.from({ length: limit }, (_, index) => index);
        draws.shuffle(all);
        return tensor.set(all.subarray(0, tensor.size));
      },
      zeros: (shape, type) => compute.allocate(shape, type ?? compute.backend.float),
    };
  };

/** One call of each operation for a size: the tensors it must leave equal on every backend. */
type Case = (compute: Compute, make: ReturnType<Make>, m: number, n: number) => Tensor[];

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

/** A window over pictures of at least its own size. */
function placed(slide: Slide, m: number, n: number) {
  const its: Window = {
    ...slide,
    channels: 3,
    height: Math.max(m, slide.kernel[0]),
    width: Math.max(n, slide.kernel[1]),
  };
  return { ...sizesOf(its), its };
}

const cases: Record<keyof Operations, Case[]> = {
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
  dotRows: [
    (compute, make, m, n) => {
      const out = make.zeros([m]);
      compute.dotRows(out, make.float([m, n]), make.float([m, n]));
      return [out];
    },
  ],
  crossEntropyRows: [
    (compute, make, m, n) => {
      const out = make.zeros([m]);
      compute.crossEntropyRows(out, make.float([m, n], -5, 5), make.integers([m], n, 'i32'));
      return [out];
    },
  ],
  wrongRows: [
    (compute, make, m, n) => {
      const out = make.zeros([m]);
      compute.wrongRows(out, make.float([m, n]), make.integers([m], n, 'i32'));
      return [out];
    },
  ],
  choose: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      const probabilities = make.float([m, n], -2, 2);
      compute.softmax(probabilities, probabilities);
      compute.choose(out, probabilities, make.float([m], 0, 1));
      return [out];
    },
  ],
  transpose: [
    (compute, make, m, n) => {
      const out = make.zeros([n, m]);
      compute.transpose(out, make.float([m, n]));
      return [out];
    },
  ],
  activate: ACTIVATIONS.flatMap((activation) => [
    (compute: Compute, make: ReturnType<Make>, m: number, n: number) => {
      const out = make.zeros([m, n]);
      compute.activate(out, make.float([m, n], -12, 12), make.float([n]), activation);
      return [out];
    },
    (compute: Compute, make: ReturnType<Make>, m: number, n: number) => {
      const out = make.float([m, n], -2, 2);
      compute.activate(out, out, undefined, activation);
      return [out];
    },
    (compute: Compute, make: ReturnType<Make>, m: number, n: number) => {
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
  sumRows: [0, 0.9].map((beta): Case => (compute, make, m, n) => {
    const out = make.float([n]);
    compute.sumRows(out, make.float([m, n]), -0.1, beta);
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
  dot: [
    (compute, make, m, n) => {
      const out = make.zeros([1], 'f64');
      compute.dot(out, make.float([m, n]), make.float([m, n]));
      return [out];
    },
  ],
  limitRowNorms: [
    (compute, make, m, n) => {
      const weights = make.float([m, n]);
      compute.limitRowNorms(weights, 0.5);
      return [weights];
    },
  ],
  limitColumnNorms: [
    (compute, make, m, n) => {
      const weights = make.float([m, n]);
      compute.limitColumnNorms(weights, 0.5);
      return [weights];
    },
  ],
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
  softmax: [
    (compute, make, m, n) => {
      const out = make.zeros([m, n]);
      compute.softmax(out, make.float([m, n], -30, 30));
      return [out];
    },
  ],
  softmaxCrossEntropy: [
    (compute, make, m, n) => {
      const logits = make.float([m, n], -5, 5);
      const tally = make.zeros([4], 'f64');
      const labels = make.integers([m], n, 'i32');
      compute.softmaxCrossEntropy(logits, tally, logits, labels);
      return [logits, tally];
    },
  ],
  squaredError: [
    (compute, make, m, n) => {
      const error = make.zeros([m, n]);
      const tally = make.zeros([4], 'f64');
      compute.squaredError(error, tally, make.float([m, n]), make.float([m, n]));
      return [error, tally];
    },
  ],
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
  unfold: WINDOWS.map((window): Case => (compute, make, m, n) => {
    const { units, inputs, places, its } = placed(window, m, n);
    const out = make.float([BATCH, inputs, places]);
    compute.unfold(out, make.float([BATCH, units]), its);
    return [out];
  }),
  fold: WINDOWS.map((window, index): Case => (compute, make, m, n) => {
    const { units, inputs, places, its } = placed(window, m, n);
    const out = make.float([BATCH, units]);
    compute.fold(out, make.float([BATCH, inputs, places]), its, [0, 1, -0.5][index % 3]);
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
  maxPool: POOLS.map((window): Case => (compute, make, m, n) => {
    const { units, places, its } = placed(window, m, n);
    const out = make.float([BATCH, its.channels * places]);
    const along = make.float([BATCH, its.channels * places]);
    // Whole numbers tie often: the first of equals wins.
    const by = make.integers([BATCH, units], 5, 'u8').toArray();
    const rates = make.zeros([BATCH, units]).set(by);
    compute.maxPool(out, rates, rates, its);
    compute.maxPool(along, make.float([BATCH, units]), rates, its);
    return [out, along];
  }),
  maxPoolBack: POOLS.map((window): Case => (compute, make, m, n) => {
    const { units, places, its } = placed(window, m, n);
    const out = make.float([BATCH, units]);
    const by = make.integers([BATCH, units], 5, 'u8').toArray();
    const rates = make.zeros([BATCH, units]).set(by);
    compute.maxPoolBack(out, make.float([BATCH, its.channels * places]), rates, its);
    return [out];
  }),
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

let reference: Compute;
beforeAll(async () => {
  reference = await openBackend({ backend: 'reference' });
});
afterAll(() => reference.dispose());

describe.each(BACKENDS)('%s computes what the reference does', (name) => {
  let compute: Compute;
  beforeAll(async () => {
    compute = await openBackend({ backend: name });
  });

  test.each(Object.keys(OPERATIONS) as (keyof Operations)[])('%s, at odd and even sizes', (operation) => {
    // Draws are promised equal to the bit; sums in float32 differ by rounding that grows with their length.
    const exact = operation.startsWith('draw');
    for (const run of cases[operation]) {
      for (const m of operation === 'matmul' ? [1, 2, 5, 16, 33] : SIZES) {
        for (const n of operation === 'matmul' ? [1, 3, 10, 17, 64] : SIZES) {
          const expected = run(reference, source(m * 100 + n)(reference), m, n);
          const actual = run(compute, source(m * 100 + n)(compute), m, n);
          for (const [index, tensor] of actual.entries()) {
            const wanted = (expected[index] as Tensor).toArray();
            const got = tensor.toArray();
            for (const [i, value] of got.entries()) {
              const target = wanted[i] as number;
              if (
                exact
                  ? value !== target
                  : !(
                      Math.abs(value - target) <=
                      4e-6 * (1 + Math.abs(target)) * (operation === 'matmul' ? 6 : 1)
                    )
              ) {
                expect.fail(
                  `${operation} (${m}, ${n}) output ${index} element ${i}: ${value}, reference ${target}`,
                );
              }
            }
          }
        }
      }
    }
  });

  test('a product with beta 0 does not read what was there', () => {
    const out = compute.allocate([3, 5]).set(new Array<number>(15).fill(NaN));
    compute.matmul(out, source(1)(compute).float([3, 4]), source(2)(compute).float([4, 5]));
    expect(out.toArray().every(Number.isFinite)).toBe(true);
  });

  test('a view of rows is written without touching its neighbours', () => {
    for (const columns of [1, 3, 5, 9]) {
      const whole = compute.allocate([4, columns]);
      compute.activate(whole.rowRange(1, 2), source(3)(compute).float([2, columns], 1, 2), undefined, 'relu');
      compute.drawNormal(whole.rowRange(2, 1), 0, 1, stream(1, 'x'), 0);
      expect([...whole.rowRange(0, 1).data, ...whole.rowRange(3, 1).data].every((value) => value === 0)).toBe(
        true,
      );
    }
  });
});
