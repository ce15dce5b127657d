import { distance } from 'fastest-levenshtein';
import { ApicalError } from '../errors.ts';
import { LAYOUTS, layoutOf, pytorchModule } from './layout.ts';
import type { LayoutEntry, WeightLayout } from './layout.ts';
import type { Network } from './network.ts';

/** An array of a weight file: numbers with their shape, row-major. */
export interface WeightArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** Options of `importWeights`. */
export interface ImportOptions {
  /** Default: the layout that most names belong to. */
  readonly layout?: WeightLayout;
  /** Subject of the messages. Default "The weights". */
  readonly name?: string;
}

/**
 * Returns copies of the weights of a network by name, in the number type of its backend. The layout decides which tensors
 * are included, how they are named and in what order their axes are.
 *
 * @example
 * ```ts
 * import { exportWeights, Network, openBackend, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [8, 5, 3], activation: 'relu', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * const arrays = exportWeights(network, 'pytorch');
 * arrays.get('0.weight')?.shape; // [5, 8]
 * ```
 */
export function exportWeights(
  network: Network,
  layout: WeightLayout,
): Map<string, { shape: readonly number[]; data: Float32Array | Float64Array }> {
  return new Map(
    layoutOf(network, layout).map(({ name, tensor, shape, permutation, sparse }) => {
      const own = tensor.data.slice() as Float32Array | Float64Array;
      const values = sparse
        ? (own instanceof Float32Array ? Float32Array : Float64Array).from(sparse.matrix())
        : own;
      return [
        name,
        { shape, data: permutation ? permute(values, permutation.lengths, permutation.order) : values },
      ];
    }),
  );
}

/**
 * Sets the weights of a network from arrays, all or none. The tensors of the forward path are required. Feedback, masks,
 * signs and readouts of a rule are optional, and the network keeps its own if they are absent.
 *
 * Throws `weights.mismatch`. The message lists every array that is missing or superfluous, has a wrong shape or type, is
 * not finite, is not 0 where no synapse exists, or violates Dale's law.
 *
 * @example
 * ```ts
 * import { exportWeights, importWeights, Network, openBackend, stack } from 'apical/rules';
 *
 * const compute = await openBackend();
 * const specification = stack({ layers: [8, 5, 3], activation: 'relu', objective: 'cross-entropy' });
 * const [source, copy] = [new Network(compute, specification, 1), new Network(compute, specification, 2)];
 * importWeights(copy, exportWeights(source, 'apical'));
 * ```
 */
export function importWeights(
  network: Network,
  arrays: ReadonlyMap<string, WeightArray>,
  { layout = layoutByNames(network, arrays), name: source = 'The weights' }: ImportOptions = {},
): void {
  const entries = layoutOf(network, layout);
  const problems = [
    ...entries.flatMap((entry) => problemsWith(entry, arrays.get(entry.name), arrays, layout)),
    ...superfluousArrays(entries, arrays),
  ];
  if (problems.length > 0) {
    const module = layout === 'pytorch' ? pytorchModule(network) : undefined;
    throw new ApicalError(
      'weights.mismatch',
      `${source} do not fit the network (names and shapes of the ${layout} layout):\n  ${problems.join('\n  ')}` +
        (module ? `\nExpected is the state_dict of ${module}.` : ''),
      { source, layout, problems },
    );
  }
  for (const { name, tensor, shape, permutation, sparse } of entries) {
    const data = arrays.get(name)?.data as ArrayLike<number> | undefined;
    if (!data) continue;
    const values = permutation ? permute(data, shape, inverse(permutation.order)) : data;
    tensor.set(sparse ? sparse.valuesOf(values) : values);
  }
}

/** Returns the layout that most of the names belong to. */
function layoutByNames(network: Network, arrays: ReadonlyMap<string, WeightArray>): WeightLayout {
  const known = (layout: WeightLayout) =>
    layoutOf(network, layout).filter(({ name }) => arrays.has(name)).length;
  const [best] = [...LAYOUTS].sort((a, b) => known(b) - known(a));
  return best as WeightLayout;
}

