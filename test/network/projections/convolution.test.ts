import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../../src/backends/open.ts';
import { Network } from '../../../src/network/index.ts';
import type { ConnectionSpecification, Projection } from '../../../src/network/index.ts';
import { outputShape } from '../../../src/network/projections/connection.ts';
import { Sequence, stream } from '../../../src/random/index.ts';
import type { Compute, Tensor } from '../../../src/tensor/index.ts';

let compute: Compute;
let fast: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
  fast = await openBackend({ backend: 'wasm', threads: 1 });
});
afterAll(() => {
  for (const backend of [compute, fast]) backend.dispose();
});

type Sliding = Extract<ConnectionSpecification, { kernel: unknown }>;
interface Geometry {
  readonly input: readonly [channels: number, height: number, width: number];
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly batch: number;
}

const small = (max: number) => fc.integer({ min: 1, max });
const pairs = (number: fc.Arbitrary<number>) => fc.tuple(number, number);
/** Any kernel, stride and padding that fit the image. */
const geometries: fc.Arbitrary<Geometry> = fc
  .record({
    input: fc.tuple(small(3), small(7), small(7)),
    channels: small(4),
    kernel: pairs(small(4)),
    stride: pairs(small(3)),
    padding: pairs(fc.integer({ min: 0, max: 2 })),
    batch: small(3),
  })
  .filter(({ input: [, height, width], kernel, padding }) => {
    return kernel[0] <= height + 2 * padding[0] && kernel[1] <= width + 2 * padding[1];
  });

const outputOf = ({ input, channels, kernel, stride, padding }: Geometry) =>
  outputShape({ kind: 'convolution', kernel, stride, padding }, input, channels);

/** Builds one projection and the feedback that answers it. */
function projectionOf(
  backend: Compute,
  geometry: Geometry,
  kind: Sliding['kind'],
): [Network, Projection, Projection] {
  const { input, kernel, stride, padding } = geometry;
  const network = new Network(
    backend,
    {
      areas: [
        { id: 'a', shape: input },
        { id: 'b', shape: outputOf(geometry) },
      ],
      projections: [
        { from: 'a', to: 'b', connection: { kind, kernel, stride, padding } },
        { from: 'b', to: 'a', kind: 'feedback', answers: 'a→b', plastic: true },
      ],
      input: 'a',
      objectives: [],
    },
    3,
  );
  return [network, network.projection('a→b'), network.projection('feedback:b→a')];
}

const random = (backend: Compute, shape: readonly number[], seed: number): Tensor => {
  const draws = new Sequence(stream(seed, 'numbers'));
  const tensor = backend.temporary(shape);
  return tensor.set(Array.from({ length: tensor.size }, () => Math.fround(draws.normal())));
};
const inner = (a: Tensor, b: Tensor): number => {
  const other = b.toArray();
  return a.toArray().reduce((sum, value, i) => sum + value * (other[i] as number), 0);
};
const units = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

/** Computes the convolution of the textbook: a loop over positions, channels and inputs of the kernel. */
function convolved(geometry: Geometry, x: number[], w: number[], isLocal: boolean): number[] {
  const [channelsIn, height, width] = geometry.input;
  const [channels, down, right] = outputOf(geometry);
  const out: number[] = [];
  for (let example = 0; example < geometry.batch; example++) {
    for (let c = 0; c < channels; c++) {
      for (let place = 0; place < down * right; place++) {
        let sum = 0;
        for (let i = 0; i < channelsIn * units(geometry.kernel); i++) {
          const [from, ky, kx] = [
            Math.floor(i / units(geometry.kernel)),
            Math.floor(i / geometry.kernel[1]) % geometry.kernel[0],
            i % geometry.kernel[1],
          ];
          const y = Math.floor(place / right) * geometry.stride[0] + ky - geometry.padding[0];
          const column = (place % right) * geometry.stride[1] + kx - geometry.padding[1];
          if (y < 0 || y >= height || column < 0 || column >= width) continue;
          const weight = i * channels + c;
          const value = w[isLocal ? weight * down * right + place : weight] as number;
          sum += value * (x[((example * channelsIn + from) * height + y) * width + column] as number);
        }
        out.push(sum);
      }
    }
  }
  return out;
}

