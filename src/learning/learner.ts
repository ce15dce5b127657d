import type { BatchTime, LearningStep, Phase, Reference } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import type { Area } from '../network/area.ts';
import { Network } from '../network/network.ts';
import { OWN_TARGET } from '../network/objectives/targets.ts';
import { Optimiser } from '../network/optimiser.ts';
import type { OptimiserOf } from '../network/optimiser.ts';
import type { Parameter } from '../network/parameter.ts';
import { isDelayed } from '../network/projections/delay.ts';
import { projectionId } from '../network/specification.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import { checkTerm } from '../network/terms.ts';
import type { Term } from '../network/terms.ts';
import { stream } from '../random/stream.ts';
import type { Stream } from '../random/stream.ts';
import { hasActivation } from '../tensor/activation.ts';
import type { Activation } from '../tensor/activation.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Carried } from './carried.ts';
import { exampleShapeOf, partsOf } from './inputs.ts';
import type { ValuesOfArea } from './inputs.ts';
import { learningStep } from './learning-step.ts';
import type { Batch, Exchange, StepContext, StepObserver } from './learning-step.ts';
import { runEvaluation } from './rule.ts';
import type { Fantasies, Outcome, Rule, StateDeclaration } from './rule.ts';

export type { Batch, Exchange, Measurement, StepObserver, TaughtBatch } from './learning-step.ts';

/** Sums over examples since the last reset; 0 without objectives. */
export interface Tally {
  readonly loss: number;
  readonly wrong: number;
  readonly examples: number;
  /** ½ Σ target², which normalises a squared error. */
  readonly power: number;
  /** Metrics of the rule, by name: the sum, and the number of examples or the whole by which to divide it. */
  readonly measures: Readonly<Record<string, readonly [sum: number, examples: number]>>;
}

/** Options of a `Learner`. */
export interface LearnerOptions {
  readonly specification: NetworkSpecification;
  readonly rule: Rule;
  /** Parsed options of the rule, with every default filled in. */
  readonly options: unknown;
  readonly optimiserOf: OptimiserOf;
  readonly seed: number;
  /** Length of the run, for schedules. */
  readonly epochs: number;
  /** The exchange through which other workers measure some of the rule's samples. */
  readonly exchange?: Exchange | undefined;
  /** Number of training examples, for rules that remember each example; absent if there is no such number. */
  readonly examples?: number | undefined;
  /** Number of streams, or of sequences that are learned in windows: rows of the state that lasts from batch to batch. */
  readonly streams?: number | undefined;
}

/**
 * Combines a network, a rule and an optimiser, and turns batches into updates. Nothing else changes weights, and they
 * change only after the rule has emitted all its terms.
 *
 * @example
 * ```ts
 * import { feedbackAlignment, Learner, openBackend, parseOptions, plainDescent, stack } from 'apical/rules';
 *
 * const compute = await openBackend({ backend: 'wasm' });
 * const learner = new Learner(compute, {
 *   specification: stack({ layers: [2, 8, 2], activation: 'relu', objective: 'cross-entropy' }),
 *   rule: feedbackAlignment,
 *   options: parseOptions(feedbackAlignment, {}),
 *   optimiserOf: () => plainDescent(0.1),
 *   seed: 0,
 *   epochs: 1,
 * });
 * compute.scope(() => {
 *   const inputs = compute.temporary([1, 2]).set([0.5, -0.5]);
 *   const targets = compute.temporary([1], 'i32').set([1]);
 *   learner.learn({ inputs, targets }, 0, 0);
 * });
 * console.log(learner.tally().examples); // 1
 * learner.dispose();
 * compute.dispose();
 * ```
 */
