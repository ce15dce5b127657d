import {
  backpropagateThroughTime,
  energyTerms,
  hopfield,
  isSettling,
  Linearisation,
} from '../dynamics/index.ts';
import type {
  LearningStep,
  Moment,
  Phase,
  RelaxationOptions,
  SettledPhase,
  SettlingDynamics,
} from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import type { Area, Projection } from '../network/area.ts';
import type { Parameter } from '../network/parameter.ts';
import { materialise } from '../network/terms.ts';
import type { Term } from '../network/terms.ts';
import { changesOverTime } from '../rules/shared/contrast.ts';
import type { Batch, Learner } from '../learning/learner.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A learner whose network settles, with the batch on which it settles and the durations of its phases. */
export interface SettlingSubject {
  readonly compute: Compute;
  readonly learner: Learner;
  readonly batch: Batch;
  /** Number of steps of the free phase, which starts from silence. */
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  /** Step size in membrane time constants. */
  readonly stepSize: number;
  /** Nudging strength β. */
  readonly nudge: number;
}

/** A named quantity, recorded at every step. */
export interface Trace {
  readonly name: string;
  readonly values: readonly number[];
}

/** Returns the dynamics of a learner whose network settles. Throws `analysis.not-settling` for any other learner. */
export function settlingDynamicsOf({ rule }: Learner): SettlingDynamics {
  const { dynamics } = rule;
  if (isSettling(dynamics)) return dynamics;
  throw new ApicalError(
    'analysis.not-settling',
    `Rule "${rule.id}" runs on ${dynamics.title.charAt(0).toLowerCase()}${dynamics.title.slice(1)}, where nothing settles. Choose a rule whose network settles, such as equilibrium-propagation.`,
    { rule: rule.id },
  );
}

/** Runs `look` in a step of the learner that changes nothing. */
function within({ compute, learner, batch }: SettlingSubject, look: (step: LearningStep) => void): void {
  compute.scope(() => {
    learner.observe(batch, 0, look);
  });
}

const freely = (
  step: LearningStep,
  { learner, freeSteps, stepSize }: SettlingSubject,
  each?: (moment: Moment) => void,
): SettledPhase =>
  step.run(settlingDynamicsOf(learner), 'free', {
    steps: freeSteps,
    stepSize,
    tolerance: 0,
    start: undefined,
    each,
  });

const nudged = (
  step: LearningStep,
  { learner, nudgedSteps, stepSize, nudge }: SettlingSubject,
  free: Phase,
  each?: (moment: Moment) => void,
): SettledPhase =>
  step.run(settlingDynamicsOf(learner), 'nudged', {
    steps: nudgedSteps,
    stepSize,
    tolerance: 0,
    start: free,
    nudge,
    each,
  });

/** Returns the areas that settle: all except the input. */
const settling = ({ network }: LearningStep) => network.areas.filter((area) => !area.isInput);

/**
 * Records the energy and its terms after every step of the free and then the nudged phase, starting from silence and
 * averaged over examples; empty for a network without an energy. Also records, for every network, the speed of the
 * units: the root mean square of ds/dt.
 */
export function energyTraces(subject: SettlingSubject): {
  readonly energy: readonly Trace[];
  readonly speed: Trace;
} {
  const { compute, learner } = subject;
  settlingDynamicsOf(learner);
  const energy = new Map<string, number[]>();
  const speeds: number[] = [];
  within(subject, (step) => {
    let before: Tensor[] | undefined;
    const look = (moment: Moment) => {
      compute.scope(() => {
        if (learner.rule.dynamics.id !== hopfield.id) return;
        let total = 0;
        for (const [name, term] of energyTerms(compute, learner.network, moment)) {
          const value = meanOf(term);
          total += value;
          record(energy, name, value);
        }
        record(energy, 'energy', total);
      });
      const states = settling(step).map((area) => copyOf(compute, moment.state(area)));
      if (before) {
        let [square, count] = [0, 0];
        for (const [index, state] of states.entries()) {
          square += distance(compute, state, before[index] as Tensor) ** 2;
          count += state.size;
        }
        speeds.push(Math.sqrt(square / count) / moment.size);
      } else speeds.push(NaN);
      before = states;
    };
    const free = freely(step, subject, look);
    nudged(step, subject, free, look);
  });
  return {
    energy: [...energy].map(([name, values]) => ({ name, values })).reverse(),
    speed: { name: 'speed', values: speeds },
  };
}

/** Comparison of the nudged phase's updates with backpropagation through the same number of steps back in time. */
export interface UpdateCurve {
  readonly projection: string;
  /** Cumulative update along the whole gradient, as a fraction of that gradient: 1 is all of it. */
  readonly nudged: readonly number[];
  readonly unrolled: readonly number[];
  /** ‖update − gradient‖ / ‖gradient‖ of the cumulative sums. */
  readonly error: readonly number[];
}

/**
 * Compares the update of a synapse in each step of the nudged phase, (1/β)(ρ_i Δρ_j + Δρ_i ρ_j), with a negative
 * gradient: that of backpropagation through time, the same number of steps back from the end of the free phase.
 * From a fixed point the two agree step by step as β → 0. Source: Ernoult et al. (2019), NeurIPS 32, theorem 1.
 */