describe.each(['convolution', 'local'] as const)('a %s projection', (kind) => {
  const property = (check: (geometry: Geometry, seed: number) => void) =>
    fc.assert(
      fc.property(geometries, fc.nat(1000), (geometry, seed) => {
        compute.scope(() => fast.scope(() => check(geometry, seed)));
      }),
      { numRuns: 60, seed: 5 },
    );

  test('sends the direct sum over kernels, and adds it to the output for a beta', () => {
    property((geometry, seed) => {
      for (const backend of [compute, fast]) {
        const [network, projection] = projectionOf(backend, geometry, kind);
        const x = random(backend, [geometry.batch, units(geometry.input)], seed);
        const before = random(backend, [geometry.batch, units(outputOf(geometry))], seed + 1);
        const expected = convolved(geometry, x.toArray(), projection.weights.toArray(), kind === 'local');
        const kept = before.toArray();
        const out = backend.temporary(before.shape);
        projection.send(backend, out, x);
        projection.send(backend, before, x, 0.5);
        const [alone, added] = [out.toArray(), before.toArray()];
        for (const [i, value] of expected.entries()) {
          expect(alone[i]).toBeCloseTo(value, 4);
          expect(added[i]).toBeCloseTo(value + 0.5 * (kept[i] as number), 4);
        }
        network.dispose();
      }
    });
  });

  test('sends back with the adjoint, as its feedback does: ⟨Ax, y⟩ = ⟨x, Aᵀy⟩', () => {
    property((geometry, seed) => {
      const [network, projection, feedback] = projectionOf(compute, geometry, kind);
      for (const tested of [projection, feedback]) {
        const x = random(compute, [geometry.batch, tested.from.units], seed);
        const y = random(compute, [geometry.batch, tested.to.units], seed + 1);
        const [ax, aty] = [compute.temporary(y.shape), compute.temporary(x.shape)];
        tested.send(compute, ax, x);
        tested.sendBack(compute, aty, y);
        expect(inner(ax, y)).toBeCloseTo(inner(x, aty), 9);
      }
      network.dispose();
    });
  });

  test('has an outer product that is the adjoint in the weights: ⟨A(V)x, y⟩ = ⟨V, x ⊗ y⟩', () => {
    property((geometry, seed) => {
      const [network, projection, feedback] = projectionOf(compute, geometry, kind);
      for (const tested of [projection, feedback]) {
        const x = random(compute, [geometry.batch, tested.from.units], seed);
        const y = random(compute, [geometry.batch, tested.to.units], seed + 1);
        const v = random(compute, tested.weights.shape, seed + 2);
        const outer = random(compute, tested.weights.shape, seed + 3);
        const before = inner(v, outer);
        const ax = compute.temporary(y.shape);
        tested.send(compute, ax, x, 0, v);
        tested.addOuter(compute, outer, x, y, -2, 0.5);
        expect(inner(v, outer)).toBeCloseTo(-2 * inner(ax, y) + 0.5 * before, 8);
      }
      network.dispose();
    });
  });

  test('has exact feedback that sends what the projection sends back', () => {
    property((geometry, seed) => {
      const [network, projection, feedback] = projectionOf(compute, geometry, kind);
      const y = random(compute, [geometry.batch, projection.to.units], seed);
      const [down, back] = [0, 0].map(() => compute.temporary([geometry.batch, projection.from.units]));
      projection.exactFeedback(compute, feedback.weights);
      feedback.send(compute, down as Tensor, y);
      projection.sendBack(compute, back as Tensor, y);
      expect(down?.toArray()).toEqual(back?.toArray());
      network.dispose();
    });
  });
});

test('a local projection with equal kernels is a convolution, whose gradient is the sum over positions', () => {
  fc.assert(
    fc.property(geometries, fc.nat(1000), (geometry, seed) => {
      compute.scope(() => {
        const [shared, convolution] = projectionOf(compute, geometry, 'convolution');
        const [unshared, local] = projectionOf(compute, geometry, 'local');
        const count = units(outputOf(geometry).slice(1));
        local.weights.set(convolution.weights.toArray().flatMap((w) => new Array<number>(count).fill(w)));
        const x = random(compute, [geometry.batch, units(geometry.input)], seed);
        const y = random(compute, [geometry.batch, units(outputOf(geometry))], seed + 1);
        const sent = [convolution, local].map((projection) => {
          const out = compute.temporary(y.shape);
          projection.send(compute, out, x);
          return out.toArray();
        });
        for (const [i, value] of (sent[0] ?? []).entries()) expect(sent[1]?.[i]).toBeCloseTo(value, 10);
        const [sharedOuter, localOuter] = [convolution, local].map((projection) => {
          const outer = compute.temporary(projection.weights.shape);
          projection.addOuter(compute, outer, x, y, 1, 0);
          return outer.toArray();
        });
        for (const [i, value] of (sharedOuter ?? []).entries()) {
          const sum = localOuter?.slice(i * count, (i + 1) * count).reduce((total, g) => total + g, 0);
          expect(sum).toBeCloseTo(value, 9);
        }
        for (const network of [shared, unshared]) network.dispose();
      });
    }),
    { numRuns: 40, seed: 6 },
  );
});

