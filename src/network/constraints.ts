import { ApicalError } from '../errors.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Projection } from './area.ts';
import type { Parameter } from './parameter.ts';

/**
 * A constraint on the weights of each unit, enforced after every update: their sum or norm is restored, and none leaves
 * its limits (von der Malsburg 1973; Miller, Keller & Stryker 1989; Miller & MacKay 1994).
 */
export interface Constraint {
  /**
   * The weights that are constrained together:
   * - `incoming`: those of a projection onto one postsynaptic unit, a column of the matrix;
   * - `outgoing`: those of a projection from one presynaptic unit, a row;
   * - `afferents`: those onto one postsynaptic unit of all plastic projections with this constraint that end in its area.
   */
  readonly over: 'incoming' | 'outgoing' | 'afferents';
  /**
   * - `multiplicative`: w ← γw, which conserves Σ|w|, or the norm √(Σw²);
   * - `subtractive`: w ← w − ε, which conserves Σw.
   */
  readonly how: 'multiplicative' | 'subtractive';
  /** What is conserved for each unit: the sum, or the norm. Default: that before the first update. */
  readonly total?: number;
  /** Whether a multiplicative constraint conserves Σ|w| (1) or √(Σw²) (2). Default 1. */
  readonly norm?: 1 | 2;
  /**
   * Smallest and largest weight. A weight that would pass a limit is set to it, and the other weights of the unit take up
   * the difference, as far as their own limits allow.
   */
  readonly limits?: readonly [low: number, high: number];
  /** Whether a weight that reaches a limit stays there for good. Default false. */
  readonly freeze?: boolean;
}

/** The weights of one projection under a constraint. */
interface Member {
  readonly projection: Projection;
  /** 1 where a synapse may change, and 0 where it is frozen or does not exist; only if weights freeze. */
  readonly free: Tensor | undefined;
  /** The weights of frozen synapses, 0 elsewhere. */
  readonly held: Tensor | undefined;
}

/** Projections whose weights are constrained together, unit by unit. */
interface Group {
  readonly constraint: Constraint;
  readonly members: readonly Member[];
  /** (units): Σw, Σ|w| or Σw² of each unit. */
  readonly totals: Tensor;
  /** (1): whether `totals` has been set, 1 or 0. */
  readonly started: Tensor;
}

/** The constraints of an optimiser, and their state. */
export class Constraints {
  readonly #compute: Compute;
  readonly #groups = new Map<Parameter, Group>();
  readonly #tensors = new Map<string, Tensor>();
  readonly #updated = new Set<Group>();

  /** Throws `optimiser.constraint` for a constraint that a projection cannot meet. */
  constructor(
    compute: Compute,
    parameters: readonly Parameter[],
    constraintOf: (parameter: Parameter) => Constraint | undefined,
  ) {
    this.#compute = compute;
    const joint = new Map<string, Projection[]>();
    for (const parameter of parameters) {
      const constraint = constraintOf(parameter);
      if (!constraint || !(parameter instanceof Projection)) continue;
      checkConstraint(parameter, constraint);
      if (constraint.over === 'afferents') {
        const projections = joint.get(parameter.to.id) ?? [];
        joint.set(parameter.to.id, [...projections, parameter]);
      } else this.#add(parameter.id, constraint, [parameter]);
    }
    for (const [area, projections] of joint) {
      const [first, ...others] = projections.map((projection) => constraintOf(projection) as Constraint);
      const other = others.findIndex((constraint) => JSON.stringify(constraint) !== JSON.stringify(first));
      if (other !== -1) {
        throw new ApicalError(
          'optimiser.constraint',
          `Projections "${projections[0]?.id ?? ''}" and "${projections[other + 1]?.id ?? ''}" end in area "${area}" with different constraints over its afferents. Give both the same constraint.`,
          { area },
        );
      }
      this.#add(`${area}.afferents`, first as Constraint, projections);
    }
  }

  /** Returns the state tensors by name, for checkpoints. */
  tensors(): ReadonlyMap<string, Tensor> {
    return this.#tensors;
  }

