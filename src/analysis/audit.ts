import type { Phase } from '../dynamics/phase.ts';
import type { Objective } from '../network/objectives/objective.ts';
import type { Parameter } from '../network/parameter.ts';
import { Projection } from '../network/area.ts';
import type { Area } from '../network/area.ts';
import type { Term } from '../network/terms.ts';
import type { Batch, Learner, StepObserver } from '../learning/learner.ts';
import type { Stream } from '../random/stream.ts';
import type { Compute } from '../tensor/compute.ts';
import { OPERATIONS, readsFirstArgument } from '../tensor/operations.ts';
import type { MatmulForm } from '../tensor/products.ts';
import type { Operations } from '../tensor/operations.ts';
import { BYTES_PER_ELEMENT, Tensor } from '../tensor/tensor.ts';

/** The information that reached the synapses of one projection, as recorded in one real step. */
export interface LocalityRow {
  readonly projection: string;
  /** Projections whose transposed weights were used, including by activity that settles in both directions. */
  readonly transposedWeights: readonly string[];
  /** Other projections whose weights were read in any way except by sending a signal through them. */
  readonly otherWeights: readonly string[];
  /** Whether a signed signal arrived here that was computed from an objective's error and is not activity. */
  readonly signedError: boolean;
  /** Whether the target itself arrived here, or the activity of an area that was clamped to it. */
  readonly target: boolean;
  /** Whether the input's activity carried an error: the phase presented inputs computed from an error or a target. */
  readonly errorInInput: boolean;
  /** Single numbers computed from many and used here. */
  readonly globalScalars: readonly string[];
  /** Number of phases in the step. */
  readonly phases: number;
  /** Number of projections that the error crossed in sequence before this synapse could change. */
  readonly waitsForProjections: number;
  /** All sources of the update: "activity of hidden1", "error of output", "through a→b". */
  readonly sources: readonly string[];
}

/** Cost of a step for one example, as counted in a real step. */
export interface Cost {
  /** Multiply–accumulates of the phases, of the terms, and of the weight changes. */
  readonly forwardMacs: number;
  readonly feedbackMacs: number;
  readonly updateMacs: number;
  /** Bytes of signals sent along projections between areas. */
  readonly bytesBetweenAreas: number;
}

export interface Audit {
  readonly locality: readonly LocalityRow[];
  readonly cost: Cost;
}

/** The sources from which a tensor was computed. */
interface Lineage {
  readonly sources: ReadonlySet<string>;
  readonly transposed: ReadonlySet<string>;
  readonly read: ReadonlySet<string>;
  readonly scalars: ReadonlySet<string>;
  readonly error: boolean;
  readonly target: boolean;
  readonly errorInInput: boolean;
  /** Longest chain of projections crossed since an objective's error. */
  readonly crossed: number;
}

const NONE: ReadonlySet<string> = new Set();
const NOTHING: Lineage = {
  sources: NONE,
  transposed: NONE,
  read: NONE,
  scalars: NONE,
  error: false,
  target: false,
  errorInInput: false,
  crossed: 0,
};

/**
 * Runs one learning step in which every tensor carries its lineage, and reports the information that reached each
 * synapse and the cost of the step. The rule declares nothing: everything is recorded from the operations that it
 * performs. The step changes the learner's weights, as any step does.
 */
export function audit(compute: Compute, learner: Learner, batch: Batch, step = 0): Audit {
  const recorder = new Recorder(learner, batch);
  learner.learn(batch, step, 0, recorder, recorder.observe(compute));
  return { locality: recorder.rows(), cost: recorder.cost() };
}

class Recorder implements StepObserver {
  readonly #lineages = new Map<number, Lineage>();
  readonly #projections = new Map<number, Projection>();
  readonly #learner: Learner;
  readonly #batchRows: number;
  readonly #received = new Map<Projection, { lineage: Lineage; signed: boolean }>();
  /** Temporaries that hold changed weights of a projection; a signal sent through them crosses that projection. */
  readonly #moved = new Map<number, Projection>();
  /** Example weights, if any, such as an actor's advantages, which every synapse receives. */
  readonly #weights: ReadonlySet<string>;
  /** Whether the loss was read as one number, on which later terms may depend. */
  #lossIsRead = false;
  /** Temporaries that hold the patches of a signal for convolution kernels, with the size of the original signal. */
  readonly #unfolded = new Map<number, number>();
  #phases = 0;
  /** Projections along which activity of the current phase travelled backwards. */
  readonly #bothWays = new Set<string>();
  #stage: 'forward' | 'rule' | 'update' = 'rule';
  #macs = { forward: 0, rule: 0, update: 0 };
  #bytes = 0;

  constructor(learner: Learner, batch: Batch) {
    this.#learner = learner;
    this.#batchRows = batch.inputs.rows;
    this.#weights = batch.weights ? new Set(['weight per example']) : NONE;
    for (const projection of learner.network.projections)
      this.#projections.set(projection.weights.offset, projection);
    this.#set(batch.inputs, { ...NOTHING, sources: new Set([`activity of ${learner.network.input.id}`]) });
    this.#set(batch.targets, { ...NOTHING, sources: new Set(['target']), target: true });
  }