test('a large batch, which is processed in chunks, gives the same results as single examples', () => {
  const geometry: Geometry = {
    input: [3, 20, 20],
    channels: 4,
    kernel: [5, 5],
    stride: [1, 1],
    padding: [2, 2],
    batch: 11,
  };
  fast.scope(() => {
    const [network, projection, feedback] = projectionOf(fast, geometry, 'convolution');
    for (const tested of [projection, feedback]) {
      const x = random(fast, [geometry.batch, tested.from.units], 1);
      const y = random(fast, [geometry.batch, tested.to.units], 2);
      const [all, single] = [fast.temporary(y.shape), fast.temporary(y.shape)];
      const [batched, separate] = [0, 0].map(() => fast.temporary(tested.weights.shape)) as [Tensor, Tensor];
      tested.send(fast, all, x);
      tested.addOuter(fast, batched, x, y, 0.01, 0);
      for (let row = 0; row < geometry.batch; row++) {
        const [pre, post] = [x.rowRange(row, 1), y.rowRange(row, 1)];
        tested.send(fast, single.rowRange(row, 1), pre);
        tested.addOuter(fast, separate, pre, post, 0.01, row === 0 ? 0 : 1);
      }
      expect(all.toArray()).toEqual(single.toArray());
      const expected = separate.toArray();
      for (const [i, value] of batched.toArray().entries()) expect(value).toBeCloseTo(expected[i] ?? NaN, 4);
    }
    network.dispose();
  });
});

describe('pooling', () => {
  const pooled = (how: 'max' | 'average', geometry: Geometry) => {
    const connection = { kind: 'pooling', how, window: geometry.kernel, stride: geometry.stride } as const;
    return new Network(
      compute,
      {
        areas: [
          { id: 'a', shape: geometry.input },
          { id: 'b', shape: outputShape(connection, geometry.input, geometry.input[0]) },
        ],
        projections: [{ from: 'a', to: 'b', connection }],
        input: 'a',
        objectives: [],
      },
      1,
    );
  };
  const unpadded = geometries.map((geometry): Geometry => {
    const [channels, height, width] = geometry.input;
    const input = [
      channels,
      Math.max(height, geometry.kernel[0]),
      Math.max(width, geometry.kernel[1]),
    ] as const;
    return { ...geometry, padding: [0, 0], input };
  });

  test('has no weights, no bias and no parameters', () => {
    const network = pooled('max', { ...example, kernel: [2, 2], stride: [2, 2] });
    expect(network.parameters).toEqual([]);
    expect(network.tensors().size).toBe(0);
    network.dispose();
  });

  test.each(['max', 'average'] as const)('%s: sends back with the adjoint of its derivative', (how) => {
    fc.assert(
      fc.property(unpadded, fc.nat(1000), (geometry, seed) => {
        compute.scope(() => {
          const network = pooled(how, geometry);
          const projection = network.projection('a→b');
          const sent = random(compute, [geometry.batch, projection.from.units], seed);
          const x = random(compute, sent.shape, seed + 1);
          const y = random(compute, [geometry.batch, projection.to.units], seed + 2);
          const [ax, aty] = [compute.temporary(y.shape), compute.temporary(x.shape)];
          projection.sendTangent(compute, ax, x, 0, sent);
          projection.sendBack(compute, aty, y, 0, { sent });
          expect(inner(ax, y)).toBeCloseTo(inner(x, aty), 9);
          // A maximum is one of the inputs, and both kinds of pooling keep a constant image.
          projection.send(compute, ax, sent);
          const values = new Set(sent.toArray());
          const ones = compute.temporary(sent.shape);
          compute.fill(ones, 1);
          if (how === 'max') expect(ax.toArray().every((value) => values.has(value))).toBe(true);
          const flat = compute.temporary(y.shape);
          projection.send(compute, flat, ones);
          for (const value of flat.toArray()) expect(value).toBeCloseTo(1, 12);
          network.dispose();
        });
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  const example: Geometry = {
    input: [1, 4, 4],
    channels: 1,
    kernel: [2, 2],
    stride: [2, 2],
    padding: [0, 0],
    batch: 1,
  };
  test('takes the maximum or the mean, and routes errors to the first of equal maxima', () => {
    const image = [1, 5, 0, 0, 2, 3, 0, 0, -4, -3, 7, 7, -2, -1, 7, 7];
    compute.scope(() => {
      const x = compute.temporary([1, 16]).set(image);
      const y = compute.temporary([1, 4]);
      const back = compute.temporary([1, 16]);
      const network = pooled('max', example);
      network.projection('a→b').send(compute, y, x);
      expect(y.toArray()).toEqual([5, 0, -1, 7]);
      network.projection('a→b').sendBack(compute, back, y.set([1, 2, 3, 4]), 0, { sent: x });
      expect(back.toArray()).toEqual([0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 3, 0, 0]);
      network.dispose();
      const mean = pooled('average', example);
      mean.projection('a→b').send(compute, y, x);
      expect(y.toArray()).toEqual([2.75, 0, -2.5, 7]);
      mean.dispose();
    });
  });
});
