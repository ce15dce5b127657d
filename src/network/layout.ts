import { hasActivation } from '../tensor/activation.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Area, Axis, Projection } from './area.ts';
import { ConvolutionProjection } from './projections/convolution.ts';
import type { Network } from './network.ts';
import { PoolingProjection } from './projections/pooling.ts';
import { SparseProjection } from './projections/sparse.ts';

/**
 * The names and axis orders of weights in a file.
 *
 * - `apical`: as in memory. Weights have the id of their projection, such as `input→hidden1`, and are (presynaptic,
 *   postsynaptic); biases are called `hidden1.bias`. The file holds every tensor, including feedback, masks and signs. Sparse weights are
 *   (synapses); their pairs come from the seed of the network.
 * - `pytorch`: the state_dict of an `nn.Sequential` in which every activation function except linear is a module:
 *   `0.weight`, `0.bias`, `2.weight`, … Weights are (out, in), kernels (out, in, height, width). In a network that is
 *   not a chain of layers and functions that PyTorch has, names are `input→hidden1.weight` and `hidden1.bias`. The file
 *   holds only the forward path from the input to the output area: no feedback, and no readouts that a rule added for its
 *   own use. Sparse weights are matrices with 0 where no synapse exists.
 */
export type WeightLayout = 'apical' | 'pytorch';

/** The layouts, the default of exports first. */
export const LAYOUTS: readonly WeightLayout[] = ['pytorch', 'apical'];

/** A tensor of a network and its form in a file. */
export interface LayoutEntry {
  readonly name: string;
  readonly tensor: Tensor;
  readonly role: 'weights' | 'bias' | 'mask' | 'signs';
  /** Shape in the file: that of the tensor, or (out, in, …) for weights in the order of PyTorch. */
  readonly shape: readonly number[];
  /** Lengths of the axes in memory and, for each axis in the file, its index among them; undefined for equal orders. */
  readonly permutation?:
    { readonly lengths: readonly number[]; readonly order: readonly number[] } | undefined;
  /** Whether a file may lack it, so that the network keeps its own: feedback, masks, signs and readouts of a rule. */
  readonly isOptional: boolean;
  /** For weights stored sparsely that are a matrix in the file: their projection. */
  readonly sparse?: SparseProjection | undefined;
  /** For weights: the presynaptic unit of each value in memory. */
  readonly sources?: ((index: number) => number) | undefined;
  /** For weights: the mask and the signs of the projection, if any. */
  readonly mask?: Tensor | undefined;
  readonly signs?: Tensor | undefined;
}

/** Returns every tensor that a file with this layout holds. */
export function layoutOf(network: Network, layout: WeightLayout): LayoutEntry[] {
  const path = forwardAreas(network);
  const inPytorch = layout === 'pytorch';
  const names = inPytorch ? sequentialOf(network, path)?.names : undefined;
  const entries: LayoutEntry[] = [];
  const add = (name: string, tensor: Tensor, rest: Pick<LayoutEntry, 'role' | 'isOptional'>) =>
    entries.push({ name, tensor, shape: tensor.shape, ...rest });

  for (const area of network.areas) {
    for (const projection of area.incoming) {
      const { id, kind, weights, mask, signs, layout: axes } = projection;
      const isOptional = kind === 'feedback' || !path.has(area);
      if (weights.size === 0 || (inPytorch && isOptional)) continue;
      const sources = sourcesOf(projection, inPytorch);
      const common = { role: 'weights', tensor: weights, isOptional, mask, signs, sources } as const;
      if (inPytorch) {
        const name = names?.get(area)?.weight ?? `${id}.weight`;
        const permutation = pytorchOrder(axes);
        entries.push({
          ...common,
          name,
          permutation,
          sparse: projection instanceof SparseProjection ? projection : undefined,
          shape: permutation.order.map((axis) => permutation.lengths[axis] as number),
        });
        continue;
      }
      entries.push({ ...common, name: id, shape: weights.shape });
      if (mask) add(`${id}.mask`, mask, { role: 'mask', isOptional: true });
      if (signs) add(`${id}.signs`, signs, { role: 'signs', isOptional: true });
    }
    const isOptional = !path.has(area);
    if (!area.bias || (inPytorch && isOptional)) continue;
    add(names?.get(area)?.bias ?? area.bias.id, area.bias.values, { role: 'bias', isOptional });
  }
  return entries;
}

/** Returns the presynaptic unit of each weight in memory, or in the matrix that stands for sparse weights. */
function sourcesOf(projection: Projection, asMatrix: boolean): (index: number) => number {
  if (asMatrix || !(projection instanceof SparseProjection)) {
    const columns = projection.matrixShape[1];
    return (index) => Math.floor(index / columns);
  }
  const sources = projection.synapses.incoming.sources.data;
  return (index) => (sources[index] as number) / 4;
}

/** The order of axes in PyTorch: (out, in), and (out, in, height, width) for convolutions. */
const PYTORCH_AXES: readonly Axis['name'][] = [
  'postsynaptic',
  'upper channel',
  'presynaptic',
  'lower channel',
  'kernel row',
  'kernel column',
  'place row',
  'place column',
];

