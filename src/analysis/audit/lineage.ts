import { BYTES_PER_ELEMENT } from '../../tensor/tensor.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The sources from which a tensor was computed. */
export interface Lineage {
  /** Such as "activity of hidden1", "error of output", "through a→b". */
  readonly sources: ReadonlySet<string>;
  /** Projections through whose transposed weights a signal was sent. */
  readonly transposed: ReadonlySet<string>;
  /** Projections whose weights were read otherwise. */
  readonly read: ReadonlySet<string>;
  readonly scalars: ReadonlySet<string>;
  /** Names of the rule's state that was read. */
  readonly states: ReadonlySet<string>;
  /** Names of values that were read outside of operations. */
  readonly outside: ReadonlySet<string>;
  /** Areas whose objectives declare that their error reaches one layer. */
  readonly confined: ReadonlySet<string>;
  readonly error: boolean;
  readonly target: boolean;
  readonly errorInInput: boolean;
  /** Longest chain of projections crossed since an objective's error. */
  readonly crossed: number;
  /** Latest time of the activity, and of the error, that came in: −∞ if none did, or outside of time. */
  readonly activityAt: number;
  readonly errorAt: number;
  /** Whether an error met activity of an earlier time. */
  readonly backwards: boolean;
}

export const NONE: ReadonlySet<string> = new Set();

/** The lineage of constants. */
export const NOTHING: Lineage = {
  sources: NONE,
  transposed: NONE,
  read: NONE,
  scalars: NONE,
  states: NONE,
  outside: NONE,
  confined: NONE,
  error: false,
  target: false,
  errorInInput: false,
  crossed: 0,
  activityAt: -Infinity,
  errorAt: -Infinity,
  backwards: false,
};

/** Returns the lineage of what was computed from both. */
export function join(a: Lineage, b: Lineage): Lineage {
  if (a === NOTHING || a === b) return b;
  if (b === NOTHING) return a;
  return {
    sources: union(a.sources, b.sources),
    transposed: union(a.transposed, b.transposed),
    read: union(a.read, b.read),
    scalars: union(a.scalars, b.scalars),
    states: union(a.states, b.states),
    outside: union(a.outside, b.outside),
    confined: union(a.confined, b.confined),
    error: a.error || b.error,
    target: a.target || b.target,
    errorInInput: a.errorInInput || b.errorInInput,
    crossed: Math.max(a.crossed, b.crossed),
    activityAt: Math.max(a.activityAt, b.activityAt),
    errorAt: Math.max(a.errorAt, b.errorAt),
    backwards: a.backwards || b.backwards,
  };
}

/**
 * Returns whether one of several factors is an error of a later time than another factor's activity, by more than the
 * steps that activity takes along a projection. A trace is as recent as the latest activity in it, so that an error may
 * meet what was accumulated forwards.
 */
export const meetsEarlier = (factors: readonly Lineage[], delay: number): boolean =>
  factors.some(({ errorAt }, index) =>
    factors.some(
      ({ activityAt }, other) => other !== index && activityAt !== -Infinity && activityAt < errorAt - delay,
    ),
  );

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  if (b.size === 0 || a === b) return a;
  if (a.size === 0) return b;
  return new Set([...a, ...b]);
}

/** A tensor's values, by the bytes that they take: the whole of its base, or a part. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly lineage: Lineage;
}

/**
 * The lineage of every tensor, by its place on the heap. Views, such as the rows of one step of a sequence, have a lineage
 * of their own.
 */
export class Lineages {
  readonly #blocks = new Map<number, { whole: Lineage; readonly parts: Map<string, Part> }>();

  of(tensor: Tensor): Lineage {
    const block = this.#blocks.get(tensor.base.offset);
    if (!block) return NOTHING;
    const { from, to } = placeOf(tensor);
    const parts = [...block.parts.values()].filter((part) => part.from < to && from < part.to);
    const within = covers(parts, from, to) ? NOTHING : block.whole;
    return parts.reduce((lineage, part) => join(lineage, part.lineage), within);
  }

  set(tensor: Tensor, lineage: Lineage): void {
    const { base } = tensor;
    const { from, to } = placeOf(tensor);
    const block = this.#blocks.get(base.offset);
    const isWhole = tensor.offset === base.offset && tensor.size === base.size;
    if (isWhole) this.#blocks.set(base.offset, { whole: lineage, parts: new Map() });
    else if (block) block.parts.set(`${from}–${to}`, { from, to, lineage });
    else {
      const parts = new Map([[`${from}–${to}`, { from, to, lineage }]]);
      this.#blocks.set(base.offset, { whole: NOTHING, parts });
    }
  }
}

/** Tells whether parts leave nothing of a place out, so that what the whole was before is gone. */
function covers(parts: readonly Part[], from: number, to: number): boolean {
  let end = from;
  for (const part of [...parts].sort((a, b) => a.from - b.from)) {
    if (part.from > end) return false;
    end = Math.max(end, part.to);
  }
  return end >= to;
}

/** In bytes from the start of the base. */
const placeOf = ({ offset, size, type, base }: Tensor): { from: number; to: number } => {
  const from = offset - base.offset;
  return { from, to: from + size * BYTES_PER_ELEMENT[type] };
};
