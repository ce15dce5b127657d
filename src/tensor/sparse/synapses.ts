import type { Compute } from '../compute.ts';
import type { SynapseArguments } from './sparse-kernels.ts';
import type { Tensor } from '../tensor.ts';

/**
 * The pairs of units that a sparse projection connects, as lists in both directions. Synapses are numbered by
 * postsynaptic unit, and among the incoming synapses of a unit by presynaptic unit: the sum of a unit then reads its
 * weights from consecutive addresses, which takes three quarters of the time of the other order. All lists are i32. Lists of units hold 4 · unit, the byte offset of the unit in a row of f32, which saves a shift for
 * each synapse.
 */
export interface Synapses {
  readonly preUnits: number;
  readonly postUnits: number;
  /** Number of synapses. */
  readonly count: number;
  /** Number of values: the synapses, unless several share a value. */
  readonly values: number;
  readonly incoming: {
    /** (postUnits + 1): the incoming synapses of unit j have the numbers starts(j) to starts(j + 1) − 1. */
    readonly starts: Tensor;
    /** (synapses): 4 · presynaptic unit. */
    readonly sources: Tensor;
    /** (synapses): the value of each synapse; undefined if synapse s has value s. */
    readonly elements: Tensor | undefined;
  };
  /** The same synapses in the order of presynaptic units. */
  readonly outgoing: {
    /** (preUnits + 1). */
    readonly starts: Tensor;
    /** (synapses): 4 · postsynaptic unit. */
    readonly targets: Tensor;
    /** (synapses): the value of each synapse. */
    readonly elements: Tensor;
  };
}

/** Synapses as plain lists, by postsynaptic unit. */
export interface SynapseLists {
  readonly preUnits: number;
  readonly postUnits: number;
  /** (postUnits + 1): where the incoming synapses of each unit begin. */
  readonly starts: Int32Array;
  /** (synapses): presynaptic units, ascending among the synapses of a unit. */
  readonly sources: Int32Array;
  /** (synapses): the value of each synapse, from 0; absent if each has its own. */
  readonly elements?: Int32Array | undefined;
}

/** Allocates synapses from plain lists. `freeSynapses` releases them. */
export function allocateSynapses(compute: Compute, lists: SynapseLists): Synapses {
  const { preUnits, postUnits, starts, sources, elements } = lists;
  const count = sources.length;
  const outgoingStarts = new Int32Array(preUnits + 1);
  for (const source of sources) outgoingStarts[source + 1] = (outgoingStarts[source + 1] as number) + 1;
  for (let unit = 0; unit < preUnits; unit++) {
    outgoingStarts[unit + 1] = (outgoingStarts[unit + 1] as number) + (outgoingStarts[unit] as number);
  }
  const next = outgoingStarts.slice();
  const targets = new Int32Array(count);
  const outgoingElements = new Int32Array(count);
  for (let post = 0; post < postUnits; post++) {
    for (let synapse = starts[post] as number; synapse < (starts[post + 1] as number); synapse++) {
      const source = sources[synapse] as number;
      const at = next[source] as number;
      next[source] = at + 1;
      targets[at] = 4 * post;
      outgoingElements[at] = elements ? (elements[synapse] as number) : synapse;
    }
  }
  const list = (values: Int32Array) => compute.allocate([values.length], 'i32').set(values);
  return {
    ...{ preUnits, postUnits, count },
    values: elements ? elements.reduce((most, element) => Math.max(most, element + 1), 0) : count,
    incoming: {
      starts: list(starts),
      sources: list(sources.map((source) => 4 * source)),
      elements: elements && list(elements),
    },
    outgoing: {
      starts: list(outgoingStarts),
      targets: list(targets),
      elements: list(outgoingElements),
    },
  };
}

/** Releases the memory of synapses. */
export function freeSynapses(compute: Compute, { incoming, outgoing }: Synapses): void {
  for (const tensor of [...Object.values(incoming), ...Object.values(outgoing)] as (Tensor | undefined)[]) {
    if (tensor) compute.free(tensor);
  }
}

/** Calls `visit` for each synapse in the order of their numbers. Reads the lists back. */
export function eachSynapse(
  { incoming, postUnits }: Synapses,
  visit: (pre: number, post: number, synapse: number, value: number) => void,
): void {
  const starts = incoming.starts.data;
  const sources = incoming.sources.data;
  const elements = incoming.elements?.data;
  for (let post = 0; post < postUnits; post++) {
    for (let synapse = starts[post] as number; synapse < (starts[post + 1] as number); synapse++) {
      visit((sources[synapse] as number) / 4, post, synapse, elements?.[synapse] ?? synapse);
    }
  }
}

/** Returns synapses as a kernel takes them. */
export function argumentsOf(synapses: Synapses): SynapseArguments {
  const { incoming, outgoing, preUnits, postUnits, count, values } = synapses;
  return [
    incoming.starts.offset,
    incoming.sources.offset,
    incoming.elements?.offset ?? 0,
    outgoing.starts.offset,
    outgoing.targets.offset,
    outgoing.elements.offset,
    preUnits,
    postUnits,
    count,
    values,
  ];
}