export function updateCurves(subject: SettlingSubject): readonly UpdateCurve[] {
  const { compute, learner, nudge, nudgedSteps, freeSteps, stepSize, batch } = subject;
  const dynamics = settlingDynamicsOf(learner);
  const oneWay = dynamics.id !== hopfield.id && dynamics.relaxation.settles === 'states';
  const curves: UpdateCurve[] = [];
  within(subject, (step) => {
    const free = freely(step, subject);
    const byNudge = new Steps(compute);
    nudged(
      step,
      subject,
      free,
      changesOverTime(
        { ...step, emit: byNudge.emit, apply: () => byNudge.next() },
        free,
        1 / (nudge * batch.inputs.rows),
        oneWay ? 'one-way' : 'both-ways',
      ),
    );
    const byTime = new Steps(compute);
    backpropagateThroughTime({ ...step, emit: byTime.emit }, dynamics, {
      phase: { steps: freeSteps, stepSize, tolerance: 0, start: undefined },
      back: nudgedSteps,
      each: () => byTime.next(),
    });
    for (const projection of learner.network.projections) {
      const [propagated, unrolled] = [byNudge.sums(projection), byTime.sums(projection)];
      const whole = unrolled.at(-1);
      if (!whole || propagated.length === 0) continue;
      const power = inner(compute, whole, whole);
      const along = (sums: readonly Tensor[]) => sums.map((sum) => inner(compute, sum, whole) / power);
      curves.push({
        projection: projection.id,
        nudged: along(propagated),
        unrolled: along(unrolled),
        error: propagated.map((sum, index) => {
          const exact = unrolled[index] as Tensor;
          return distance(compute, sum, exact) / Math.sqrt(inner(compute, exact, exact));
        }),
      });
    }
  });
  return curves;
}

/** Collects terms step by step, as running sums for each projection. */
class Steps {
  readonly #compute: Compute;
  #terms = new Map<Parameter, Term[]>();
  readonly #sums = new Map<Parameter, Tensor[]>();

  constructor(compute: Compute) {
    this.#compute = compute;
  }

  readonly emit = (parameter: Parameter, term: Term): void => {
    this.#terms.set(parameter, [...(this.#terms.get(parameter) ?? []), term]);
  };