  /** Returns the same backend with every operation recorded. */
  observe(compute: Compute): Compute {
    return new Proxy(compute, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const call = value.bind(target) as (...args: unknown[]) => unknown;
        if (!(name in OPERATIONS)) return call;
        return (...args: unknown[]) => {
          this.#operation(name as keyof Operations, args);
          return call(...args);
        };
      },
    });
  }

  stage(stage: 'forward' | 'rule' | 'update'): void {
    this.#stage = stage;
  }

  /**
   * Starts a phase. Activity is locally available to its area, so its history ends here. Activity that was handed in
   * keeps two facts: for a clamped area, whether it shows the target; for the input, whether it carries an error.
   */
  phase(phase: Phase, isGiven: (area: Area) => boolean): void {
    this.#phases += 1;
    const transposed = new Set(this.#bothWays);
    this.#bothWays.clear();
    for (const area of this.#learner.network.areas) {
      if (!phase.takesPart(area)) continue;
      const isInput = area.isInput;
      const sources = new Set([`activity of ${area.id}`]);
      const handedIn = isGiven(area) ? this.#lineage(phase.activity(area)) : NOTHING;
      const isTaught = handedIn.target || handedIn.error || handedIn.errorInInput;
      const lineage = {
        ...NOTHING,
        sources,
        // The input example is not computed from anything.
        transposed: isInput ? NONE : transposed,
        target: isTaught && !isInput,
        errorInInput: isTaught && isInput,
      };
      this.#set(phase.activity(area), lineage);
      this.#set(phase.rate(area), lineage);
      const gain = phase.gain(area);
      if (gain) this.#set(gain, lineage);
      const potential = area.activation.slope.from === 'potential' && phase.potential(area);
      if (potential) this.#set(potential, lineage);
    }
  }

  error(objective: Objective, error: Tensor): void {
    const sources = new Set([`error of ${objective.area.id}`]);
    this.#set(error, { ...NOTHING, sources, scalars: this.#weights, error: true });
  }

  losses(losses: Tensor, asNumber: boolean): void {
    this.#lossIsRead ||= asNumber;
    this.#set(losses, {
      ...NOTHING,
      sources: new Set(['loss']),
      scalars: new Set(['loss per example', ...this.#weights]),
    });
  }

  term(parameter: Parameter, term: Term): void {
    if (!(parameter instanceof Projection)) return;
    const before = this.#received.get(parameter);
    let lineage = before?.lineage ?? NOTHING;
    if (this.#lossIsRead) {
      lineage = join(lineage, { ...NOTHING, sources: new Set(['loss']), scalars: new Set(['loss']) });
    }
    let signed = before?.signed ?? false;
    for (const tensor of tensorsOf(term)) {
      const arrived = this.#lineage(tensor);
      lineage = join(lineage, arrived);
      if (arrived.error) signed ||= hasBothSigns(tensor);
    }
    this.#received.set(parameter, { lineage, signed });
  }

  rows(): LocalityRow[] {
    return [...this.#received].map(([projection, { lineage, signed }]) => ({
      projection: projection.id,
      transposedWeights: [...lineage.transposed],
      otherWeights: [...lineage.read].filter((id) => id !== projection.id),
      signedError: signed,
      target: lineage.target,
      errorInInput: lineage.errorInInput,
      globalScalars: [...lineage.scalars],
      phases: this.#phases,
      waitsForProjections: lineage.crossed,
      sources: [...lineage.sources],
    }));
  }

  cost(): Cost {
    const perExample = (total: number) => total / this.#batchRows;
    return {
      forwardMacs: perExample(this.#macs.forward),
      feedbackMacs: perExample(this.#macs.rule),
      updateMacs: perExample(this.#macs.update),
      bytesBetweenAreas: perExample(this.#bytes),
    };
  }

  #operation(name: keyof Operations, args: readonly unknown[]): void {
    const { roles, multiplyAccumulates } = OPERATIONS[name];
    this.#macs[this.#stage] += multiplyAccumulates?.(args) ?? 0;
    if (this.#stage === 'update') return;

    const inputs = args.filter(
      (argument, index): argument is Tensor => roles[index] === 'in' && argument instanceof Tensor,
    );
    let result = this.#noise(name, args);
    for (const input of inputs) {
      const { offset } = input.base;
      const sentThrough = SENDS.has(name) && args[2] === input ? this.#moved.get(offset) : undefined;
      const projection = this.#projections.get(offset) ?? sentThrough;
      result = join(result, projection ? this.#through(name, args, input, projection) : this.#lineage(input));
    }
    const moved = MOVES.has(name) ? this.#weightsAmong(inputs) : undefined;
    const outputs = args.filter(
      (argument, index): argument is Tensor => isWritten(roles[index]) && argument instanceof Tensor,
    );
    for (const [index, output] of outputs.entries()) {
      let lineage =
        index > 0 || readsFirstArgument(name, args) ? join(result, this.#lineage(output)) : result;
      if (output.size === 1 && inputs.some((input) => input.size > 1)) {
        const number = `one number from ${[...lineage.sources].join(', ')}`;
        lineage = { ...lineage, scalars: new Set([...lineage.scalars, number]) };
      } else if (ONE_NUMBER_AN_EXAMPLE.has(name)) {
        // The lineage is reduced to one number per example.
        const number = `one number an example from ${[...lineage.sources].join(', ')}`;
        lineage = { ...lineage, error: false, target: false, scalars: new Set([...lineage.scalars, number]) };
      }
      this.#set(output, lineage);
      if (name === 'unfold') this.#unfolded.set(output.base.offset, (inputs[0] as Tensor).size);
      if (moved && moved.weights.size === output.size) this.#moved.set(output.base.offset, moved);
    }
  }

  #noise(name: keyof Operations, args: readonly unknown[]): Lineage {
    const at = OPERATIONS[name].roles.indexOf('stream');
    return at < 0 ? NOTHING : { ...NOTHING, sources: new Set([`noise ${(args[at] as Stream).name}`]) };
  }

  #weightsAmong(inputs: readonly Tensor[]): Projection | undefined {
    for (const { base } of inputs) {
      const projection = this.#projections.get(base.offset) ?? this.#moved.get(base.offset);
      if (projection) return projection;
    }
    return undefined;
  }

  /** Returns the lineage of a signal sent through a projection's weights, either way, or of weights read otherwise. */
  #through(
    name: keyof Operations,
    args: readonly unknown[],
    weights: Tensor,
    projection: Projection,
  ): Lineage {
    if (!SENDS.has(name) || args[2] !== weights) return { ...NOTHING, read: new Set([projection.id]) };
    const signal = args[1] as Tensor;
    const sent = this.#lineage(signal);
    // A unit sends its activity once, however many kernels receive it.
    const size = this.#unfolded.get(signal.base.offset) ?? signal.size;
    this.#bytes += size * BYTES_PER_ELEMENT[signal.type];
    const form = args[name === 'sparseMatmul' ? 4 : 3] as MatmulForm | undefined;
    const transposed = form?.transposeB ?? false;
    if (transposed && this.#stage === 'forward') this.#bothWays.add(projection.id);
    return {
      ...NOTHING,
      sources: new Set([`through ${projection.id}${transposed ? ' transposed' : ''}`]),
      transposed: transposed ? new Set([projection.id]) : NONE,
      crossed: sent.error ? sent.crossed + 1 : 0,
    };
  }

  #lineage(tensor: Tensor): Lineage {
    return this.#lineages.get(tensor.base.offset) ?? NOTHING;
  }

  #set(tensor: Tensor, lineage: Lineage): void {
    this.#lineages.set(tensor.base.offset, lineage);
    this.#moved.delete(tensor.base.offset);
    this.#unfolded.delete(tensor.base.offset);
  }
}

/** Operations that send a signal (second argument) through weights (third argument). */
const SENDS: ReadonlySet<keyof Operations> = new Set([
  'matmul',
  'matmulChannels',
  'sparseMatmul',
  'eventMatmul',
]);

/** Operations that compute changed weights from weights. */
const MOVES: ReadonlySet<keyof Operations> = new Set([
  'add',
  'addScaled',
  'combine',
  'copy',
  'multiply',
  'scale',
  'subtract',
]);

/** Operations that leave one number per row. */
const ONE_NUMBER_AN_EXAMPLE: ReadonlySet<keyof Operations> = new Set(['dotRows', 'sumColumns', 'maxColumns']);

const isWritten = (role: string | undefined) => role === 'out' || role === 'inout';

function join(a: Lineage, b: Lineage): Lineage {
  if (a === NOTHING) return b;
  if (b === NOTHING) return a;
  return {
    sources: new Set([...a.sources, ...b.sources]),
    transposed: new Set([...a.transposed, ...b.transposed]),
    read: new Set([...a.read, ...b.read]),
    scalars: new Set([...a.scalars, ...b.scalars]),
    error: a.error || b.error,
    target: a.target || b.target,
    errorInInput: a.errorInInput || b.errorInInput,
    crossed: Math.max(a.crossed, b.crossed),
  };
}

function tensorsOf(term: Term): Tensor[] {
  switch (term.kind) {
    case 'outer':
      return term.pre ? [term.pre, term.post] : [term.post];
    case 'direction':
      return [term.direction];
    case 'weight-decay':
      return [term.perUnit];
    case 'mixing':
      return [term.mixing];
    case 'eligibility':
      return [term.trace, term.signal, term.pre, term.post, term.decay].filter(
        (part) => part instanceof Tensor,
      );
  }
}

function hasBothSigns(tensor: Tensor): boolean {
  let negative = false;
  let positive = false;
  for (const value of tensor.data) {
    negative ||= value < 0;
    positive ||= value > 0;
  }
  return negative && positive;
}
