import type { Activation } from '../tensor/kernels.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Area, Axis, Projection } from './area.ts';
import { ConvolutionProjection } from './projections/convolution.ts';
import type { Network } from './network.ts';
import { PoolingProjection } from './projections/pooling.ts';

/**
 * How weights are named and turned in a file.
 *
 * - `apical`: as they lie here. Weights are called by their projection, `input→hidden1`, and are (presynaptic,
 *   postsynaptic); thresholds are called `hidden1.bias`. Everything that the network holds: feedback, masks and signs too.
 * - `pytorch`: the state_dict of an `nn.Sequential` in which every activation function other than linear is a module of
 *   its own: `0.weight`, `0.bias`, `2.weight`, … Weights are (out, in), kernels (out, in, height, width). Where the network is no plain chain of layers,
 *   names are `input→hidden1.weight` and `hidden1.bias`. Only what leads from the input to the answer: no feedback, and
 *   no readouts that a rule added for its own use.
 */
export type WeightLayout = 'apical' | 'pytorch';

export const LAYOUTS: readonly WeightLayout[] = ['pytorch', 'apical'];

/** One tensor of a network, and what it is in a file. */
export interface LayoutEntry {
  readonly name: string;
  readonly tensor: Tensor;
  readonly role: 'weights' | 'bias' | 'mask' | 'signs';
  /** In the file: the tensor's own shape, or of weights in PyTorch's order (out, in, …). */
  readonly shape: readonly number[];
  /** The axes of the tensor here, and for each axis in the file which of these it is; undefined for the same order. */
  readonly turn?: { readonly lengths: readonly number[]; readonly order: readonly number[] } | undefined;
  /** What answering does without: feedback, masks, signs, readouts that a rule added. A network keeps its own where it is not given. */
  readonly isOptional: boolean;
  /** Of weights: 1 where a synapse exists; and ±1 for presynaptic units under Dale's law. */
  readonly mask?: Tensor | undefined;
  readonly signs?: Tensor | undefined;
}

/** All that a file of this layout holds of a network. */
export function layoutOf(network: Network, layout: WeightLayout): LayoutEntry[] {
  const path = answeringAreas(network);
  const inPytorch = layout === 'pytorch';
  const names = inPytorch ? sequentialOf(network, path)?.names : undefined;
  const entries: LayoutEntry[] = [];
  const add = (name: string, tensor: Tensor, its: Pick<LayoutEntry, 'role' | 'isOptional'>) =>
    entries.push({ name, tensor, shape: tensor.shape, ...its });

  for (const area of network.areas) {
    for (const { id, kind, weights, mask, signs, layout: axes } of area.incoming) {
      const isOptional = kind === 'feedback' || !path.has(area);
      if (weights.size === 0 || (inPytorch && isOptional)) continue;
      const common = { role: 'weights', tensor: weights, isOptional, mask, signs } as const;
      if (inPytorch) {
        const name = names?.get(area)?.weight ?? `${id}.weight`;
        const turn = pytorchOrder(axes);
        entries.push({
          ...common,
          name,
          turn,
          shape: turn.order.map((axis) => turn.lengths[axis] as number),
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

/** In which order PyTorch has axes: (out, in), of convolutions (out, in, height, width). */
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
 * The network's answering path as a line of PyTorch, whose state_dict has the names of the `pytorch` layout; undefined
 * when it is no plain chain of layers.
 */
export function pytorchModule(network: Network): string | undefined {
  const modules = sequentialOf(network, answeringAreas(network))?.modules;
  return modules && `nn.Sequential(${modules.join(', ')})`;
}

/** The area that answers: of the first objective that is no rule's own. */
export function answeringArea({ objectives, areas }: Network): Area {
  const objective = objectives.find(({ auxiliary }) => !auxiliary) ?? objectives[0];
  return objective?.area ?? (areas.at(-1) as Area);
}

/** Areas from which forward projections lead to the answer, the answering area too. */
function answeringAreas(network: Network): ReadonlySet<Area> {
  const path = new Set<Area>([answeringArea(network)]);
  for (const area of path) {
    for (const { kind, from } of area.incoming) if (kind !== 'feedback') path.add(from);
  }
  return path;
}

/** The projections from the input to the answer, one after the other; undefined where paths branch or meet. */
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
  /** As PyTorch writes them. */
  readonly modules: readonly string[];
  /** By the area that a layer ends in: what its parameters are called. */
  readonly names: ReadonlyMap<Area, { readonly weight: string; readonly bias: string }>;
}

/** The answering path as an `nn.Sequential`; undefined where it is no chain, or PyTorch has no module for a layer. */
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
    const activation = PYTORCH_ACTIVATIONS[to.activation];
    if (activation !== undefined) modules.push(activation);
  }
  return { modules, names };
}

/** What a projection is in PyTorch, the module with its weights last; undefined for a locally connected one. */
function modulesOf(projection: Projection): string[] | undefined {
  const { from, to } = projection;
  const bias = to.bias ? '' : ', bias=False';
  const pair = ([down, right]: readonly [number, number]) => `(${down}, ${right})`;
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

const PYTORCH_ACTIVATIONS: Readonly<Record<Activation, string | undefined>> = {
  linear: undefined,
  relu: 'nn.ReLU()',
  logistic: 'nn.Sigmoid()',
  tanh: 'nn.Tanh()',
  'hard-sigmoid': 'nn.Hardtanh(0, 1)',
  softplus: 'nn.Softplus()',
};
