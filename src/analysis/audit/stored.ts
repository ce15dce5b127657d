import type { Network } from '../../network/network.ts';
import type { StateDeclaration } from '../../learning/rule.ts';
import { sizeOf } from '../../tensor/tensor.ts';

/** What a rule stores between steps: so many numbers for each place of some kind. */
export interface Stored {
  /** Name of the rule's state. */
  readonly state: string;
  /** Numbers for each place. */
  readonly numbers: number;
  /** The kind of place; "network" if there is one place in all. */
  readonly per: 'synapse' | 'unit' | 'pair of units' | 'synapse and unit' | 'network';
  /** The projection or area of the places; absent where their number does not tell it. */
  readonly of?: string;
  /** Whether each training example, chain or stream has these numbers of its own, and how many it is, if declared. */
  readonly each?: { readonly kind: 'example' | 'chain' | 'stream'; readonly count?: number };
}

/** Describes a declared state by its shape: as long as an area has units is one number a unit, and so on. */
export function storedAs({ name, shape, ...state }: StateDeclaration, network: Network): Stored {
  // States of these scopes have a copy of the shape for each of something.
  const scope: string = state.scope;
  const isChain = scope === 'chain' && shape.length > 1;
  const places = placesOf(name, isChain ? shape.slice(1) : shape, network);
  if (isChain) return { state: name, ...places, each: { kind: 'chain', count: shape[0] as number } };
  if (scope === 'example' || scope === 'stream') return { state: name, ...places, each: { kind: scope } };
  return { state: name, ...places };
}

type Places = Pick<Stored, 'numbers' | 'per' | 'of'>;

function placesOf(name: string, shape: readonly number[], network: Network): Places {
  const { areas } = network;
  const size = sizeOf(shape);
  const projections = network.projections.filter(({ weights }) => weights.size > 1);
  const lengths = shape.filter((length) => length > 1);
  const of = (found: readonly { readonly id: string }[]) => {
    const { id } = likeliest(name, found) ?? {};
    return id === undefined ? {} : { of: id };
  };
  if (lengths.length > 1) {
    const alike = projections.filter(({ weights }) => hasLengths(weights.shape, lengths));
    if (alike.length > 0) return { numbers: 1, per: 'synapse', ...of(alike) };
    const [first, second] = lengths.map((length) => areas.some(({ units }) => units === length));
    if (lengths.length === 2 && first && second) return { numbers: 1, per: 'pair of units' };
    const multiple = projections.filter(({ weights }) => size % weights.size === 0);
    const forUnits = multiple.filter(({ weights }) =>
      areas.some(({ units }) => units > 1 && units === size / weights.size),
    );
    if (forUnits.length > 0) return { numbers: 1, per: 'synapse and unit', ...of(forUnits) };
    const [synapses] = multiple;
    if (synapses) return { numbers: size / synapses.weights.size, per: 'synapse', ...of(multiple) };
  }
  const alike = areas.filter(({ units }) => units > 1 && units === size);
  if (alike.length > 0) return { numbers: 1, per: 'unit', ...of(alike) };
  const multiple = areas.filter(({ units }) => units > 1 && lengths.at(-1) === units);
  const [area] = multiple;
  if (area) return { numbers: size / area.units, per: 'unit', ...of(multiple) };
  return { numbers: size, per: 'network' };
}

/** Returns the only place, or the one that the state is named after, as "mean of hidden1"; undefined for others. */
function likeliest<Place extends { readonly id: string }>(
  name: string,
  places: readonly Place[],
): Place | undefined {
  if (places.length === 1) return places[0];
  const named = places.filter(({ id }) => name.includes(id));
  return named.sort((a, b) => b.id.length - a.id.length)[0];
}

/** Whether a shape has these lengths, in this order or reversed, beside lengths of 1. */
function hasLengths(shape: readonly number[], lengths: readonly number[]): boolean {
  const own = shape.filter((length) => length > 1);
  if (own.length !== lengths.length) return false;
  const isSame = (other: readonly number[]) => own.every((length, axis) => length === other[axis]);
  return isSame(lengths) || isSame([...lengths].reverse());
}

/** Words for what must be stored, such as "1 per unit of hidden1, for each example"; "nothing" for none. */
export function describeStored(stored: readonly Stored[]): string {
  const words = stored.map(({ numbers, per, of, each }) => {
    const places =
      per === 'network' ? (numbers === 1 ? '1 number' : `${numbers} numbers`) : `${numbers} per ${per}`;
    const where = of === undefined || per === 'network' ? '' : ` of ${of}`;
    const copies = each
      ? `, for each ${each.count === undefined ? each.kind : `of ${each.count} ${each.kind}s`}`
      : '';
    return `${places}${where}${copies}`;
  });
  return words.length === 0 ? 'nothing' : [...new Set(words)].join('; ');
}
