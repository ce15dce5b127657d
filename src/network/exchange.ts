import { distance } from 'fastest-levenshtein';
import { ApicalError } from '../errors.ts';
import { LAYOUTS, layoutOf, pytorchModule } from './layout.ts';
import type { LayoutEntry, WeightLayout } from './layout.ts';
import type { Network } from './network.ts';

/** Numbers with their shape, row-major, outside of the heap: what files hold. */
export interface WeightArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

export interface ImportOptions {
  /** Default: the one whose names the arrays have. */
  readonly layout?: WeightLayout;
  /** Where the arrays came from, for messages. */
  readonly name?: string;
}

/** Copies of a network's weights by name, in the type of its backend; `layoutOf` says which and in what order of axes. */
export function exportWeights(
  network: Network,
  layout: WeightLayout,
): Map<string, { shape: readonly number[]; data: Float32Array | Float64Array }> {
  return new Map(
    layoutOf(network, layout).map(({ name, tensor, shape, turn }) => {
      const values = tensor.data.slice() as Float32Array | Float64Array;
      return [name, { shape, data: turn ? reordered(values, turn.lengths, turn.order) : values }];
    }),
  );
}

/**
 * Gives a network the weights of those arrays, all or none. What a network needs to answer must be there; feedback, masks,
 * signs and a rule's own readouts may be, and stay as they are where not.
 *
 * Throws `weights.mismatch`: one message that lists every array that is missing or surplus, of another shape or type,
 * not finite, not 0 where there is no synapse, or of the wrong sign.
 */
export function importWeights(
  network: Network,
  arrays: ReadonlyMap<string, WeightArray>,
  { layout = layoutByNames(network, arrays), name: source = 'The weights' }: ImportOptions = {},
): void {
  const entries = layoutOf(network, layout);
  const problems = [
    ...entries.flatMap((entry) => problemsWith(entry, arrays.get(entry.name), arrays, layout)),
    ...surplus(entries, arrays),
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
  for (const { name, tensor, shape, turn } of entries) {
    const data = arrays.get(name)?.data as ArrayLike<number> | undefined;
    if (data) tensor.set(turn ? reordered(data, shape, inverse(turn.order)) : data);
  }
}

/** The layout that most of the names belong to. */
function layoutByNames(network: Network, arrays: ReadonlyMap<string, WeightArray>): WeightLayout {
  const known = (layout: WeightLayout) =>
    layoutOf(network, layout).filter(({ name }) => arrays.has(name)).length;
  const [best] = [...LAYOUTS].sort((a, b) => known(b) - known(a));
  return best as WeightLayout;
}

/** What is wrong with an array, in the words of a list. */
function problemsWith(
  { name, tensor, shape, isOptional, turn, role, mask, signs }: LayoutEntry,
  array: WeightArray | undefined,
  arrays: ReadonlyMap<string, WeightArray>,
  layout: WeightLayout,
): string[] {
  const expected = `"${name}" ${tuple(shape)}`;
  if (!array) return isOptional ? [] : [`${expected} is missing.`];
  if (array.shape.join() !== shape.join()) {
    const isOtherWay = shape.length === 2 && array.shape.join() === [...shape].reverse().join();
    const order = layout === 'pytorch' ? '(out, in)' : '(presynaptic, postsynaptic)';
    return [
      `"${name}": expected ${tuple(shape)}, found ${tuple(array.shape)}.` +
        (isOtherWay && role === 'weights' ? ` Weights are ${order} in this layout: transpose it.` : ''),
    ];
  }
  const { data } = array;
  if (!isReal(data)) return [`${expected} holds ${typeOf(data)}: float32 or float64 is needed.`];
  const count = (isWrong: (value: number, index: number) => boolean) => {
    let wrong = 0;
    for (let index = 0; index < data.length; index++) if (isWrong(data[index] as number, index)) wrong += 1;
    return wrong;
  };
  const infinite = count((value) => !Number.isFinite(value));
  if (infinite > 0) return [`${expected} has ${infinite} values that are not finite.`];
  if (role === 'mask' || role === 'signs') {
    const low = role === 'mask' ? 0 : -1;
    const other = count((value) => value !== low && value !== 1);
    return other > 0 ? [`${expected} must hold ${low} and 1 only, but ${other} values are others.`] : [];
  }
  const inFile = (here: ArrayLike<number>) => (turn ? reordered(here, turn.lengths, turn.order) : here);
  const given = (what: string) => arrays.get(`${name}.${what}`)?.data as ArrayLike<number> | undefined;
  const problems: string[] = [];
  if (mask) {
    const exists = inFile(given('mask') ?? mask.data);
    const unwired = count((value, index) => value !== 0 && exists[index] === 0);
    if (unwired > 0) {
      problems.push(
        `${expected} has ${unwired} weights other than 0 where this network has no synapse (its density is below 1).`,
      );
    }
  }
  if (signs) {
    const its = given('signs') ?? signs.data;
    const sign = inFile(
      Float64Array.from(
        { length: tensor.size },
        (_, index) => its[Math.floor(index / tensor.columns)] as number,
      ),
    );
    const wrong = count((value, index) => value * (sign[index] as number) < 0);
    if (wrong > 0) {
      problems.push(`${expected} has ${wrong} weights without the sign of their unit (it obeys Dale's law).`);
    }
  }
  return problems;
}

/** Arrays that the network has no place for, and what each may have been meant to be. */
function surplus(entries: readonly LayoutEntry[], arrays: ReadonlyMap<string, WeightArray>): string[] {
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

/** Values of an array of these lengths with its axes in another order: axis i of the result is axis order[i]. */
function reordered(
  values: ArrayLike<number>,
  lengths: readonly number[],
  order: readonly number[],
): Float32Array | Float64Array {
  const strides = lengths.map((_, axis) => lengths.slice(axis + 1).reduce((all, length) => all * length, 1));
  const shape = order.map((axis) => lengths[axis] as number);
  const steps = order.map((axis) => strides[axis] as number);
  const place = shape.map(() => 0);
  const result = new (values instanceof Float32Array ? Float32Array : Float64Array)(values.length);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from] as number;
    // On to the next place, the last axis fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [length, step] = [shape[axis] as number, steps[axis] as number];
      from += step;
      place[axis] = (place[axis] as number) + 1;
      if ((place[axis] as number) < length) break;
      from -= step * length;
      place[axis] = 0;
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
