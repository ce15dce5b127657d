/**
 * The division of kernels into shares for threads. Every element of a result is computed in the same way whatever the
 * cut (assembly/matmul.ts explains this for products), so the number of threads changes no bit. Reductions over rows or
 * over all elements (dot, sumRows, maxRows, norms, the tally) are not cut: sums would change their order, and all are
 * short.
 */
import type { Pool } from './pool.ts';

type Kernel = (...values: number[]) => void;

/**
 * A cut along the argument `extent`, which counts rows of `columns` elements, or elements if `columns` is absent. All
 * fields but `from` and `rowsOf` are positions of arguments. In a share that begins at row r, `byRow` arguments are
 * moved by r rows of floats, `byElement` arguments by r floats, and `byOne` arguments by r.
 */
interface Cut {
  readonly extent: number;
  readonly columns?: number;
  readonly byRow?: readonly number[];
  readonly byElement?: readonly number[];
  readonly byOne?: readonly number[];
  /** For operands whose rows differ in length: floats by which each argument moves per row, and the work per row. */
  readonly rowsOf?: (values: readonly number[]) => Rows;
  /** The argument that is the thread's own workspace. */
  readonly workspace?: number;
  /** Number of elements from which threads pay: see below. */
  readonly from: number;
}

interface Rows {
  readonly floats: Readonly<Record<number, number>>;
  readonly elements: number;
}

/**
 * Rows of pooling and unfolding. A row is one picture: height × width floats at the arguments `large`, and at `small` the
 * places, once or (`pictures`) for each input of the kernel.
 */
const planes =
  (large: readonly number[], small: readonly number[], firstOfWindow: number, pictures: boolean) =>
  (values: readonly number[]): Rows => {
    const at = (index: number) => values[firstOfWindow + index] as number;
    const down = Math.floor((at(0) + 2 * at(6) - at(2)) / at(4)) + 1;
    const right = Math.floor((at(1) + 2 * at(7) - at(3)) / at(5)) + 1;
    const plane = at(0) * at(1);
    const places = down * right * (pictures ? at(2) * at(3) : 1);
    const floats = [...large.map((i) => [i, plane]), ...small.map((i) => [i, places])];
    return {
      floats: Object.fromEntries(floats) as Record<number, number>,
      elements: Math.max(plane, places),
    };
  };

/** Rows of products over channels. A row is one example: k channels at argument 1 and n channels at argument 0. */
const examples = (values: readonly number[]): Rows => {
  const [, , , , k = 0, n = 0, places = 0] = values;
  return { floats: { 0: n * places, 1: k * places }, elements: k * n * places };
};

/** Rows of outer products over channels. A row is the weights of one input: only the number of the row moves. */
const synapses = (values: readonly number[]): Rows => {
  const [, , , batch = 0, , n = 0, places = 0] = values;
  return { floats: {}, elements: batch * n * places };
};

/**
 * Elements from which two threads were clearly faster, measured on two cores with awake workers: 10 instead of 17 µs for
 * a product of 65 536 elements, 8 instead of 13 µs for an Adam step of 16 384. Below, the handover (1 to 2 µs, and far
 * more if a worker sleeps) costs more than the second thread gains.
 */
const PASS = 65_536;
const COSTLY = 16_384;

/**
 * Multiply–accumulates from which a product is cut: 16 instead of 19 µs for 64 × 80 × 80. A product with a vector is
 * bound by memory and counts eight times.
 */
const PRODUCT = 400_000;
const MEMORY_BOUND = 8;

/** Synapses of a product with one row from which a second thread pays; of a block of rows, synapses · rows. */
const SYNAPSES = 50_000;
const SYNAPSES_OF_ROWS = 200_000;