/** Returns the problems of an array, as lines of the message. */
function problemsWith(
  { name, tensor, shape, isOptional, permutation, role, mask, signs, sparse, sources }: LayoutEntry,
  array: WeightArray | undefined,
  arrays: ReadonlyMap<string, WeightArray>,
  layout: WeightLayout,
): string[] {
  const expected = `"${name}" ${tuple(shape)}`;
  if (!array) return isOptional ? [] : [`${expected} is missing.`];
  if (array.shape.join() !== shape.join()) {
    const isTransposed = shape.length === 2 && array.shape.join() === [...shape].reverse().join();
    const order = layout === 'pytorch' ? '(out, in)' : '(presynaptic, postsynaptic)';
    return [
      `"${name}": expected ${tuple(shape)}, found ${tuple(array.shape)}.` +
        (isTransposed && role === 'weights' ? ` Weights are ${order} in this layout: transpose it.` : ''),
    ];
  }
  const { data } = array;
  if (!isReal(data)) return [`${expected} holds ${typeOf(data)}, but must hold float32 or float64.`];
  const count = (isWrong: (value: number, index: number) => boolean) => {
    let wrong = 0;
    for (let index = 0; index < data.length; index++) if (isWrong(data[index] as number, index)) wrong += 1;
    return wrong;
  };
  const infinite = count((value) => !Number.isFinite(value));
  const share = (wrong: number) => `${wrong} of ${data.length}`;
  if (infinite > 0) return [`${expected} has values that are not finite (${share(infinite)}).`];
  if (role === 'mask' || role === 'signs') {
    const low = role === 'mask' ? 0 : -1;
    const other = count((value) => value !== low && value !== 1);
    return other > 0
      ? [`${expected} must hold only ${low} and 1, but has other values (${share(other)}).`]
      : [];
  }
  const toFile = (values: ArrayLike<number>) =>
    permutation ? permute(values, permutation.lengths, permutation.order) : values;
  const given = (part: string) => arrays.get(`${name}.${part}`)?.data as ArrayLike<number> | undefined;
  const problems: string[] = [];
  const wired = sparse ? sparse.existing() : mask && (given('mask') ?? mask.data);
  if (wired) {
    const exists = toFile(wired);
    const unwired = count((value, index) => value !== 0 && exists[index] === 0);
    if (unwired > 0) {
      problems.push(
        `${expected} has nonzero weights where this network has no synapse (${share(unwired)}; its density is below 1).`,
      );
    }
  }
  if (signs && sources) {
    const signOf = given('signs') ?? signs.data;
    const sign = toFile(
      Float64Array.from(
        { length: sparse ? data.length : tensor.size },
        (_, index) => signOf[sources(index)] as number,
      ),
    );
    const wrong = count((value, index) => value * (sign[index] as number) < 0);
    if (wrong > 0) {
      problems.push(
        `${expected} has weights of the wrong sign for their presynaptic unit under Dale's law (${share(wrong)}).`,
      );
    }
  }
  return problems;
}

/** Returns a line for each array that the network does not have, with the name that may have been intended. */
function superfluousArrays(
  entries: readonly LayoutEntry[],
  arrays: ReadonlyMap<string, WeightArray>,
): string[] {
  const known = new Set(entries.map(({ name }) => name));
  const open = entries.filter(({ name }) => !arrays.has(name));
  return [...arrays].flatMap(([name, { shape }]) => {
    if (known.has(name)) return [];
    const fitting = open.filter((entry) => entry.shape.join() === shape.join());
    const near = open.filter((entry) => distance(entry.name, name) <= Math.max(2, name.length / 3));
    const [nearest] = (fitting.length > 0 ? fitting : near).sort(
      (a, b) => distance(a.name, name) - distance(b.name, name),
    );
    const hint = nearest ? ` Did you mean "${nearest.name}"?` : '';
    return [`"${name}" ${tuple(shape)} has no place here.${hint}`];
  });
}

/** Permutes the axes of an array with these lengths: axis i of the result is axis order[i] of the values. */
function permute(
  values: ArrayLike<number>,
  lengths: readonly number[],
  order: readonly number[],
): Float32Array | Float64Array {
  const strides = lengths.map((_, axis) => lengths.slice(axis + 1).reduce((all, length) => all * length, 1));
  const shape = order.map((axis) => lengths[axis] as number);
  const steps = order.map((axis) => strides[axis] as number);
  const position = shape.map(() => 0);
  const result = new (values instanceof Float32Array ? Float32Array : Float64Array)(values.length);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from] as number;
    // Advances to the next position, the last axis fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [length, step] = [shape[axis] as number, steps[axis] as number];
      from += step;
      position[axis] = (position[axis] as number) + 1;
      if ((position[axis] as number) < length) break;
      from -= step * length;
      position[axis] = 0;
    }
  }
  return result;
}

const inverse = (order: readonly number[]) => order.map((_, axis) => order.indexOf(axis));

const tuple = (shape: readonly number[]) =>
  `(${shape.length === 1 ? `${shape[0] ?? ''},` : shape.join(', ')})`;

const isReal = (data: WeightArray['data']): data is ArrayLike<number> =>
  data instanceof Float32Array || data instanceof Float64Array || Array.isArray(data);

const typeOf = (data: WeightArray['data']) =>
  Object.prototype.toString
    .call(data)
    .replace(/^\[object (Big)?(.*)Array\]$/, '$2')
    .toLowerCase();