  /** Takes note of an update that is about to change a parameter. The first one measures the totals. */
  begin(compute: Compute, parameter: Parameter): void {
    const group = this.#groups.get(parameter);
    if (!group) return;
    this.#updated.add(group);
    if (group.started.data[0] === 1) return;
    const { constraint, members, totals, started } = group;
    for (const { projection, free, held } of members) {
      if (free) copyExisting(compute, free, projection);
      if (held) compute.fill(held, 0);
    }
    const { total } = constraint;
    if (total === undefined) sumMeasures(compute, totals, group);
    else compute.fill(totals, constraint.norm === 2 ? total ** 2 : total);
    compute.fill(started, 1);
  }

  /** Enforces the constraints on all parameters that were updated since the last call. */
  enforce(compute: Compute): void {
    for (const group of this.#updated) compute.scope(() => enforceGroup(compute, group));
    this.#updated.clear();
  }

  /** Frees the state tensors. */
  dispose(): void {
    for (const tensor of this.#tensors.values()) this.#compute.free(tensor);
  }

  #add(name: string, constraint: Constraint, projections: readonly Projection[]): void {
    const state = (id: string, shape: readonly number[]) => {
      const tensor = this.#compute.allocate(shape);
      this.#tensors.set(id, tensor);
      return tensor;
    };
    const { freeze = false, over } = constraint;
    const [first] = projections as [Projection];
    const units = over === 'outgoing' ? first.from.units : unitsOver(first);
    const group: Group = {
      constraint,
      members: projections.map((projection) => ({
        projection,
        free: freeze ? state(`${projection.id}.free`, projection.weights.shape) : undefined,
        held: freeze ? state(`${projection.id}.held`, projection.weights.shape) : undefined,
      })),
      totals: state(`${name}.totals`, [units]),
      started: state(`${name}.started`, [1]),
    };
    this.#compute.fill(group.started, 0);
    for (const projection of projections) this.#groups.set(projection, group);
  }
}

/** Number of postsynaptic units with weights of their own: channels, if positions share a kernel. */
const unitsOver = ({ sharing, to }: Projection): number => (sharing === 1 ? to.units : (to.shape[0] ?? 1));

const sideOf = ({ over }: Constraint): 'incoming' | 'outgoing' => (over === 'outgoing' ? over : 'incoming');

/** The weights of a member while a group is enforced, all of its shape. */
interface Work extends Member {
  /** 1 where the correction applies, and 0 at weights that are set to a limit. */
  readonly active: Tensor;
  /** The corrected weights, before they are clipped. */
  readonly corrected: Tensor;
  readonly clipped: Tensor;
  /** How much clipping changes the conserved quantity at each active weight. */
  readonly moved: Tensor;
}

/**
 * Corrects the weights of every unit by one number γ or ε, such that its total holds after clipping. Each pass computes
 * the number from the active weights; if clipping then changes the total, the weights at the limit that changed it more
 * are set to this limit, which is where they end, and the others are corrected again (Bitran & Hax 1981, for one
 * constraint and limits). At least one weight is set in each pass, so the passes end; most often they are one or two.
 */
function enforceGroup(compute: Compute, group: Group): void {
  const { constraint, members, totals } = group;
  const { limits, freeze = false } = constraint;
  const side = sideOf(constraint);
  const work = members.map((member): Work => {
    const { weights } = member.projection;
    const like = () => compute.temporary(weights.shape);
    const active = like();
    if (member.free) {
      compute.copy(active, member.free);
      restoreFrozen(compute, member);
    } else copyExisting(compute, active, member.projection);
    return { ...member, active, corrected: like(), clipped: like(), moved: like() };
  });
  if (limits && constraint.how === 'multiplicative') {
    for (const { projection } of work) clip(compute, projection, projection.weights, limits);
  }
  const balance = compute.temporary(totals.shape);
  for (;;) {
    correct(compute, group, work);
    if (!limits) break;
    for (const { projection, active, corrected, clipped, moved } of work) {
      compute.copy(clipped, corrected);
      clip(compute, projection, clipped, limits);
      compute.scope(() => {
        const before = compute.temporary(corrected.shape);
        measure(compute, before, corrected, constraint);
        measure(compute, moved, clipped, constraint);
        compute.subtract(moved, moved, before);
        compute.multiply(moved, moved, active);
      });
    }
    sumOver(compute, balance, work, side, ({ moved }) => moved);
    if (isZero(compute, balance)) break;
    for (const each of work) setClipped(compute, each, balance, side);
  }
  for (const { projection, free, held, corrected, clipped } of work) {
    compute.copy(projection.weights, limits ? clipped : corrected);
    if (limits && freeze && free && held) freezeAtLimits(compute, projection, free, held, limits);
  }
}

/** Clips values at existing synapses. */
function clip(
  compute: Compute,
  { mask }: Projection,
  values: Tensor,
  limits: readonly [low: number, high: number],
): void {
  compute.clip(values, values, ...limits);
  if (mask) compute.multiply(values, values, mask);
}

/** Computes the corrected weights of all members; weights that are not active stay as they are. */
function correct(compute: Compute, group: Group, work: readonly Work[]): void {
  const { constraint, totals } = group;
  const side = sideOf(constraint);
  const perUnit = () => compute.temporary(totals.shape);
  compute.scope(() => {
    const [excess, ofActive] = [perUnit(), perUnit()];
    sumMeasures(compute, excess, group);
    compute.subtract(excess, excess, totals);
    if (constraint.how === 'subtractive') {
      // ε = (Σw − total) / (number of active weights); without any there is nothing to subtract from.
      sumOver(compute, ofActive, work, side, ({ active }) => active);
      compute.clip(ofActive, ofActive, 1, Infinity);
      compute.divide(excess, excess, ofActive);
      for (const { projection, active, corrected } of work) {
        compute.copy(corrected, projection.weights);
        projection.scaleByUnit(compute, corrected, active, excess, side, -1, 1);
      }
      return;
    }
    // γ^p = (Σ_active|w|^p − excess) / Σ_active|w|^p, and 0 if the other weights alone exceed the total.
    sumOver(compute, ofActive, work, side, ({ projection, active, moved }) => {
      measure(compute, moved, projection.weights, constraint);
      compute.multiply(moved, moved, active);
      return moved;
    });
    const factor = perUnit();
    compute.subtract(factor, ofActive, excess);
    compute.clip(factor, factor, 0, Infinity);
    compute.clip(ofActive, ofActive, TINY, Infinity);
    compute.divide(factor, factor, ofActive);
    if (constraint.norm === 2) compute.sqrt(factor, factor);
    for (const { projection, active, corrected, moved } of work) {
      compute.multiply(moved, projection.weights, active);
      compute.subtract(corrected, projection.weights, moved);
      projection.scaleByUnit(compute, corrected, moved, factor, side, 1, 1);
    }
  });
}

/** Weights whose sum is below this do not scale: 0 times any factor is 0. */
const TINY = 1e-30;

/** Sets the weights that clipping moved in the direction in which it moved the sum of their unit; they are active no longer. */
function setClipped(
  compute: Compute,
  { projection, active, clipped, moved }: Work,
  balance: Tensor,
  side: 'incoming' | 'outgoing',
): void {
  const { weights } = projection;
  compute.scope(() => {
    const [chosen, zero] = [compute.temporary(weights.shape), compute.temporary(weights.shape)];
    compute.fill(zero, 0);
    projection.scaleByUnit(compute, chosen, active, balance, side, 1, 0);
    compute.multiplyBySign(chosen, moved, chosen);
    compute.below(chosen, zero, chosen);
    compute.subtract(active, active, chosen);
    compute.multiply(clipped, clipped, chosen);
    compute.fill(zero, 1);
    compute.subtract(chosen, zero, chosen);
    compute.multiply(weights, weights, chosen);
    compute.add(weights, weights, clipped);
  });
}

/** Gives frozen weights the values that they had before the update. */
function restoreFrozen(compute: Compute, { projection, free, held }: Member): void {
  const { weights } = projection;
  compute.multiply(weights, weights, free as Tensor);
  compute.add(weights, weights, held as Tensor);
}

/** Freezes the weights that are at a limit. */
function freezeAtLimits(
  compute: Compute,
  { weights }: Projection,
  free: Tensor,
  held: Tensor,
  [low, high]: readonly [number, number],
): void {
  compute.scope(() => {
    const [limit, inside] = [compute.temporary(weights.shape), compute.temporary(weights.shape)];
    compute.fill(limit, low);
    compute.below(inside, limit, weights);
    compute.multiply(free, free, inside);
    compute.fill(limit, high);
    compute.below(inside, weights, limit);
    compute.multiply(free, free, inside);
    compute.multiply(held, weights, free);
    compute.subtract(held, weights, held);
  });
}

/** Computes 1 where a synapse exists and 0 elsewhere. */
function copyExisting(compute: Compute, out: Tensor, { mask }: Projection): void {
  if (mask) compute.copy(out, mask);
  else compute.fill(out, 1);
}

/** Computes the conserved quantity of every unit: see `measure`. */
function sumMeasures(compute: Compute, out: Tensor, { members, constraint }: Group): void {
  sumOver(compute, out, members, sideOf(constraint), ({ projection: { weights } }) => {
    const measured = compute.temporary(weights.shape);
    measure(compute, measured, weights, constraint);
    return measured;
  });
}

/** Computes what a constraint sums over the weights of a unit: w if subtractive, |w| or w² if multiplicative. */
function measure(compute: Compute, out: Tensor, weights: Tensor, { how, norm = 1 }: Constraint): void {
  if (how === 'subtractive') compute.copy(out, weights);
  else if (norm === 2) compute.multiply(out, weights, weights);
  else compute.abs(out, weights);
}

/** Sums values at the synapses of every unit, over all members. */
function sumOver<Each extends Member>(
  compute: Compute,
  out: Tensor,
  members: readonly Each[],
  side: 'incoming' | 'outgoing',
  valuesOf: (member: Each) => Tensor,
): void {
  for (const [index, member] of members.entries()) {
    compute.scope(() => {
      member.projection.sumByUnit(compute, out, valuesOf(member), side, 1, index === 0 ? 0 : 1);
    });
  }
}

/** Returns whether every element is 0. Reads one number back: it only decides whether another pass is needed. */
function isZero(compute: Compute, values: Tensor): boolean {
  return compute.scope(() => {
    const square = compute.temporary([1], 'f64');
    compute.dot(square, values, values);
    return square.data[0] === 0;
  });
}

/** Throws `optimiser.constraint` for a constraint that makes no sense, or that the projection cannot meet. */
function checkConstraint(projection: Projection, constraint: Constraint): void {
  const { over, how, total, norm = 1, limits, freeze = false } = constraint;
  const { id, signs, isSymmetric } = projection;
  const refuse = (problem: string): never => {
    throw new ApicalError('optimiser.constraint', `The constraint of projection "${id}" ${problem}.`, {
      projection: id,
    });
  };
  if (how === 'subtractive' && norm === 2) {
    refuse(
      'is subtractive with norm 2, but subtraction conserves a sum. Set "norm" to 1, or "how" to "multiplicative"',
    );
  }
  if (total !== undefined && (!Number.isFinite(total) || (how === 'multiplicative' && total <= 0))) {
    refuse(`has the total ${total}, but it must be finite, and above 0 if multiplicative`);
  }
  if (limits && !(limits[0] < limits[1])) {
    refuse(`has the limits ${limits.join(' and ')}. Give the smaller first, below the larger`);
  }
  if (limits && how === 'multiplicative' && limits[0] < 0 && limits[1] > 0) {
    refuse(
      `is multiplicative with limits of ${limits.join(' and ')}, but a factor keeps the sign of a weight. Set one limit to 0, or "how" to "subtractive"`,
    );
  }
  if (freeze && !limits) {
    refuse('freezes weights at limits, but has none. Give "limits", or leave "freeze" out');
  }
  if (isSymmetric) {
    refuse('applies to single units, but the projection is symmetric. Leave one of the two out');
  }
  if (signs && (how === 'subtractive' || limits)) {
    refuse(
      'would move weights across the signs of Dale\'s law. Use a multiplicative constraint without limits, or leave "excitatory" out',
    );
  }
  const [axis] = projection.layout;
  const isKernel = axis?.name === 'lower channel';
  const isMatrix = axis?.name === 'presynaptic' && projection.sharing === 1;
  if (isMatrix || (isKernel && (over === 'incoming' || (over === 'afferents' && projection.sharing === 1))))
    return;
  refuse(
    isKernel
      ? `is over ${over === 'outgoing' ? 'outgoing weights' : 'afferents'}, which single units do not have where kernels slide. Use "incoming"`
      : 'applies to single units, but its units share weights. Leave the constraint of this projection out',
  );
}
