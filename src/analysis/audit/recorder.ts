import { Projection } from '../../network/area.ts';
import type { Area } from '../../network/area.ts';
import type { Objective } from '../../network/objectives/objective.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { Term } from '../../network/terms.ts';
import type { Phase } from '../../dynamics/phase.ts';
import type { Batch, Learner, StepObserver } from '../../learning/learner.ts';
import type { Stream } from '../../random/stream.ts';
import type { Compute } from '../../tensor/compute.ts';
import { OPERATIONS, readsFirstArgument } from '../../tensor/operations.ts';
import type { Operations } from '../../tensor/operations.ts';
import type { MatmulForm } from '../../tensor/products.ts';
import { BYTES_PER_ELEMENT, Tensor } from '../../tensor/tensor.ts';
import { unwatched } from '../../tensor/watch.ts';
import type { Watcher } from '../../tensor/watch.ts';
import type { Cost, LocalityRow } from './audit.ts';
import { join, Lineages, meetsEarlier, NONE, NOTHING } from './lineage.ts';
import type { Lineage } from './lineage.ts';
import { isWritten, MOVES, reduced, SENDS, SUMS } from './operation-kinds.ts';
import { storedAs } from './stored.ts';

/** A tensor that holds the weights of a projection, perhaps changed or transposed. */
interface Held {
  readonly projection: Projection;
  readonly isTransposed: boolean;
}

/** Follows learning steps: what is computed from what, by operations or outside of them, and what it costs. */
export class Recorder implements StepObserver {
  readonly #learner: Learner;
  readonly #batch: Batch;
  readonly #lineages = new Lineages();
  /** By the offset of their values. */
  readonly #parameters = new Map<number, Parameter>();
  /** Offsets of the tensors that the rule keeps between steps, with their names. */
  readonly #states = new Map<number, string>();
  readonly #received = new Map<Parameter, { lineage: Lineage; signed: boolean }>();
  /** A signal sent through these tensors crosses the projection whose weights they hold. */
  readonly #held = new Map<number, Held>();
  /** Temporaries that hold the patches of a signal for convolution kernels, with the size of the original signal. */
  readonly #unfolded = new Map<number, number>();
  /** Parameters that were touched outside of operations in this step, with their values before. */
  readonly #touched = new Map<Parameter, ArrayLike<number>>();
  /** Example weights, if any, such as an actor's advantages, which every synapse receives. */
  readonly #exampleWeights: ReadonlySet<string>;
  /** All that was read outside of operations so far, on which everything later may depend. */
  #outside: Lineage = NOTHING;
  /** The loss where it was read as one number, on which later terms may depend. */
  #lossRead: Lineage = NOTHING;
  #phases = 0;
  /** Projections along which activity of the current phase travelled backwards. */
  #bothWays = new Set<string>();
  /** Those of the phase that was reported last; the steps of a phase in time share them. */
  #settledThrough: ReadonlySet<string> = NONE;
  /** Largest number of steps that activity takes along a projection. */
  readonly #longestDelay: number;
  /** Time at which the current learning step begins: batches follow each other. */
  #begin = 0;
  /** Whether this is the step of which costs are counted. */
  #counts = true;
  #stage: 'forward' | 'rule' | 'update' = 'rule';
  #macs = { forward: 0, rule: 0, update: 0 };
  #bytes = 0;

  constructor(learner: Learner, batch: Batch) {
    const { network } = learner;
    this.#learner = learner;
    this.#batch = batch;
    this.#exampleWeights = batch.weights ? new Set(['weight per example']) : NONE;
    for (const parameter of [...network.projections, ...network.parameters]) {
      if (parameter.values.size > 0) this.#parameters.set(parameter.values.offset, parameter);
    }
    const tensors = learner.tensors();
    for (const { name } of learner.declaredState) {
      const tensor = tensors.get(`rule/${name}`) ?? tensors.get(`stream/rule/${name}`);
      if (tensor) this.#states.set(tensor.offset, name);
    }
    this.#longestDelay = Math.max(1, ...network.projections.map(delayOf));
  }

  /** Begins a learning step, numbered from 0. */
  begin(taken: number): void {
    this.#counts = taken === 0;
    this.#stage = 'rule';
    const { inputs, targets, named = {}, time } = this.#batch;
    this.#begin = taken * (time?.steps ?? 1);
    this.#set(inputs, { ...NOTHING, sources: new Set([`activity of ${this.#learner.network.input.id}`]) });
    for (const [name, target] of Object.entries({ ...(targets ? { target: targets } : {}), ...named })) {
      const source = name === 'target' ? name : `target ${name}`;
      this.#set(target, { ...NOTHING, sources: new Set([source]), target: true });
    }
  }

