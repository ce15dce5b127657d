import type { ActivationReference } from '../tensor/activation.ts';
import type { Initialisation } from './initialisation.ts';
import type { LossName } from './objectives/known-losses.ts';
import type { Loss } from './objectives/loss.ts';
import type { Reach } from './objectives/objective.ts';
import type { Profile } from './projections/arbor.ts';
import type { SheetSpecification } from './sheet.ts';

/** Specifies a population of units. */
export interface AreaSpecification {
  readonly id: string;
  /** (units), (height, width) for a sheet, or (channels, height, width). */
  readonly shape: readonly number[];
  /** Gives the units places on a line or in a plane, so that projections by distance can end or start here. */
  readonly sheet?: SheetSpecification;
  /** An activation function, or the name of a built-in one. Default linear. */
  readonly activation?: ActivationReference;
  /** Probability that a unit is silenced in a training pass; the others are scaled up. Default 0. */
  readonly dropout?: number;
  /** Whether units have a learned bias. Default true for an area that receives input through weights. */
  readonly bias?: boolean;
  /**
   * Whether units have a second bias, for top-down activity: when a generative model samples the area, or a decoder
   * reconstructs it. Default false.
   */
  readonly topDownBias?: boolean;
  /** The part of the example that is the activity of the area, which makes it an input area. Default: none, or all for `input`. */
  readonly part?: Part;
}

/**
 * The part of an example that an input area receives: as many values as the area has units, from number `first` on; or a
 * window of pictures (…, height, width) of the area's own height and width.
 */
export type Part =
  | { readonly first: number }
  | { readonly picture: readonly number[]; readonly top: number; readonly left: number };

/** The kinds of projection. */
export const PROJECTION_KINDS = ['forward', 'feedback', 'lateral'] as const;

/**
 * The role of a projection.
 * - `forward`: part of the forward path; the graph of forward projections has no cycle;
 * - `feedback`: carries signals for a rule and takes no part in the forward pass;
 * - `lateral`: within an area, or against the forward order in dynamics that settle; also between the pyramidal cells of
 *   an area and their interneurons, which form an area of their own.
 */
export type ProjectionKind = (typeof PROJECTION_KINDS)[number];

/**
 * The pairs of units that a projection connects.
 * - `dense`: every unit with every unit;
 * - `convolution`: every position with the window of a kernel; all positions share the kernels;
 * - `local`: the same, but every position has its own kernels;
 * - `pooling`: every position of a channel with a window of the same channel, without weights;
 * - `distance`: every unit of a sheet with the units of a sheet within a radius.
 *
 * Convolution, local and pooling connect areas of shape (channels, height, width). Pairs are (vertical, horizontal).
 */
export type ConnectionSpecification =
  | { readonly kind: 'dense' }
  | {
      readonly kind: 'convolution' | 'local';
      readonly kernel: readonly [number, number];
      /** Default 1 × 1. */
      readonly stride?: readonly [number, number];
      /** Rows and columns of zeros around the image. Default none. */
      readonly padding?: readonly [number, number];
    }
  | {
      readonly kind: 'pooling';
      readonly how: 'max' | 'average';
      readonly window: readonly [number, number];
      /** Default: the size of the window, so that windows touch without overlap. */
      readonly stride?: readonly [number, number];
    }
  | DistanceConnection;

/** Connects the units of two sheets, or of one, that are within a radius of each other. */
export interface DistanceConnection {
  readonly kind: 'distance';
  /** Largest distance between two units that are connected, in the unit of the extents of the sheets. */
  readonly radius: number;
  /**
   * Initial weights by distance. With an initialisation, the draws are multiplied by it; without one, it is the weights,
   * except for feedback, which is always drawn. Default: the draws alone.
   */
  readonly profile?: Profile;
  /**
   * Whether all pairs with the same offset share one weight: a convolution with one kernel for the whole sheet.
   * Default false.
   */
  readonly shared?: boolean;
}

/**
 * The relation between the synapses of feedback and those of the sparse forward projection that it answers.
 * - `independent`: each has its own random draw;
 * - `reciprocal`: one draw per pair of units decides both, so that the sparser projection connects a subset of the pairs
 *   of the other; with equal densities, both connect the same pairs;
 * - `disjoint`: one draw per pair decides the direction, if any; no pair is connected in both directions.
 */
export type Wiring = 'independent' | 'reciprocal' | 'disjoint';

/** The ways to store weights. */
export const STORAGES = ['auto', 'dense', 'sparse'] as const;
/** A way to store weights. */
export type Storage = (typeof STORAGES)[number];