export class Learner {
  readonly network: Network;
  readonly rule: Rule;
  readonly optimiser: Optimiser;
  /** State that the rule keeps between steps, as it declared it. */
  readonly declaredState: readonly StateDeclaration[];
  readonly #compute: Compute;
  readonly #options: LearnerOptions;
  readonly #tally: Tensor;
  readonly #probeTally: Tensor;
  /** One row of the tally for each objective. */
  readonly #tallies: readonly Tensor[];
  readonly #probeTallies: readonly Tensor[];
  readonly #measures = new Map<string, Tensor>();
  readonly #state = new Map<string, Tensor>();
  /** State of scope "example": the shape for one example, and the values (examples, …) if their number is known. */
  readonly #memories = new Map<
    string,
    { readonly shape: readonly number[]; readonly values: Tensor | undefined }
  >();
  readonly #streams = new Map<string, Stream>();
  readonly #carried: Carried;
  readonly #valuesOf = new Map<Area, ValuesOfArea>();
  readonly #terms: Terms = new Map();
  #passes = 0;
  /** Epoch of the latest update, which estimates use. */
  #epoch = 0;

  /** Throws `network.…` errors. */
  constructor(compute: Compute, options: LearnerOptions) {
    const { rule, specification, seed } = options;
    this.#compute = compute;
    this.#options = options;
    this.rule = rule;
    checkServes(rule, specification, options.options);
    this.network = new Network(
      compute,
      rule.network?.wire?.(specification, options.options) ?? specification,
      seed,
    );
    checkActivations(rule, this.network);
    const optimiserOf =
      rule.learning?.optimisers?.(this.network, options.optimiserOf, options.options) ?? options.optimiserOf;
    this.optimiser = new Optimiser(compute, this.network.parameters, optimiserOf, options.epochs);
    this.#tally = compute.allocate([Math.max(1, this.network.objectives.length), 4], 'f64');
    this.#probeTally = compute.allocate(this.#tally.shape, 'f64');
    const rowsOf = (tally: Tensor) => this.network.objectives.map((_, row) => tally.rowRange(row, 1));
    this.#tallies = rowsOf(this.#tally);
    this.#probeTallies = rowsOf(this.#probeTally);
    for (const name of rule.report?.measures?.(this.network, options.options) ?? []) {
      this.#measures.set(name, compute.allocate([2], 'f64'));
    }
    this.declaredState = declaredState(rule, this.network, options.options);
    this.#carried = new Carried(compute, this.network, rule, this.declaredState, options.streams);
    for (const { area, numbers } of partsOf(this.network)) {
      const tensor = compute.allocate([numbers.length], 'i32').set(numbers);
      this.#valuesOf.set(area, { numbers: tensor, last: Math.max(...numbers) });
    }
    for (const { name, shape, scope, fill } of this.declaredState) {
      if (scope === 'stream') continue;
      if (scope === 'example') {
        const { examples } = options;
        const values = examples === undefined ? undefined : compute.allocate([examples, ...shape]);
        this.#memories.set(name, { shape, values });
        continue;
      }
      const tensor = compute.allocate(shape);
      fill?.(compute, tensor, this.#stream(name));
      this.#state.set(name, tensor);
    }
  }

  /** The exact gradient with which the rule is compared on this network; undefined if there is none. */
  get reference(): Reference | undefined {
    const { rule, network } = this;
    return rule.learning?.reference
      ? rule.learning.reference(network, this.#options.options)
      : rule.dynamics.reference?.(network);
  }

  /** Makes one update. `step` counts updates from 0; `epoch` is fractional. */
  learn(
    batch: Batch,
    step: number,
    epoch: number,
    observer?: StepObserver,
    compute: Compute = this.#compute,
  ): void {
    this.#epoch = epoch;
    this.#carried.begin('learning', batch);
    compute.scope(() => {
      const terms = this.#terms;
      const apply = () => {
        observer?.stage?.('update');
        for (const [parameter, emitted] of terms) {
          if (emitted.length > 0) this.optimiser.apply(parameter, emitted, step + 1, epoch, compute);
          emitted.length = 0;
        }
        this.optimiser.constrain(compute);
      };
      const applyWithin = () => {
        apply();
        observer?.stage?.('rule');
      };
      for (const emitted of terms.values()) emitted.length = 0;
      this.rule.learn(
        this.#step(compute, batch, { step, epoch }, 'learning', this.#tallies, terms, observer, applyWithin),
      );
      apply();
      this.#carried.end();
    });
  }

  /**
   * Passes to `visit` the terms that a rule (by default this learner's) or an exact reference emits for a batch,
   * without noise that serves learning and without changing anything. Terms live as long as `visit` runs.
   */
  estimate(
    batch: Batch,
    step: number,
    visit: (terms: ReadonlyMap<Parameter, readonly Term[]>) => void,
    learn?: Learn,
    observer?: StepObserver,
  ): void {
    this.#compute.scope(() => {
      this.#keeping([...this.#state.values(), ...this.#carried.tensors().values()], () => {
        const terms: Terms = new Map();
        const at = { step, epoch: this.#epoch };
        // Other examples from rest may be more than the streams that learn.
        this.#carried.begin(batch.time?.continues ? 'learning' : 'evaluation', batch);
        (learn ?? this.rule.learn)(
          this.#step(this.#compute, batch, at, 'estimate', this.#probeTallies, terms, observer),
        );
        visit(terms);
      });
    });
  }

  /** Runs `body`, and restores the values of tensors afterwards. */
  #keeping(tensors: readonly Tensor[], body: () => void): void {
    const kept = tensors.map((tensor) => {
      const copy = this.#compute.temporary(tensor.shape);
      this.#compute.copy(copy, tensor);
      return [tensor, copy] as const;
    });
    try {
      body();
    } finally {
      for (const [tensor, copy] of kept) this.#compute.copy(tensor, copy);
    }
  }

  /** Runs `look` in a step that changes nothing and drops its terms. Temporaries live as long as `look` runs. */
  observe(batch: Batch, step: number, look: Learn): void {
    this.estimate(batch, step, () => undefined, look);
  }

  /** Adds a batch's loss and mistakes to the tally, without learning; `visit` may read the outputs. */
  evaluate(batch: Batch, visit?: (phase: Phase) => void): void {
    this.#compute.scope(() => {
      const at = { step: 0, epoch: this.#epoch };
      this.#carried.begin('evaluation', batch);
      const step = this.#step(this.#compute, batch, at, 'evaluation', this.#tallies, new Map());
      const phase = runEvaluation(this.rule, step);
      step.losses(phase);
      this.rule.report?.evaluate?.(step, phase);
      visit?.(phase);
      this.#carried.end();
    });
  }

  /** Passes to `visit` the inputs that the network generates, starting from held-out examples. Changes nothing. */
  fantasies(batch: Batch, visit: (fantasies: Fantasies) => void): void {
    this.#compute.scope(() => {
      const at = { step: 0, epoch: this.#epoch };
      this.#carried.begin('evaluation', batch);
      const step = this.#step(this.#compute, batch, at, 'estimate', this.#probeTallies, new Map());
      const made = this.rule.report?.fantasies?.(step);
      if (made) visit(made);
    });
  }

  /**
   * Computes activity for inputs (batch, values) without targets; nothing is tallied or learned. In time, `history` keeps
   * the activity of every area for all steps.
   */
  respond(inputs: Tensor, visit: (phase: Phase) => void, time?: BatchTime, history = false): void {
    this.#compute.scope(() => {
      const at = { step: 0, epoch: this.#epoch, keepsHistory: history };
      const batch = { inputs, ...(time ? { time } : {}) };
      this.#carried.begin('evaluation', batch);
      const step = this.#step(this.#compute, batch, at, 'estimate', this.#tallies, new Map());
      this.#keeping([...this.#state.values()], () => visit(runEvaluation(this.rule, step)));
      this.#carried.end();
    });
  }

  /** Returns the hints of the rule and its dynamics for the user: see `ReportHooks.hints`. */
  hints(outcome: Outcome): readonly string[] {
    const { rule } = this;
    const own = rule.report?.hints?.(this.#options.options, outcome) ?? [];
    const { hint } = rule.dynamics;
    return outcome.kind === 'diverged' && hint !== undefined ? [...own, hint] : own;
  }

  /** Number of examples that training has sent through the network so far, over all phases: the cost in passes. */
  get passes(): number {
    return this.#passes;
  }

  /** Restores the passes of a checkpoint; `epoch` is that of the latest update. */
  restorePasses(passes: number, epoch: number): void {
    this.#passes = passes;
    this.#epoch = epoch;
  }

  /** Returns the sums since the last reset. Reads values back. */
  tally(): Tally {
    const scored = this.network.objectives.flatMap((objective, index) =>
      objective.auxiliary ? [] : [{ objective, row: Array.from((this.#tallies[index] as Tensor).data) }],
    );
    const sum = (column: number) => scored.reduce((total, { row }) => total + (row[column] as number), 0);
    // Answers are those of the first objective that compares its area with the data's own target.
    const answers = scored.find(({ objective }) => objective.target === OWN_TARGET) ?? scored[0];
    const [, wrong = 0, examples = 0] = answers?.row ?? [];
    const measures = [...this.#measures].map(([name, { data }]) => [name, [data[0], data[1]]]);
    return {
      loss: sum(0),
      wrong,
      examples,
      power: sum(3),
      measures: Object.fromEntries(measures) as Tally['measures'],
    };
  }

  resetTally(): void {
    this.#tally.data.fill(0);
    for (const { data } of this.#measures.values()) data.fill(0);
  }

  /** Returns every tensor that a checkpoint must keep, by name. */
  tensors(): ReadonlyMap<string, Tensor> {
    return new Map([
      ...[...this.network.tensors()].map(([name, tensor]) => [`network/${name}`, tensor] as const),
      ...[...this.optimiser.tensors()].map(([name, tensor]) => [`optimiser/${name}`, tensor] as const),
      ...[...this.#state].map(([name, tensor]) => [`rule/${name}`, tensor] as const),
      ...[...this.#carried.tensors()].map(([name, tensor]) => [`stream/${name}`, tensor] as const),
      ...[...this.#memories].flatMap(([name, { values }]) =>
        values ? [[`rule/${name}`, values] as const] : [],
      ),
      ...[...this.#measures].map(([name, sums]) => [`measure/${name}`, sums] as const),
      ['tally', this.#tally] as const,
    ]);
  }

  dispose(): void {
    this.network.dispose();
    this.optimiser.dispose();
    for (const tensor of [
      ...this.#state.values(),
      ...this.#measures.values(),
      this.#tally,
      this.#probeTally,
    ]) {
      this.#compute.free(tensor);
    }
    for (const { values } of this.#memories.values()) if (values) this.#compute.free(values);
    for (const { numbers } of this.#valuesOf.values()) this.#compute.free(numbers);
    this.#carried.dispose();
  }

  #step(
    compute: Compute,
    batch: Batch,
    {
      step,
      epoch,
      keepsHistory = false,
    }: { readonly step: number; readonly epoch: number; readonly keepsHistory?: boolean },
    purpose: 'learning' | 'estimate' | 'evaluation',
    tally: readonly Tensor[],
    terms: Terms,
    observer?: StepObserver,
    apply: () => void = () => undefined,
  ): LearningStep {
    const training = purpose === 'learning';
    checkTime(this.rule, batch);
    const context: StepContext = {
      compute,
      network: this.network,
      rule: this.rule,
      options: this.#options.options,
      step,
      epoch,
      training,
      keepsHistory,
      tally,
      observer,
      stream: (name) => this.#stream(name),
      carried: (name) => this.#carried.dynamics(name),
      carry: (name, values) => this.#carried.leave(name, values),
      valuesOf: (area) => this.#valuesOf.get(area),
      exampleShape: exampleShapeOf(this.network),
      state: (name) => {
        const tensor = this.#state.get(name) ?? this.#carried.rule(name);
        if (!tensor) throw new Error(`Rule "${this.rule.id}" did not declare a state "${name}".`);
        return tensor;
      },
      emit: (parameter, term) => {
        if (!this.optimiser.changes(parameter)) {
          throw new Error(`"${parameter.id}" is not plastic, so no term may be emitted for it.`);
        }
        checkTerm(term);
        observer?.term?.(parameter, term);
        let emitted = terms.get(parameter);
        if (!emitted) terms.set(parameter, (emitted = []));
        emitted.push(term);
      },
      apply,
      memory: (name) => {
        const memory = this.#memories.get(name);
        if (!memory) throw new Error(`Rule "${this.rule.id}" declares no state "${name}" of each example.`);
        return memory;
      },
      measured: (name) => {
        const sums = this.#measures.get(name);
        if (!sums) throw new Error(`Rule "${this.rule.id}" did not declare that it measures "${name}".`);
        return purpose === 'estimate' ? undefined : sums;
      },
      passed: (examples) => {
        if (training) this.#passes += examples;
      },
      exchange: training ? this.#options.exchange : undefined,
    };
    return learningStep(context, batch);
  }

  #stream(name: string): Stream {
    let known = this.#streams.get(name);
    if (!known) this.#streams.set(name, (known = stream(this.#options.seed, name)));
    return known;
  }
}

/** Throws `rule.network` if a hidden area has an activation that the rule's dynamics do not support. */
function checkServes(rule: Rule, specification: NetworkSpecification, options: unknown): void {
  const reason =
    rule.network?.refuses?.(specification, options) ??
    rule.dynamics.refuses?.(specification) ??
    refuseParts(rule, specification) ??
    refuseDelays(rule, specification);
  if (reason === undefined) return;
  throw new ApicalError('rule.network', `Rule "${rule.id}" does not support this network: ${reason}.`, {
    rule: rule.id,
  });
}

function checkActivations({ id, dynamics }: Rule, network: Network): void {
  const { activations, takesBounded = false, title } = dynamics;
  if (!activations) return;
  for (const area of network.areas) {
    const isHidden = !area.isInput && !network.objectives.some((objective) => objective.area === area);
    // Pooled areas have no activation function of their own.
    const isPooled = area.incoming.some(({ kind, hasWeights }) => kind === 'forward' && !hasWeights);
    if (!isHidden || isPooled || hasActivation(area, ...activations)) continue;
    const { activation } = area;
    if (takesBounded && isOwnAndBounded(activation)) continue;
    throw new ApicalError(
      'rule.network',
      `The rule "${id}" runs on ${title.charAt(0).toLowerCase()}${title.slice(1)}, whose hidden areas must be ${activations.join(' or ')}${takesBounded ? ' or bounded ones of your own' : ''}, but ` +
        `"${area.id}" is ${activation.name}: set network.activation=${activations[0]}, or choose another rule.`,
      { rule: id, area: area.id, activation: activation.name },
    );
  }
}

/** Returns why a rule does not support the input areas of a network; undefined if it does. */
function refuseParts({ dynamics }: Rule, { areas, input }: NetworkSpecification): string | undefined {
  const [, second] = areas.filter(({ id, part }) => id === input || part);
  if (!second || dynamics.severalInputs) return undefined;
  return `the dynamics "${dynamics.id}" have one input area, and "${second.id}" is a second one. Rules on feedforward, stochastic or settling dynamics support several`;
}

/** Returns why a rule does not support the delays of a network; undefined if it does. */
function refuseDelays({ dynamics }: Rule, { projections }: NetworkSpecification): string | undefined {
  const delayed = projections.find(isDelayed);
  if (!delayed || dynamics.inTime) return undefined;
  return `"${projectionId(delayed)}" has a delay, and the dynamics "${dynamics.id}" have no time. Rules on recurrent dynamics support delays`;
}

/** Throws `rule.time` for a batch in time and dynamics without time, or the reverse. */
function checkTime({ id, dynamics }: Rule, { time }: Batch): void {
  if (!time || dynamics.inTime) return;
  throw new ApicalError(
    'rule.time',
    `Rule "${id}" runs on the dynamics "${dynamics.id}", which have no time, but the examples are sequences or streams. Choose a rule on dynamics in time, such as recurrent.`,
    { rule: id, dynamics: dynamics.id },
  );
}
const isOwnAndBounded = ({ kernel, surrogate, bounds }: Activation): boolean =>
  kernel === undefined && surrogate !== true && bounds.every(Number.isFinite);

/** Returns the declared state of a rule. Throws `rule.state` if two tensors have the same name. */
function declaredState(rule: Rule, network: Network, options: unknown): readonly StateDeclaration[] {
  const declared = rule.learning?.state?.(network, options) ?? [];
  for (const [index, { name }] of declared.entries()) {
    if (declared.findIndex((other) => other.name === name) === index) continue;
    throw new ApicalError(
      'rule.state',
      `Rule "${rule.id}" declares the state "${name}" twice. Give each tensor a name of its own.`,
      { rule: rule.id, state: name },
    );
  }
  return declared;
}

type Learn = (step: LearningStep) => void;
type Terms = Map<Parameter, Term[]>;
