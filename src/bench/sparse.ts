/** Sparse products beside products of the masked matrix, and eligibility in one pass beside compositions of operations. */
import { Network } from '../network/network.ts';
import { stack } from '../network/specification.ts';
import { stream } from '../random/stream.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { fraction } from './own.ts';
import type { Way } from './rounds.ts';

/** A product of a batch with the weights of a projection, and how they are stored. */
export interface SparseWork {
  readonly units: number;
  readonly density: number;
  readonly batch: number;
  readonly storage: 'dense' | 'sparse';
}

/**
 * Returns a product with the weights of a projection of low density, and the number of weights that are stored. The
 * activity has no zeros.
 */
export function sparseProduct(compute: Compute, work: SparseWork): Way & { readonly synapses: number } {
  const { units, density, batch, storage } = work;
  const layers = [units, units];
  const network = new Network(
    compute,
    stack({ layers, activation: 'tanh', objective: 'squared-error', density, storage }),
    1,
  );
  const projection = network.projection('input→output');
  const [activity, out] = [compute.allocate([batch, units]), compute.allocate([batch, units])];
  for (let i = 0; i < activity.size; i++) activity.data[i] = fraction(i) + 0.1;
  return {
    synapses: projection.weights.size,
    step: () => projection.send(compute, out, activity),
  };
}

/** The ways to store the weights within a radius on a sheet. */
export const LATERAL_STORAGES = ['matrix', 'synapses', 'one kernel'] as const;

/** Returns a product of one row with lateral weights within a radius of 10 units on a periodic sheet of 100 × 100. */
export function lateralProduct(
  compute: Compute,
  storage: (typeof LATERAL_STORAGES)[number],
): Way & { readonly synapses: number } {
  const shape = [100, 100];
  const connection = { kind: 'distance', radius: 0.1, shared: storage === 'one kernel' } as const;
  const network = new Network(
    compute,
    {
      areas: [{ id: 'sheet', shape, sheet: { periodic: true } }],
      projections: [{ from: 'sheet', to: 'sheet', kind: 'lateral', connection }],
      input: 'sheet',
      objectives: [],
    },
    1,
  );
  const projection = network.projection('lateral:sheet→sheet');
  const { units } = projection.from;
  const [activity, out] = [compute.allocate([1, units]), compute.allocate([1, units])];
  for (let i = 0; i < activity.size; i++) activity.data[i] = fraction(i) + 0.1;
  const synapses = projection.weights.size * projection.sharing;
  if (storage !== 'matrix') return { synapses, step: () => projection.send(compute, out, activity) };
  // Which weights a matrix holds makes no difference to the time of its product.
  network.dispose();
  const matrix = compute.allocate([units, units]);
  compute.fill(matrix, 0.01);
  return { synapses, step: () => compute.matmul(out, activity, matrix) };
}

/** The ways to write one update by eligibility: the fused operation, an operation a symbol, and the fewest operations. */
export const ELIGIBILITY_WAYS = ['one pass', 'plainly', 'in place'] as const;

/** Traces of a batch, and how their update is written. */
export interface EligibilityWork {
  readonly batch: number;
  readonly units: number;
  readonly written: (typeof ELIGIBILITY_WAYS)[number];
}

const DECAY = 0.9;
const RATE = 0.01;

/** Returns an update of traces (batch, units, units) and of the sum of traces times a signal. */
export function eligibilityUpdate(
  compute: Compute,
  { batch, units, written }: EligibilityWork,
): Way & { readonly target: Tensor } {
  const draw = (shape: readonly number[], name: string) => {
    const tensor = compute.allocate(shape);
    compute.drawUniform(tensor, -1, 1, stream(1, name), 0);
    return tensor;
  };
  const pre = draw([batch, units], 'pre');
  const post = draw([batch, units], 'post');
  const signal = draw([batch, units], 'signal');
  const trace = compute.allocate([batch, units, units]);
  const target = compute.allocate([units, units]);
  const [product, weighed] = [compute.allocate([units, units]), compute.allocate([units, units])];
  const rows = Array.from({ length: batch }, (_, row) => ({
    trace: trace
      .reshape([batch, units * units])
      .rowRange(row, 1)
      .reshape([units, units]),
    pre: pre.rowRange(row, 1),
    post: post.rowRange(row, 1),
    signal: signal.rowRange(row, 1).reshape([units]),
  }));
  const steps: Record<EligibilityWork['written'], () => void> = {
    'one pass': () => compute.eligibility(target, trace, pre, post, DECAY, signal, RATE, 1),
    plainly: () => {
      for (const row of rows) {
        compute.scale(row.trace, row.trace, DECAY);
        compute.matmul(product, row.pre, row.post, { transposeA: true });
        compute.add(row.trace, row.trace, product);
        compute.scaleColumns(weighed, row.trace, row.signal);
        compute.addScaled(target, weighed, RATE);
      }
    },
    'in place': () => {
      for (const row of rows) {
        compute.matmul(row.trace, row.pre, row.post, { transposeA: true, beta: DECAY });
        compute.scaleColumns(target, row.trace, row.signal, RATE, 1);
      }
    },
  };
  return { target, step: steps[written] };
}