/** Specifies the synapses from one area to another. */
export interface ProjectionSpecification {
  /** Default "from→to", preceded by "kind:" unless it is forward. */
  readonly id?: string;
  /** Id of the presynaptic area. */
  readonly from: string;
  /** Id of the postsynaptic area. */
  readonly to: string;
  /** Default forward. */
  readonly kind?: ProjectionKind;
  /** Default dense; feedback that answers a projection has the connection of that projection. */
  readonly connection?: ConnectionSpecification;
  /** Whether a rule may change it. Default true; false for feedback and pooling. */
  readonly plastic?: boolean;
  /** Default: He for ReLU and softplus, Glorot otherwise, or as an activation function of your own says. */
  readonly initialisation?: Initialisation;
  /** Share of the possible synapses that exist, drawn at random. Default 1. */
  readonly density?: number;
  /**
   * How weights are stored: `dense` as a matrix, `sparse` those of existing synapses alone, `auto` as is expected to be
   * faster for the density, the size and the batch. Values and wiring do not depend on it. Projections that answer or
   * copy one another have the same storage. Default auto.
   */
  readonly storage?: Storage;
  /** For feedback that answers a projection: the relation between the synapses of the two. Default independent. */
  readonly wiring?: Wiring;
  /**
   * Share of excitatory presynaptic units (Dale's law): their weights are never negative, and those of the other units
   * never positive. Without it, weights may have any sign.
   */
  readonly excitatory?: number;
  /**
   * Whether W = Wᵀ, within one area. No unit connects to itself unless `selfConnections` is true. Gradients are taken in
   * the space of symmetric matrices. Default false.
   */
  readonly symmetric?: boolean;
  /** Whether a projection that is symmetric, or by distance within one area, connects units to themselves. Default false. */
  readonly selfConnections?: boolean;
  /** Whether feedback starts as the transpose of the projection that it answers. Default false. */
  readonly startsTransposed?: boolean;
  /** A projection of the same shape whose initial weights, times a factor, and mask this projection copies. */
  readonly startsLike?: { readonly projection: string; readonly factor: number };
  /**
   * Delay in steps of dynamics in time: fixed, or drawn for each presynaptic unit, uniformly from `minimum` to `maximum`.
   * Default 0 for forward projections, and 1 for lateral ones.
   */
  readonly delay?: number | { readonly minimum: number; readonly maximum: number };
  /** Id of the forward projection that this feedback answers; it must run in the opposite direction. */
  readonly answers?: string;
}

/** Specifies an objective: a loss at an area. */
export interface ObjectiveSpecification {
  /** Unique in the network. Default: the id of the area, with the name of the loss if the area has several objectives. */
  readonly id?: string;
  readonly area: string;
  /** The loss: the name of a built-in one, or an object. */
  readonly kind: LossName | Loss;
  /**
   * The target of a loss that has one: the name of a target in the batch (default "target", the data's own), "inputs" for
   * the example itself, or the activity of another area, which is held constant.
   */
  readonly target?: string | { readonly area: string };
  /** Whether the error stays at the synapses onto the area, or is sent through the network. Default network. */
  readonly reach?: Reach;
  /** Whether the objective only helps to train its area, so that the loss of a run excludes it. Default false. */
  readonly auxiliary?: boolean;
}

/** Specifies a network, as data: areas joined by projections. A feedforward stack is one shape of this graph. */
export interface NetworkSpecification {
  readonly areas: readonly AreaSpecification[];
  readonly projections: readonly ProjectionSpecification[];
  /** Id of the area whose activity is the example; of the first, if several input areas receive a part each. */
  readonly input: string;
  readonly objectives: readonly ObjectiveSpecification[];
  /** Rows of a batch, by which the storage 'auto' decides; without it, the batch that favours sparse storage least. */
  readonly batch?: number;
  /** Shape of an example, such as (28, 28), where that of the input area does not show it. */
  readonly exampleShape?: readonly number[];
}

/**
 * Returns the id of a projection: its own, or the default "from→to", preceded by "kind:" unless it is forward.
 *
 * @example
 * ```ts
 * import { projectionId } from 'apical/rules';
 *
 * projectionId({ from: 'output', to: 'hidden1', kind: 'feedback' }); // 'feedback:output→hidden1'
 * ```
 */
export const projectionId = (projection: ProjectionSpecification): string => {
  const path = `${projection.from}→${projection.to}`;
  return (
    projection.id ?? (projection.kind && projection.kind !== 'forward' ? `${projection.kind}:${path}` : path)
  );
};

/** Options of `stack`. */
export interface StackOptions {
  /** Units of each layer, from the input to the output; at least two. */
  readonly layers: readonly number[];
  /** Activation of the hidden areas. */
  readonly activation: ActivationReference;
  /** Default linear. */
  readonly outputActivation?: ActivationReference;
  /** The loss of the output area: the name of a built-in one, or an object. */
  readonly objective: LossName | Loss;
  /** Dropout of the hidden areas. Default 0. */
  readonly dropout?: number;
  /** Dropout of the input area. Default 0. */
  readonly inputDropout?: number;
  /** Whether hidden and output areas have a bias. Default true. */
  readonly bias?: boolean;
  /** Density of every projection. Default 1. */
  readonly density?: number;
  /** Storage of every projection. Default auto. */
  readonly storage?: Storage;
  /** Share of excitatory units in every projection. */
  readonly excitatory?: number;
  /** Initialisation of every projection. Default: He for ReLU and softplus, Glorot otherwise. */
  readonly initialisation?: Initialisation;
}

/**
 * Returns a feedforward network with the areas input, hidden1, hidden2, …, output.
 *
 * @example
 * ```ts
 * import { stack } from 'apical/rules';
 *
 * const specification = stack({ layers: [784, 100, 10], activation: 'relu', objective: 'cross-entropy' });
 * ```
 */
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
      ...(options.storage === undefined ? {} : { storage: options.storage }),
      ...(options.excitatory === undefined ? {} : { excitatory: options.excitatory }),
      ...(options.initialisation === undefined ? {} : { initialisation: options.initialisation }),
    })),
    input: 'input',
    objectives: [{ area: id(last), kind: objective }],
  };
}