  end(): void {
    this.#noteWrites();
  }

  /** Returns the same backend with every operation recorded. */
  observe(compute: Compute): Compute {
    return new Proxy(compute, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const call = value.bind(target) as (...args: unknown[]) => unknown;
        if (name === 'temporary' || name === 'allocate') {
          return (...args: unknown[]) => {
            const made = call(...args) as Tensor;
            // Its contents are undefined or 0, whatever was here before.
            this.#set(made, NOTHING);
            return made;
          };
        }
        if (!(name in OPERATIONS)) return call;
        return (...args: unknown[]) => {
          this.#operation(name as keyof Operations, args);
          // Some operations run in JavaScript: what they read is known.
          return unwatched(compute.heap, () => call(...args));
        };
      },
    });
  }

  /** Notes values that were touched outside of operations. Constants tell nothing: masks, zeros, tables. */
  readonly touched: Watcher = (tensor, how) => {
    if (this.#stage === 'update') return;
    const parameter = this.#parameters.get(tensor.base.offset);
    if (parameter && !this.#touched.has(parameter)) {
      const before = unwatched(tensor.heap, () => parameter.values.data.slice());
      this.#touched.set(parameter, before);
    }
    if (how === 'read') {
      const read = this.#valuesOf(tensor);
      const names = [...read.sources, ...[...read.read].map((id) => `weights of ${id}`)];
      if (names.length > 0) this.#outside = join(this.#outside, { ...read, outside: new Set(names) });
    }
    if (parameter) return;
    if (how === 'overwritten') this.#set(tensor, this.#outside);
    // Whoever reads the values may write them too, now or later.
    else this.#lineages.set(tensor, join(this.#lineages.of(tensor), this.#outside));
  };

  stage(stage: 'forward' | 'rule' | 'update'): void {
    if (stage === 'update') this.#noteWrites();
    this.#stage = stage;
  }

  /**
   * Starts a phase. Activity is locally available to its area, so its history ends here. Activity that was handed in
   * keeps two facts: for a clamped area, whether it shows the target; for the input, whether it carries an error.
   */
  phase(phase: Phase, isGiven: (area: Area) => boolean): void {
    if ((phase.time ?? 0) === 0) {
      if (this.#counts) this.#phases += 1;
      this.#settledThrough = this.#bothWays;
      this.#bothWays = new Set();
    }
    const activityAt = this.#timeOf(phase.time);
    for (const area of this.#learner.network.areas) {
      if (!phase.takesPart(area)) continue;
      const { isInput } = area;
      const sources = new Set([`activity of ${area.id}`]);
      const handedIn = isGiven(area) ? this.#lineage(phase.activity(area)) : NOTHING;
      const isTaught = handedIn.target || handedIn.error || handedIn.errorInInput;
      const lineage = {
        ...NOTHING,
        sources,
        // The input example is not computed from anything.
        transposed: isInput ? NONE : this.#settledThrough,
        target: isTaught && !isInput,
        errorInInput: isTaught && isInput,
        activityAt,
      };
      this.#set(phase.activity(area), lineage);
      this.#set(phase.rate(area), lineage);
      for (const tensor of [phase.gain(area), phase.potential(area)]) if (tensor) this.#set(tensor, lineage);
      if (phase.time === undefined) continue;
      // A slope may be that of the state, which was computed from earlier activity but is of this time.
      const state = phase.state(area);
      this.#set(state, { ...this.#lineages.of(state), activityAt });
    }
  }

  error(objective: Objective, error: Tensor, time?: number): void {
    const sources = new Set([`error of ${objective.area.id}`]);
    this.#set(error, {
      ...NOTHING,
      sources,
      scalars: this.#exampleWeights,
      confined: confinedBy([objective]),
      error: true,
      errorAt: this.#timeOf(time),
    });
  }

  losses(losses: Tensor, asNumber: boolean, objectives: readonly Objective[]): void {
    const loss = { ...NOTHING, sources: new Set(['loss']), confined: confinedBy(objectives) };
    if (asNumber) this.#lossRead = join(this.#lossRead, { ...loss, scalars: new Set(['loss']) });
    this.#set(losses, { ...loss, scalars: new Set(['loss per example', ...this.#exampleWeights]) });
  }

  term(parameter: Parameter, term: Term): void {
    const tensors = Object.values(term).filter((value) => value instanceof Tensor);
    const factors = tensors.map((tensor) => this.#lineage(tensor));
    const delay = parameter instanceof Projection ? delayOf(parameter) : 0;
    let lineage = factors.reduce(join, join(this.#lossRead, this.#outside));
    if (meetsEarlier(factors, delay)) lineage = { ...lineage, backwards: true };
    const mayHoldError = (factor: Lineage) => factor.error || this.#outside.error;
    const signed = tensors.some(
      (tensor, index) => mayHoldError(factors[index] as Lineage) && hasBothSigns(tensor),
    );
    this.#receive(parameter, lineage, signed);
  }

  rows(): LocalityRow[] {
    const reached = new Set([...this.#received.values()].flatMap(({ lineage }) => [...lineage.states]));
    const rows: LocalityRow[] = [];
    for (const [projection, { lineage, signed }] of this.#received) {
      if (!(projection instanceof Projection)) continue;
      rows.push({
        projection: projection.id,
        transposedWeights: [...lineage.transposed],
        otherWeights: [...lineage.read].filter((id) => id !== projection.id),
        valuesRead: [...lineage.outside],
        signedError: signed,
        target: lineage.target,
        errorInInput: lineage.errorInInput,
        globalScalars: [...lineage.scalars],
        phases: this.#phases,
        waitsForProjections: lineage.crossed,
        stored: this.#storedFor(projection, lineage, reached),
        backwardsInTime: lineage.backwards,
        sources: [...lineage.sources],
      });
    }
    return rows;
  }

  reachViolations(): string[] {
    return [...this.#received].flatMap(([parameter, { lineage }]) =>
      [...lineage.confined]
        .filter((area) => !this.#endsIn(parameter, area))
        .map((area) => `objective of ${area} → ${parameter.id}`),
    );
  }

  cost(): Cost {
    const perExample = (total: number) => total / this.#batch.inputs.rows;
    return {
      forwardMacs: perExample(this.#macs.forward),
      feedbackMacs: perExample(this.#macs.rule),
      updateMacs: perExample(this.#macs.update),
      bytesBetweenAreas: perExample(this.#bytes),
    };
  }

  #receive(parameter: Parameter, lineage: Lineage, signed: boolean): void {
    const before = this.#received.get(parameter);
    this.#received.set(parameter, {
      lineage: join(before?.lineage ?? NOTHING, lineage),
      signed: signed || (before?.signed ?? false),
    });
  }

  /** Notes parameters that changed without a term: from what was read outside of operations. */
  #noteWrites(): void {
    for (const [parameter, before] of this.#touched) {
      const now = unwatched(parameter.values.heap, () => parameter.values.data);
      if (now.some((value, index) => value !== before[index])) this.#receive(parameter, this.#outside, false);
    }
    this.#touched.clear();
  }

  /** State that reached these synapses; and state of their areas that reached none, as where activity begins. */
  #storedFor(projection: Projection, lineage: Lineage, reached: ReadonlySet<string>): LocalityRow['stored'] {
    const { declaredState, network } = this.#learner;
    const ends: readonly (string | undefined)[] = [
      undefined,
      projection.id,
      projection.from.id,
      projection.to.id,
    ];
    return declaredState.flatMap((state) => {
      const stored = storedAs(state, network);
      const isHere = reached.has(state.name) ? lineage.states.has(state.name) : ends.includes(stored.of);
      return isHere ? [stored] : [];
    });
  }

  #endsIn(parameter: Parameter, id: string): boolean {
    if (parameter instanceof Projection) return parameter.to.id === id;
    const area = this.#learner.network.area(id);
    return parameter === area.bias || parameter === area.topDownBias;
  }

  #timeOf(time: number | undefined): number {
    return time === undefined ? -Infinity : this.#begin + time;
  }

  #operation(name: keyof Operations, args: readonly unknown[]): void {
    const { roles, multiplyAccumulates } = OPERATIONS[name];
    if (this.#counts) this.#macs[this.#stage] += multiplyAccumulates?.(args) ?? 0;
    if (this.#stage === 'update') return;

    const inputs = args.filter(
      (argument, index): argument is Tensor => roles[index] === 'in' && argument instanceof Tensor,
    );
    const outputs = args.filter(
      (argument, index): argument is Tensor => isWritten(roles[index]) && argument instanceof Tensor,
    );
    const factors = inputs.map((input) => this.#arrives(name, args, input));
    let result = factors.reduce(join, this.#noise(name, args));
    if (!SUMS.has(name) && meetsEarlier(factors, this.#longestDelay)) result = { ...result, backwards: true };
    const held = this.#heldAfter(name, inputs);
    for (const [index, output] of outputs.entries()) {
      const readsOld = index > 0 || readsFirstArgument(name, args);
      const lineage = reduced(name, inputs, output, readsOld ? join(result, this.#lineage(output)) : result);
      const written = this.#parameters.get(output.base.offset);
      // A rule that writes weights itself changes synapses without a term.
      if (written) this.#receive(written, lineage, lineage.error);
      this.#set(output, lineage);
      if (name === 'unfold') this.#unfolded.set(output.base.offset, (inputs[0] as Tensor).size);
      if (held && held.projection.weights.size === output.size) this.#held.set(output.base.offset, held);
    }
  }

  #noise(name: keyof Operations, args: readonly unknown[]): Lineage {
    const at = OPERATIONS[name].roles.indexOf('stream');
    return at < 0 ? NOTHING : { ...NOTHING, sources: new Set([`noise ${(args[at] as Stream).name}`]) };
  }

  /** Returns the lineage that an operation takes from one input. */
  #arrives(name: keyof Operations, args: readonly unknown[], input: Tensor): Lineage {
    const projection = this.#projectionAt(input);
    const held = this.#held.get(input.base.offset);
    // A product of weights with a signal in either order sends the signal; `form` says which of them is transposed.
    if (SENDS.has(name) && args[2] === input && (projection || held)) {
      const form = args[name === 'sparseMatmul' ? 4 : 3] as MatmulForm | undefined;
      const sent = (through: Projection, isTransposed: boolean) =>
        this.#through(args[1] as Tensor, through, (form?.transposeB ?? false) !== isTransposed);
      const own = projection ? sent(projection, false) : NOTHING;
      return held ? join(own, sent(held.projection, held.isTransposed)) : own;
    }
    return projection ? { ...NOTHING, read: new Set([projection.id]) } : this.#lineage(input);
  }

  /** Returns the lineage of a signal that was sent through weights, without that of the signal. */
  #through(signal: Tensor, projection: Projection, isTransposed: boolean): Lineage {
    const sent = this.#lineage(signal);
    // A unit sends its activity once, however many kernels receive it.
    const size = this.#unfolded.get(signal.base.offset) ?? signal.size;
    if (this.#counts) this.#bytes += size * BYTES_PER_ELEMENT[signal.type];
    if (isTransposed && this.#stage === 'forward') this.#bothWays.add(projection.id);
    return {
      ...NOTHING,
      sources: new Set([`through ${projection.id}${isTransposed ? ' transposed' : ''}`]),
      transposed: isTransposed ? new Set([projection.id]) : NONE,
      crossed: sent.error ? sent.crossed + 1 : 0,
    };
  }

  /** Returns the weights that the output of an operation holds, if it changes, copies or transposes weights. */
  #heldAfter(name: keyof Operations, inputs: readonly Tensor[]): Held | undefined {
    if (name !== 'transpose' && !MOVES.has(name)) return undefined;
    for (const input of inputs) {
      const projection = this.#projectionAt(input);
      const held = projection ? { projection, isTransposed: false } : this.#held.get(input.base.offset);
      if (held) return name === 'transpose' ? { ...held, isTransposed: !held.isTransposed } : held;
    }
    return undefined;
  }

  #projectionAt(tensor: Tensor): Projection | undefined {
    const parameter = this.#parameters.get(tensor.base.offset);
    return parameter instanceof Projection ? parameter : undefined;
  }

  /** Returns the lineage of a tensor that operations read. */
  #lineage(tensor: Tensor): Lineage {
    const lineage = this.#lineages.of(tensor);
    const state = this.#states.get(tensor.base.offset);
    return state === undefined ? lineage : join(lineage, { ...NOTHING, states: new Set([state]) });
  }

  /** Returns the lineage of values that are read outside of operations, those of parameters too. */
  #valuesOf(tensor: Tensor): Lineage {
    const parameter = this.#parameters.get(tensor.base.offset);
    if (!parameter) return this.#lineage(tensor);
    return parameter instanceof Projection
      ? { ...NOTHING, read: new Set([parameter.id]) }
      : { ...NOTHING, sources: new Set([`values of ${parameter.id}`]) };
  }

  #set(tensor: Tensor, lineage: Lineage): void {
    this.#lineages.set(tensor, lineage);
    this.#held.delete(tensor.base.offset);
    this.#unfolded.delete(tensor.base.offset);
  }
}

/** Largest number of steps that activity takes along a projection. */
const delayOf = ({ delay }: Projection): number => delay.longest;

/** Areas of objectives that declare that their error reaches one layer. */
const confinedBy = (objectives: readonly Objective[]): ReadonlySet<string> => {
  const areas = objectives.filter(({ reach }) => reach === 'layer').map(({ area }) => area.id);
  return areas.length === 0 ? NONE : new Set(areas);
};

function hasBothSigns(tensor: Tensor): boolean {
  let negative = false;
  let positive = false;
  for (const value of unwatched(tensor.heap, () => tensor.data)) {
    negative ||= value < 0;
    positive ||= value > 0;
  }
  return negative && positive;
}
