import { z } from 'zod';
import type { Dynamics, LearningStep, OptionsOf, Phase, PhaseOf, Reference } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import type { OptimiserOf } from '../network/optimiser.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import type { Stream } from '../random/stream.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * The scope of a rule's tensor: a parameter, a training example, a sampling chain, a stream (or sequence) or the whole
 * run. State of scope "stream" has a row for each stream, is 0 where a stream or sequence starts, and lasts from batch to
 * batch of a stream.
 */
export type StateScope = 'parameter' | 'example' | 'chain' | 'stream' | 'run';

/** A tensor that a rule keeps between steps. Checkpoints save it. */
export interface StateDeclaration {
  /** Unique within the rule. */
  readonly name: string;
  /** Shape of the tensor; for the scopes "example" and "stream", that of one example or stream. */
  readonly shape: readonly number[];
  readonly scope: StateScope;
  /** Fills the tensor at the start, which is otherwise 0. State of the scopes "example" and "stream" always starts at 0. */
  readonly fill?: (compute: Compute, tensor: Tensor, source: Stream) => void;
}

/** Inputs that a network generated. */
export interface Fantasies {
  /** (samples, units of the input), from 0 to 1. */
  readonly inputs: Tensor;
  /** One sentence on how they were generated. */
  readonly caption: string;
}

/** The outcome of a run: its loss was no longer finite, or it finished, with the last mean of each metric. */
export type Outcome =
  | { readonly kind: 'diverged' }
  | { readonly kind: 'finished'; readonly measured: Readonly<Record<string, number>> };

/** Hooks by which a rule checks and extends the specification of a network. */
export interface NetworkHooks<Options = unknown> {
  /** Returns why a network is not supported and which rules support it, worded to end a sentence; undefined if it is. */
  refuses?(specification: NetworkSpecification, options: Options): string | undefined;
  /** Returns the network with what the rule needs added, such as feedback projections. */
  wire?(specification: NetworkSpecification, options: Options): NetworkSpecification;
}

/** Hooks that the learner calls besides `learn`. */
export interface LearningHooks<Options = unknown, D extends Dynamics = Dynamics<object>> {
  /** Returns the options of a phase of the rule's dynamics, by its name; `step.run` may override each. */
  phase?(options: Options, name: string): OptionsOf<D>;
  /** Runs the phase in which the network answers held-out examples. Default: `step.run('evaluation')`. */
  evaluation?(step: LearningStep<Options, D>): PhaseOf<D>;
  /** Declares the tensors that the rule keeps between steps. */
  state?(network: Network, options: Options): readonly StateDeclaration[];
  /**
   * Returns the optimiser of each parameter if it differs from the run's config, for example for feedback weights with
   * a rate of their own. `optimiserOf` returns the optimiser of the config.
   */
  optimisers?(network: Network, optimiserOf: OptimiserOf, options: Options): OptimiserOf;
  /**
   * Returns the exact gradient with which the rule is compared; undefined if there is none. Default: the gradient of
   * the network's objectives under the rule's dynamics.
   */
  reference?(network: Network, options: Options): Reference | undefined;
  /** Returns the number of samples that `step.samples` measures in a step, which workers may share. */
  sharedSamples?(options: Options): number;
}

/** Hooks that records and reports call. */
export interface ReportHooks<Options = unknown, D extends Dynamics = Dynamics<object>> {
  /** Names of the per-example metrics the rule reports besides the loss, such as reconstruction error. */
  measures?(network: Network, options: Options): readonly string[];
  /** Measures these metrics on held-out examples, by `step.measure`; `phase` is that of the evaluation. */
  evaluate?(step: LearningStep<Options, D>, phase: PhaseOf<D>): void;
  /** Returns hints for the user: sentence ends such as "lower the rate" for a run that diverged, else whole sentences. */
  hints?(options: Options, outcome: Outcome): readonly string[];
  /** Returns inputs that the network generates, for pictures. The step's examples are held-out; chains may start there. */
  fantasies?(step: LearningStep<Options, D>): Fantasies | undefined;
}

/**
 * A learning rule: how synapses change, given the activity that some dynamics produce. One file each.
 *
 * `Options` is the type of its options, `D` that of its dynamics.
 */
export interface Rule<Options = unknown, D extends Dynamics = Dynamics<object>> {
  /** Lower case with hyphens; what users type. */
  readonly id: string;
  /** Heading under which it is listed, such as "Feedback pathways". */
  readonly family: string;
  readonly title: string;
  /** One sentence that distinguishes the rule from the others. */
  readonly summary: string;
  /** The equation in TeX. */
  readonly equation: string;
  /** Keys of docs/bibliography.json. */
  readonly cites: readonly string[];
  /** Every option with its default. Error messages, help and forms are made from this schema. */
  readonly options: z.ZodType<Options>;
  /** The dynamics that produce activity. */
  readonly dynamics: D;
  readonly network?: NetworkHooks<NoInfer<Options>>;
  readonly learning?: LearningHooks<NoInfer<Options>, NoInfer<D>>;
  readonly report?: ReportHooks<NoInfer<Options>, NoInfer<D>>;
  /** Makes one update: runs phases and emits terms. */
  learn(step: LearningStep<NoInfer<Options>, NoInfer<D>>): void;
}

/**
 * Returns the rule as it is, with its types inferred from `options` and `dynamics`.
 *
 * @example
 * ```ts
 * import { defineRule, descend, feedforward, noOptions } from 'apical/rules';
 *
 * export default defineRule({
 *   id: 'my-rule',
 *   family: 'Mine',
 *   title: 'My rule',
 *   summary: 'Sends errors through the transposed forward weights.',
 *   equation: '',
 *   cites: [],
 *   options: noOptions,
 *   dynamics: feedforward,
 *   learn(step) {
 *     descend(step, step.run('forward'), (projection, above, below, beta) =>
 *       projection.sendBack(step.compute, below, above, beta),
 *     );
 *   },
 * });
 * ```
 */
export const defineRule = <Options, D extends Dynamics>(rule: Rule<Options, D>): Rule<Options, D> => rule;

/** The schema of a rule without options. */
export const noOptions = z.strictObject({});

/**
 * Returns options with defaults filled in. Throws `rule.options`, naming the value and what is expected.
 *
 * @example
 * ```ts
 * import { feedbackAlignment, parseOptions } from 'apical/rules';
 *
 * console.log(parseOptions(feedbackAlignment, { scale: 2 }).feedback); // as-forward
 * ```
 */
export function parseOptions<Options, D extends Dynamics>(rule: Rule<Options, D>, options: unknown): Options {
  const result = rule.options.safeParse(options ?? {});
  if (result.success) return result.data;
  throw new ApicalError('rule.options', `Options of rule "${rule.id}": ${z.prettifyError(result.error)}`, {
    rule: rule.id,
  });
}

/**
 * Runs the phase in which a network answers held-out examples.
 *
 * @example
 * ```ts
 * import { runEvaluation } from 'apical/rules';
 * import type { LearningStep, Rule } from 'apical/rules';
 *
 * const lossOf = (rule: Rule, step: LearningStep) => step.losses(runEvaluation(rule, step));
 * console.log(typeof lossOf); // function
 * ```
 */
export const runEvaluation = (rule: Rule, step: LearningStep): Phase =>
  rule.learning?.evaluation?.(step) ?? step.run('evaluation');