function pytorchOrder(axes: readonly Axis[]): { lengths: readonly number[]; order: readonly number[] } {
  const rank = (axis: number) => PYTORCH_AXES.indexOf((axes[axis] as Axis).name);
  return {
    lengths: axes.map(({ length }) => length),
    order: axes.map((_, axis) => axis).sort((a, b) => rank(a) - rank(b)),
  };
}

/**
 * Returns the forward path as a PyTorch expression whose state_dict has the names of the `pytorch` layout; undefined if
 * the network is not a chain of layers.
 *
 * @example
 * ```ts
 * import { Network, openBackend, pytorchModule, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [8, 5, 3], activation: 'relu', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * pytorchModule(network); // 'nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))'
 * ```
 */
export function pytorchModule(network: Network): string | undefined {
  const modules = sequentialOf(network, forwardAreas(network))?.modules;
  return modules && `nn.Sequential(${modules.join(', ')})`;
}

/**
 * Returns the output area of a network: that of the first objective which is not auxiliary, or the last area of a network
 * without objectives.
 *
 * @example
 * ```ts
 * import { Network, openBackend, outputArea, stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [8, 5, 3], activation: 'relu', objective: 'cross-entropy' });
 * const network = new Network(await openBackend(), specification, 1);
 * outputArea(network).id; // 'output'
 * ```
 */
export function outputArea({ objectives, areas }: Network): Area {
  const objective = objectives.find(({ auxiliary }) => !auxiliary) ?? objectives[0];
  return objective?.area ?? (areas.at(-1) as Area);
}

/** Returns the areas of the forward path: the output area and all areas that reach it without feedback. */
function forwardAreas(network: Network): ReadonlySet<Area> {
  const path = new Set<Area>([outputArea(network)]);
  for (const area of path) {
    for (const { kind, from } of area.incoming) if (kind !== 'feedback') path.add(from);
  }
  return path;
}

/** Returns the projections of the forward path in order; undefined if paths branch or meet. */
function chainOf(network: Network, path: ReadonlySet<Area>): readonly Projection[] | undefined {
  const isOnPath = ({ kind, from, to }: Projection) => kind !== 'feedback' && path.has(from) && path.has(to);
  const chain: Projection[] = [];
  for (let area = network.input; area.outgoing.some(isOnPath);) {
    const [next, ...others] = area.outgoing.filter(isOnPath);
    if (!next || others.length > 0 || next.kind !== 'forward') return undefined;
    if (next.to.incoming.filter(isOnPath).length > 1) return undefined;
    chain.push(next);
    area = next.to;
  }
  return chain.length === network.projections.filter(isOnPath).length ? chain : undefined;
}

interface Sequential {
  /** Expressions of the modules. */
  readonly modules: readonly string[];
  /** Names of the parameters, by the area in which their layer ends. */
  readonly names: ReadonlyMap<Area, { readonly weight: string; readonly bias: string }>;
}

/** Returns the forward path as an `nn.Sequential`; undefined if it is not a chain, or PyTorch has no module for a layer or
 * an activation function. */
function sequentialOf(network: Network, path: ReadonlySet<Area>): Sequential | undefined {
  const chain = chainOf(network, path);
  if (!chain) return undefined;
  const modules: string[] = [];
  const names = new Map<Area, { weight: string; bias: string }>();
  for (const projection of chain) {
    const { to } = projection;
    const layer = modulesOf(projection);
    if (!layer) return undefined;
    modules.push(...layer);
    const index = modules.length - 1;
    names.set(to, { weight: `${index}.weight`, bias: `${index}.bias` });
    if (hasActivation(to, 'linear')) continue;
    const activation = PYTORCH_ACTIVATIONS[to.activation.name];
    if (activation === undefined) return undefined;
    modules.push(activation);
  }
  return { modules, names };
}

/** Returns a projection as PyTorch modules, the module with the weights last; undefined if locally connected. */
function modulesOf(projection: Projection): string[] | undefined {
  const { from, to } = projection;
  const bias = to.bias ? '' : ', bias=False';
  const pair = ([vertical, horizontal]: readonly [number, number]) => `(${vertical}, ${horizontal})`;
  if (projection instanceof PoolingProjection) {
    const { how, window } = projection;
    return [`nn.${how === 'max' ? 'Max' : 'Avg'}Pool2d(${pair(window.kernel)}, ${pair(window.stride)})`];
  }
  if (projection instanceof ConvolutionProjection) {
    const { kernel, stride, padding, channels } = projection.window;
    if (projection.weights.shape.length > 2) return undefined;
    const sizes = [kernel, stride, padding].map(pair).join(', ');
    return [`nn.Conv2d(${channels}, ${to.shape[0] ?? 1}, ${sizes}${bias})`];
  }
  const linear = `nn.Linear(${from.units}, ${to.units}${bias})`;
  return from.shape.length > 1 ? ['nn.Flatten()', linear] : [linear];
}

const PYTORCH_ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'nn.ReLU()',
  logistic: 'nn.Sigmoid()',
  tanh: 'nn.Tanh()',
  'hard-sigmoid': 'nn.Hardtanh(0, 1)',
  softplus: 'nn.Softplus()',
};
