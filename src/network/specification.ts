import type { Activation } from '../tensor/kernels.ts';
import type { Initialisation } from './initialisation.ts';

/** A population of units. */
export interface AreaSpecification {
  readonly id: string;
  /** Units, or channels × height × width. */
  readonly shape: readonly number[];
  /** Default linear. */
  readonly activation?: Activation;
  /** Probability that a unit is silenced in a training pass; the others are scaled up. Default 0. */
  readonly dropout?: number;
  /** Whether units have a learned threshold. Default true, except for an area that receives nothing. */
  readonly bias?: boolean;
  /**
   * Whether units have thresholds of another kind, for activity that comes from above: when a machine makes what it
   * models, or a decoder reconstructs it. Default false.
   */
  readonly topDownBias?: boolean;
}

/**
 * forward: part of the path that computes; the graph of forward projections has no cycle.
 * feedback: carries signals down for a rule, and takes no part in the forward pass.
 * lateral: within an area or against the forward order, for dynamics that settle; and between an area's pyramidal cells
 *   and its interneurons, an area that nothing else reaches.
 */
export type ProjectionKind = 'forward' | 'feedback' | 'lateral';

/**
 * Which units a projection joins.
 * - `dense`: every unit with every unit;
 * - `convolution`: the units of every place with what a kernel sees there; all places share the kernels;
 * - `local`: the same, but every place has kernels of its own;
 * - `pooling`: each place of a channel with a window of the same channel, without weights.
 *
 * All but dense join areas of channels × height × width. Pairs are (down, right).
 */
export type ConnectionSpecification =
  | { readonly kind: 'dense' }
  | {
      readonly kind: 'convolution' | 'local';
      readonly kernel: readonly [number, number];
      /** Default 1 × 1. */
      readonly stride?: readonly [number, number];
      /** Rows and columns of zeros around the picture. Default none. */
      readonly padding?: readonly [number, number];
    }
  | {
      readonly kind: 'pooling';
      readonly how: 'max' | 'average';
      readonly window: readonly [number, number];
      /** Default: the window, so that windows touch and do not overlap. */
      readonly stride?: readonly [number, number];
    };

/**
 * Which pairs of units feedback joins, when the forward projection that it answers is sparse:
 * - `independent`: drawn for itself;
 * - `reciprocal`: one draw for each pair of units decides both, so that the sparser of the two joins only pairs that
 *   the other joins as well; with equal densities the same pairs;
 * - `disjoint`: one draw decides which way the pair is joined, if any; no pair is joined both ways.
 */
export type Wiring = 'independent' | 'reciprocal' | 'disjoint';

/** Synapses from one area to another. */
export interface ProjectionSpecification {
  /** Default "from→to", with the kind before it unless it is forward. */
  readonly id?: string;
  readonly from: string;
  readonly to: string;
  /** Default forward. */
  readonly kind?: ProjectionKind;
  /** Which units it joins. Default dense; feedback that answers a projection is connected as that one. */
  readonly connection?: ConnectionSpecification;
  /** Whether a rule may change it. Default true, for feedback and pooling false. */
  readonly plastic?: boolean;
  /** Default: He for ReLU, Glorot otherwise. */
  readonly initialisation?: Initialisation;
  /** Share of the possible synapses that exist, drawn at random; default 1. */
  readonly density?: number;
  /** Of feedback that answers a projection: how its pairs of units go with that one's. Default independent. */
  readonly wiring?: Wiring;
  /**
   * Share of the presynaptic units whose weights are never negative; the others' are never positive (Dale's law).
   * Without it weights may have any sign.
   */
  readonly excitatory?: number;
  /**
   * Within one area: W = Wᵀ, and no unit is joined with itself unless `selfConnections`. Its gradient is taken among
   * symmetric matrices.
   */
  readonly symmetric?: boolean;
  /** Whether a symmetric projection joins units with themselves. Default false. */
  readonly selfConnections?: boolean;
  /** Whether feedback that answers a projection starts as its transpose, whatever its initialisation. Default false. */
  readonly startsTransposed?: boolean;
  /** A projection of the same shape whose weights and wiring this one takes over at the start, the weights times a factor. */
  readonly startsLike?: { readonly projection: string; readonly factor: number };
  /** The projection that this one answers: it runs from that one's target to its source. */
  readonly answers?: string;
}

/**
 * What an area can be trained towards.
 * - `cross-entropy`: −ln softmax(output) at the label, in nats;
 * - `squared-error`: ½‖output − target‖²;
 * - `zero-one`: 1 for a wrong answer, 0 for a right one; it has no derivative;
 * - `black-box`: any function of output and target that a user writes; no derivative is asked for.
 */
export type ObjectiveKind = 'cross-entropy' | 'squared-error' | 'zero-one' | 'black-box';

/** A user's loss of one example: output of the area, and the class label or the target values. A finite number. */
export type BlackBox = (output: ArrayLike<number>, target: number | ArrayLike<number>) => number;

/** What an area is trained towards. */
export interface ObjectiveSpecification {
  readonly area: string;
  readonly kind: ObjectiveKind;
  /** Of a black box: the loss of one example. */
  readonly loss?: BlackBox | undefined;
  /** It trains its area, but a run's loss does not count it. Default false. */
  readonly auxiliary?: boolean;
}

/** A network: areas joined by projections, as plain data. A feedforward stack is one shape of it. */
export interface NetworkSpecification {
  readonly areas: readonly AreaSpecification[];
  readonly projections: readonly ProjectionSpecification[];
  /** The area whose activity is the example. */
  readonly input: string;
  readonly objectives: readonly ObjectiveSpecification[];
}

export const projectionId = (projection: ProjectionSpecification): string => {
  const path = `${projection.from}→${projection.to}`;
  return (
    projection.id ?? (projection.kind && projection.kind !== 'forward' ? `${projection.kind}:${path}` : path)
  );
};

export interface StackOptions {
  /** Units by layer, the input first. */
  readonly layers: readonly number[];
  /** Of hidden areas. */
  readonly activation: Activation;
  readonly outputActivation?: Activation;
  readonly objective: ObjectiveKind;
  /** Of a black box. */
  readonly loss?: BlackBox | undefined;
  readonly dropout?: number;
  readonly inputDropout?: number;
  readonly bias?: boolean;
  readonly density?: number;
  /** Share of excitatory units, in all projections. */
  readonly excitatory?: number;
  readonly initialisation?: Initialisation;
}

/** A feedforward stack: areas input, hidden1, hidden2, …, output. At least two layers. */
export function stack(options: StackOptions): NetworkSpecification {
  const {
    layers,
    activation,
    outputActivation = 'linear',
    objective,
    dropout = 0,
    inputDropout = 0,
  } = options;
  const last = layers.length - 1;
  const id = (layer: number) => (layer === 0 ? 'input' : layer === last ? 'output' : `hidden${layer}`);
  return {
    areas: layers.map((units, layer) => ({
      id: id(layer),
      shape: [units],
      activation: layer === 0 ? 'linear' : layer === last ? outputActivation : activation,
      dropout: layer === 0 ? inputDropout : layer === last ? 0 : dropout,
      bias: layer > 0 && (options.bias ?? true),
    })),
    projections: layers.slice(1).map((_, layer) => ({
      from: id(layer),
      to: id(layer + 1),
      ...(options.density === undefined ? {} : { density: options.density }),
      ...(options.excitatory === undefined ? {} : { excitatory: options.excitatory }),
      ...(options.initialisation === undefined ? {} : { initialisation: options.initialisation }),
    })),
    input: 'input',
    objectives: [{ area: id(last), kind: objective, loss: options.loss }],
  };
}