/** Cuts by the name of the exported kernel. */
export const CUTS: Readonly<Record<string, Cut>> = {
  momentumOuterStep: { extent: 4, columns: 5, byRow: [0, 1], byElement: [2], from: PASS },
  rmspropStep: { extent: 3, byElement: [0, 1, 2], from: COSTLY },
  adamStep: { extent: 4, byElement: [0, 1, 2, 3], from: COSTLY },
  fill: { extent: 1, byElement: [0], from: PASS },
  combine: { extent: 3, byElement: [0, 1, 2], from: PASS },
  multiply: { extent: 3, byElement: [0, 1, 2], from: PASS },
  divide: { extent: 3, byElement: [0, 1, 2], from: PASS },
  exp: { extent: 2, byElement: [0, 1], from: COSTLY },
  log: { extent: 2, byElement: [0, 1], from: COSTLY },
  sqrt: { extent: 2, byElement: [0, 1], from: PASS },
  abs: { extent: 2, byElement: [0, 1], from: PASS },
  clip: { extent: 2, byElement: [0, 1], from: PASS },
  multiplyBySign: { extent: 3, byElement: [0, 1, 2], from: PASS },
  activate: { extent: 3, columns: 4, byRow: [0, 1], from: COSTLY },
  multiplyBySlope: { extent: 4, byElement: [0, 1, 2, 3], from: PASS },
  relax: { extent: 4, byElement: [0, 1, 2, 3], from: PASS },
  fire: { extent: 4, columns: 5, byRow: [0, 1, 2], byOne: [11], from: COSTLY },
  sweep: {
    extent: 4,
    rowsOf: ([, , , uniform = 0, , units = 0]) => ({
      floats: { 0: units, 1: units, ...(uniform === 0 ? {} : { 3: units }) },
      elements: units * units,
    }),
    from: COSTLY,
  },
  addRow: { extent: 3, columns: 4, byRow: [0, 1], from: PASS },
  addColumn: { extent: 3, columns: 4, byRow: [0, 1], byElement: [2], from: PASS },
  scaleColumns: { extent: 3, columns: 4, byRow: [0, 1], from: PASS },
  scaleRows: { extent: 3, columns: 4, byRow: [0, 1], byElement: [2], from: PASS },
  sumColumns: { extent: 2, columns: 3, byRow: [1], byElement: [0], from: PASS },
  maxColumns: { extent: 2, columns: 3, byRow: [1], byElement: [0], from: PASS },
  gatherBytes: { extent: 3, columns: 4, byRow: [0], byElement: [2], from: PASS },
  gatherFloats: { extent: 3, columns: 4, byRow: [0], byElement: [2], from: PASS },
  gatherColumns: {
    extent: 3,
    rowsOf: ([, , , , columns = 0, width = 0, perRow]) => ({
      floats: { 0: columns, 1: width, ...(perRow ? { 2: columns } : {}) },
      elements: columns,
    }),
    from: PASS,
  },
  activateChannels: {
    extent: 3,
    rowsOf: ([, , , , channels = 0, places = 0]) => {
      const elements = channels * places;
      return { floats: { 0: elements, 1: elements }, elements };
    },
    from: COSTLY,
  },
  unfold: { extent: 2, rowsOf: planes([1], [0], 3, true), from: PASS },
  fold: { extent: 2, rowsOf: planes([0], [1], 3, true), from: PASS },
  maxPool: { extent: 3, rowsOf: planes([1, 2], [0], 4, false), from: PASS },
  maxPoolBack: { extent: 3, rowsOf: planes([0, 2], [1], 4, false), from: PASS },
  matmulChannels: { extent: 3, rowsOf: examples, workspace: 10, from: PRODUCT },
  matmulPlaces: { extent: 3, rowsOf: examples, from: PRODUCT },
  outerChannels: { extent: 11, rowsOf: synapses, byOne: [10], workspace: 9, from: PRODUCT },
  outerPlaces: { extent: 10, rowsOf: synapses, byOne: [9], from: PRODUCT },
  sparseVector: {
    extent: 7,
    rowsOf: (values) => ({
      floats: { 0: 1, 3: 1 },
      elements: (values[10] as number) / (values[7] as number),
    }),
    from: SYNAPSES,
  },
  sparseBlocks: {
    extent: 6,
    rowsOf: (values) => ({
      floats: { 0: values[8] as number, 1: values[7] as number },
      elements: values[11] as number,
    }),
    workspace: 12,
    from: SYNAPSES_OF_ROWS,
  },
  sparseOuterVector: {
    extent: 5,
    rowsOf: (values) => ({ floats: { 2: 1, 3: 1 }, elements: (values[8] as number) / (values[5] as number) }),
    from: SYNAPSES,
  },
  sparseOuterBlocks: {
    extent: 7,
    rowsOf: ([, , , , , batch = 0, , , , , stride = 1, synapses = 0]) => ({
      floats: { 2: 1, 3: 1 },
      elements: (batch * synapses) / stride,
    }),
    workspace: 12,
    from: SYNAPSES_OF_ROWS,
  },
  traces: {
    extent: 10,
    rowsOf: ([target, , pre, , , , , , , rows = 0, , post = 0]) => ({
      floats: { 1: post, ...(target === 0 ? {} : { 0: post }), ...(pre === 0 ? {} : { 2: 1 }) },
      elements: rows * post,
    }),
    from: PASS,
  },
  softmax: { extent: 2, columns: 3, byRow: [0, 1], from: COSTLY },
  drawUniform: { extent: 1, columns: 2, byRow: [0], byOne: [9], from: COSTLY },
  drawNormal: { extent: 1, columns: 2, byRow: [0], byOne: [9], from: COSTLY },
  drawBernoulli: { extent: 1, columns: 2, byRow: [0], byOne: [9], from: COSTLY },
};