  /** Ends a step. */
  next(): void {
    for (const [parameter, terms] of this.#terms) {
      const sum = this.#compute.temporary(parameter.values.shape);
      materialise(this.#compute, parameter, sum, terms);
      const sums = this.#sums.get(parameter) ?? [];
      const last = sums.at(-1);
      if (last) this.#compute.add(sum, sum, last);
      this.#sums.set(parameter, [...sums, sum]);
    }
    this.#terms = new Map();
  }

  sums(projection: Projection): readonly Tensor[] {
    return this.#sums.get(projection) ?? [];
  }
}

/** The first effect of the outputs' error on an area after the nudge. */
export interface EarlyInference {
  readonly area: string;
  /** Step of the nudged phase, from 1, at which the area's units first moved. */
  readonly arrival: number;
  /** Cosine between that first movement and −∂C/∂h, the error propagated back across the same number of areas. */
  readonly cosine: number;
  /** Distance from the free state after every step, divided by β. */
  readonly moved: readonly number[];
}

/**
 * Measures early inference: right after outputs are nudged, areas move along −∂C/∂h, one area deeper at each step.
 *
 *   ds/dt ∝ −∂C/∂h,     ∂C/∂h: ( 1 + ε (∂F/∂s)ᵀ )ⁿ ∂C/∂s at its first arrival
 *
 * Source: Scellier & Bengio (2017), section 2.3. Assumes a fixed point and a small β.
 */
export function earlyInference(subject: SettlingSubject): readonly EarlyInference[] {
  const { compute, learner, nudge } = subject;
  const { relaxation } = settlingDynamicsOf(learner);
  const found: EarlyInference[] = [];
  within(subject, (step) => {
    const free = freely(step, subject);
    const moved = new Map<Area, { norms: number[]; first?: Tensor; arrival: number }>();
    const areas = settling(step);
    for (const area of areas) moved.set(area, { norms: [], arrival: 0 });
    // Subtract the movement that occurs even without a nudge, left over from an incompletely settled free phase.
    const drift: ReadonlyMap<Area, Tensor>[] = [];
    const keep = (into: ReadonlyMap<Area, Tensor>[]) => (moment: Moment) =>
      void into.push(new Map(areas.map((area) => [area, copyOf(compute, moment.state(area))])));
    nudged(step, { ...subject, nudge: 0 }, free, keep(drift));
    const pulled: ReadonlyMap<Area, Tensor>[] = [];
    nudged(step, subject, free, keep(pulled));
    for (const [index, states] of pulled.entries()) {
      for (const [area, effect] of moved) {
        const change = states.get(area) as Tensor;
        compute.subtract(change, change, drift[index]?.get(area) as Tensor);
        const norm = Math.sqrt(inner(compute, change, change));
        effect.norms.push(norm / nudge);
        if (norm > 0 && !effect.first) Object.assign(effect, { first: change, arrival: index + 1 });
      }
    }
    const errors = firstErrors(
      step,
      new Linearisation(step, relaxation, free, free.settling.feedbackGain),
      free,
      subject,
    );
    for (const [area, { norms, first, arrival }] of moved) {
      const error = errors.get(area);
      if (!first || !error) continue;
      const cosine =
        -inner(compute, first, error) /
        Math.sqrt(inner(compute, first, first) * inner(compute, error, error));
      found.push({ area: area.id, arrival, cosine, moved: norms });
    }
  });
  return found;
}

/** Returns the first nonzero λ of every area as errors travel back from the outputs. */
function firstErrors(
  { compute }: LearningStep,
  linear: Linearisation,
  free: Phase,
  { stepSize }: SettlingSubject,
): ReadonlyMap<Area, Tensor> {
  const errors = new Map<Area, Tensor>();
  const [lambda, delta, change] = [linear.make(), linear.make(), linear.make()];
  linear.pull(lambda);
  for (let taken = 0; taken < linear.areas.length; taken++) {
    linear.bound(lambda, (area) => free.rate(area));
    for (const [area, adjoint] of lambda) {
      if (!errors.has(area) && inner(compute, adjoint, adjoint) > 0)
        errors.set(area, copyOf(compute, adjoint));
    }
    linear.signals(lambda, delta);
    linear.transposed(lambda, delta, change);
    for (const [area, adjoint] of lambda) compute.addScaled(adjoint, change.get(area) as Tensor, stepSize);
  }
  return errors;
}

/** Distance of a free phase's start from its fixed point: ‖rate at the start − rate at the end‖ / ‖rate at the end‖. */
export interface StartDistance {
  readonly area: string;
  readonly feedforward: number;
  /** Distance after a feedforward pass that doubles the bottom-up input of every area with top-down input. */
  readonly doubled: number;
  readonly silence: number;
}

/**
 * Measures the distance, over the batch, between the start and the end of a free phase (S23).
 *
 * A feedforward pass lacks top-down input. If neighbouring areas reconstruct each other, top-down and bottom-up input
 * are equal. Twice the bottom-up input is then the sum of both, and the doubled pass is the fixed point.
 * Source: Bengio, Scellier, Bilaniuk, Sacramento & Senn (2016), arXiv:1606.01651.
 */
export function startDistances(subject: SettlingSubject): readonly StartDistance[] {
  const { compute, learner, stepSize } = subject;
  const dynamics = settlingDynamicsOf(learner);
  const distances: StartDistance[] = [];
  within(subject, (step) => {
    const end = freely(step, subject);
    const begun = (options: RelaxationOptions) =>
      step.run(dynamics, 'start', { steps: 0, stepSize, tolerance: 0, start: undefined, ...options });
    const silent = begun({});
    const passed = begun({ start: 'feedforward' });
    const doubled = begun({ start: 'feedforward', values: twiceFromBelow(step) });
    for (const area of settling(step)) {
      const norm = Math.sqrt(inner(compute, end.rate(area), end.rate(area)));
      const from = (phase: Phase) => distance(compute, phase.rate(area), end.rate(area)) / norm;
      distances.push({
        area: area.id,
        feedforward: from(passed),
        doubled: from(doubled),
        silence: from(silent),
      });
    }
  });
  return distances;
}

/** Doubles the weights of forward projections into areas that also send forward, and so receive top-down input. */
function twiceFromBelow({ compute, network }: LearningStep): (parameter: Parameter) => Tensor | undefined {
  const twice = new Map<Parameter, Tensor>();
  for (const projection of network.projections) {
    const { kind, to, weights } = projection;
    if (
      kind !== 'forward' ||
      !network.projections.some((above) => above.kind === 'forward' && above.from === to)
    )
      continue;
    const values = compute.temporary(weights.shape);
    compute.scale(values, weights, 2);
    twice.set(projection, values);
  }
  return (parameter) => twice.get(parameter);
}

const record = (into: Map<string, number[]>, name: string, value: number) =>
  void into.set(name, [...(into.get(name) ?? []), value]);

const meanOf = (tensor: Tensor) => tensor.toArray().reduce((sum, value) => sum + value, 0) / tensor.size;

function copyOf(compute: Compute, tensor: Tensor): Tensor {
  const copy = compute.temporary(tensor.shape);
  compute.copy(copy, tensor);
  return copy;
}

/** Computes ⟨a, b⟩ in f64. Reads a value back: for probes only. */
function inner(compute: Compute, a: Tensor, b: Tensor): number {
  return compute.scope(() => {
    const sum = compute.temporary([1], 'f64');
    compute.dot(sum, a, b);
    return sum.data[0] as number;
  });
}

const distance = (compute: Compute, a: Tensor, b: Tensor): number =>
  compute.scope(() => {
    const difference = compute.temporary(a.shape);
    compute.subtract(difference, a, b);
    return Math.sqrt(inner(compute, difference, difference));
  });
