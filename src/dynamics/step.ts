import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import type { Objective } from '../network/objectives/objective.ts';
import type { Parameter } from '../network/parameter.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import type { Term } from '../network/terms.ts';
import type { ActivationName } from '../tensor/activation.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Phase, PhaseOptions, Setting } from './phase.ts';
import type { View } from './views/view.ts';

/*
 * Dynamics and the step of a rule that runs them refer to each other, so they share a file.
 */

/** Emits, as terms, the exact gradient of the objectives under some dynamics. */
export type Reference = (step: LearningStep) => void;

/**
 * How activity arises. A rule chooses its dynamics and runs as many phases of them as it needs.
 *
 * `Options` is the type of their phase options, `Result` that of their phases.
 */
export interface Dynamics<Options extends object = PhaseOptions, Result extends Phase = Phase> {
  /** Lower case with hyphens. */
  readonly id: string;
  readonly title: string;
  /** The names of `Options`, all but `inputs`; a phase refuses any other. */
  readonly accepts: Readonly<Record<string, true>>;
  /** Whether a phase runs over the steps of a batch in time. Dynamics without time refuse such batches. */
  readonly inTime?: boolean;
  /** Whether several input areas may each receive a part of the example. */
  readonly severalInputs?: boolean;
  /** Declares what a stream carries from batch to batch, by name: the shape for one stream. */
  carries?(network: Network): Readonly<Record<string, readonly number[]>>;
  /** Built-in activation functions that hidden areas may have; any function if absent. */
  readonly activations?: readonly [ActivationName, ...ActivationName[]];
  /**
   * Whether hidden areas may have bounded activation functions of a user's own besides `activations`, as long as their
   * slope is no surrogate. Default false.
   */
  readonly takesBounded?: boolean;
  /** Names of what hidden units hold besides their activity. */
  readonly compartments?: readonly string[];
  /** What to try when activity is no longer finite, worded to end a sentence. */
  readonly hint?: string;
  /** Returns why a network is not supported, worded to end a sentence; undefined if it is. */
  refuses?(specification: NetworkSpecification): string | undefined;
  /** Returns the exact gradient of a network's objectives under these dynamics; undefined where none can be had. */
  reference?(network: Network): Reference | undefined;
  /** Computes the activity of one phase. */
  run(setting: Setting, name: string, options: Options): Result;
}

/** The value of `accepts` for a type of phase options: every name but `inputs`, so that none is forgotten. */
export type Accepts<Options extends object> = {
  readonly [Name in Exclude<keyof Options, 'inputs'>]-?: true;
};

/** The phase options of some dynamics. */
export type OptionsOf<D extends Dynamics> = Parameters<D['run']>[2];

/** The phases of some dynamics. */
export type PhaseOf<D extends Dynamics> = ReturnType<D['run']>;

/**
 * Everything a learning rule can reach in one update. Temporaries live until the update ends. A rule never writes a
 * weight; it emits terms.
 *
 * `Options` is the type of the rule's options, `D` that of its dynamics.
 */
export interface LearningStep<Options = unknown, D extends Dynamics = Dynamics> extends Setting {
  readonly options: Options;
  /** Runs a phase of the rule's own dynamics. Options that are not given are those of the rule's `phase` hook. */
  run(name: string, options?: OptionsOf<D>): PhaseOf<D>;
  /** Runs a phase of other dynamics. Throws `dynamics.option` for an option that they do not understand. */
  run<Other extends Dynamics>(dynamics: Other, name: string, options?: OptionsOf<Other>): PhaseOf<Other>;
  /** Makes a temporary of an area's shape, (batch, units), with undefined contents; in time, of all steps. */
  like(area: Area): Tensor;
  /**
   * Number of targets over which the batch's mean loss is taken: the batch's rows, or in time the targets that are due.
   * Terms that estimate the gradient of the mean loss have the factor 1 / count.
   */
  readonly count: number;
  /**
   * Returns ∂L/∂(output) of an objective's area, (rows of the phase, units): one row an example, averaged over nothing,
   * and 0 in rows of steps at which no target is due. L is cross-entropy in nats, ½‖y − d‖² or a user's loss. Throws
   * `objective.no-derivative` for an objective without one, and `objective.target` if the batch lacks the target. The
   * first phase of a step for which errors or losses are asked is the one that the run's records count; of a phase in
   * time, each step counts once.
   */
  error(phase: Phase, objective: Objective): Tensor;
  /**
   * Returns the target of an objective's area as values, (batch, units); class labels as one-hot rows. With `phase`, the
   * rows of that phase, which an objective that compares two areas needs.
   */
  target(objective: Objective, phase?: Phase): Tensor;
  /** Counts a phase in the run's records, for rules that ask for neither its error nor its losses. */
  score(phase: Phase): void;
  /** Returns the loss of each example, (batch), over all objectives or of one. To a synapse it is a global scalar. */
  losses(phase: Phase, objective?: Objective): Tensor;
  /** Returns the mean of `losses` as one number, read back. */
  loss(phase: Phase): number;
  /**
   * Measures and uses `count` samples in turn. Workers that share a training measure some of them each, and exchange
   * only the numbers measured: every worker draws every sample itself to use it. A sample must therefore depend on its
   * number alone. A rule that calls this says how many samples there are in its `sharedSamples` hook.
   */
  samples(count: number, draw: (sample: number) => Sample): void;
  /**
   * Returns this step with views of the examples in place of the examples, one view after the other: row v·batch + e is
   * view v of example e. `inputs` are (batch, values) each. Its terms go where this step's go.
   */
  stacked(inputs: readonly Tensor[]): LearningStep<Options, D>;
  /**
   * Returns a view of the examples, such as a crop, (batch, values of the view). It is a function of the seed, the step,
   * the example and `draw`, the number of the view.
   */
  view(view: View, draw?: number): Tensor;
  /**
   * Returns this step with every example in it `samples` times: row s·batch + e is sample s of example e. Its terms go
   * where this step's go. Draws are keyed by row, so many samples in one product equal many samples one by one.
   */
  repeated(samples: number): LearningStep<Options, D>;
  /** Adds a term, an estimate of the loss's gradient, to a parameter's change at the end of the step. */
  emit(parameter: Parameter, term: Term): void;
  /**
   * Changes synapses at once by the terms emitted so far, for rules that learn while activity is still changing. Their
   * rates are per unit of time, so a term's factor includes the time step. In a probe nothing changes: the terms add up.
   */
  apply(): void;
  /**
   * Records a metric of each example, (batch), under a name that the rule declared in `measures`. Records show the mean
   * over examples, or with `whole`, (batch), the share Σ values / Σ whole.
   */
  measure(name: string, values: Tensor, whole?: Tensor): void;
  /** Returns a tensor that the rule declared as state. State of scope "example" is read by `recall`. */
  state(name: string): Tensor;
  /** Returns what was remembered of these examples, (batch, …), as a temporary; 0 for examples never seen. */
  recall(name: string): Tensor;
  /** Remembers (batch, …) of these examples. Does nothing for other than training examples, or in a probe. */
  remember(name: string, values: Tensor): void;
}

/** One perturbation that a rule tries. Temporaries made in drawing and measuring it are gone afterwards. */
export interface Sample {
  /** Measures its effect: one number. */
  measure(): number;
  /** Uses that number; called in the order of the samples. */
  use(effect: number): void;
}