/** Elements in a cache line: shares begin on one, so that no two threads write to the same line. */
const GRAIN = 16;

/** Returns the kernel, cut among the threads of the pool wherever that pays. */
export function cutKernel(name: string, kernel: Kernel, pool: Pool): Kernel {
  const cut = CUTS[name];
  if (!cut) return kernel;
  const { extent, columns, byRow = [], byElement = [], byOne = [], rowsOf, workspace = -1, from } = cut;
  return (...values) => {
    const rows = rowsOf?.(values);
    const width = rows?.elements ?? values[columns ?? -1] ?? 1;
    const size = (values[extent] as number) * width;
    if (size < from) {
      kernel(...values);
      return;
    }
    const steps = values.map(() => 0);
    // Address 0 means that the argument is absent, and stays 0.
    for (const i of byRow) steps[i] = values[i] === 0 ? 0 : 4 * width;
    for (const i of byElement) steps[i] = values[i] === 0 ? 0 : 4;
    for (const i of byOne) steps[i] = 1;
    for (const [i, floats] of Object.entries(rows?.floats ?? {})) steps[Number(i)] = 4 * floats;
    const grain = columns === undefined && !rows ? GRAIN : 1;
    pool.run({ kernel: name, values: values.map(Number), extent, steps, workspace, grain, size });
  };
}

type ProductArguments = [
  out: number,
  a: number,
  b: number,
  m: number,
  n: number,
  k: number,
  transposeA: boolean,
  transposeB: boolean,
  alpha: number,
  beta: number,
];

/** Positions among the arguments of `matmulPart`. */
const WORKSPACE = 10;
const ROW = 11;
const ROWS = 12;
const COLUMN = 13;
const COLUMNS = 14;

/** Runs a product on all threads and returns true, or returns false without computing if the product is too small. */
export function cutProduct(pool: Pool, workspace: number, ...product: ProductArguments): boolean {
  const [, , , m, n, k] = product;
  const factor = m === 1 || n === 1 || k === 1 ? MEMORY_BOUND : 1;
  if (factor * m * n * k < PRODUCT) return false;
  // Every thread packs the side that is not cut, so the longer side is cut. Rows of an outer product are contiguous.
  const byColumns = k !== 1 && n >= m;
  const values = [...product.map(Number), workspace, 0, m, 0, n];
  const steps = values.map(() => 0);
  steps[byColumns ? COLUMN : ROW] = 1;
  pool.run({
    kernel: 'matmulPart',
    values,
    extent: byColumns ? COLUMNS : ROWS,
    steps,
    workspace: WORKSPACE,
    grain: byColumns ? GRAIN : 4,
    size: 4 * m * n * k + 2 * Number(product[6]) + Number(product[7]),
  });
  return true;
}
