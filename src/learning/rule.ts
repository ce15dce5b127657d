import { z } from 'zod';
import type { LearningStep } from '../dynamics/step.ts';
import type { Dynamics, Phase, PhaseOptions } from '../dynamics/phase.ts';
import { ApicalError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import type { OptimiserOf } from '../network/optimiser.ts';
import type { Reference } from '../references/index.ts';
import type { Stream } from '../random/stream.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { NetworkSpecification } from '../network/specification.ts';

/** How long a rule's tensor lives: with a parameter, a training example, a sampling chain, or the whole run. */
export type StateScope = 'parameter' | 'example' | 'chain' | 'run';

/** A tensor of its own that a rule keeps between steps, saved in checkpoints. */
export interface StateDeclaration {
  readonly name: string;
  /** Of scope "example", of each one. */
  readonly shape: readonly number[];
  readonly scope: StateScope;
  /** How it starts, where not at 0; of scope "example" it starts at 0. */
  readonly fill?: (compute: Compute, tensor: Tensor, source: Stream) => void;
}

/** Inputs that a network made. */
export interface Fantasies {
  readonly inputs: Tensor;
  /** One sentence. */
  readonly caption: string;
}

/** A learning rule: how synapses change on top of the activity that some dynamics make. One file each. */
export interface Rule<Options = unknown> {
  /** Lower case with hyphens; what users type. */
  readonly id: string;
  /** Heading under which it is listed, such as "Feedback pathways". */
  readonly family: string;
  readonly title: string;
  /** One sentence: what it does that the others do not. */
  readonly summary: string;
  /** TeX. */
  readonly equation: string;
  /** Keys of docs/bibliography.json. */
  readonly cites: readonly string[];
  /** Every option with its default; the same schema makes the error messages, the help and the forms. */
  readonly options: z.ZodType<Options>;
  /** How activity arises under it. */
  readonly dynamics: Dynamics;
  /** How its dynamics run where a phase does not say otherwise; the evaluation of a network is a phase of that name. */
  phase?(options: Options, name: string): PhaseOptions;
  /** Why the rule cannot serve a network, and which rules can, as the end of a sentence; undefined where it can. */
  refuses?(specification: NetworkSpecification, options: Options): string | undefined;
  /** Adds to a network what the rule needs, such as feedback projections. */
  wire?(specification: NetworkSpecification, options: Options): NetworkSpecification;
  /**
   * How parameters change where that is not as the run says, such as feedback weights at a speed of their own.
   * `optimiserOf` is what the run says, single projections included.
   */
  optimisers?(network: Network, optimiserOf: OptimiserOf, options: Options): OptimiserOf;
  /** What it keeps between steps. */
  state?(network: Network, options: Options): readonly StateDeclaration[];
  /**
   * The exact gradient of what it learns where that is not the loss of the network's objectives, such as the likelihood
   * of the data; undefined where there is none to be had. Absent: that of the objectives under its dynamics.
   */
  reference?(network: Network, options: Options): Reference | undefined;
  /** Names of what it measures of every example beside the loss, such as the error of a reconstruction. */
  measures?(network: Network, options: Options): readonly string[];
  /** Measures held-out examples; `phase` is that of the evaluation. */
  evaluate?(step: LearningStep<Options>, phase: Phase): void;
  /** What else to try where a loss is no longer finite, as the end of a sentence. */
  advice?(options: Options): string | undefined;
  /** What a user should be told of what a finished run last measured, by name, each a sentence with what to do. */
  remarks?(options: Options, measured: Readonly<Record<string, number>>): readonly string[];
  /**
   * What it makes of itself in place of examples, to be looked at: (batch, input units) from 0 to 1, and in words how
   * they came about. The step's examples are held-out ones, from which chains may begin. Undefined where it makes none.
   */
  fantasies?(step: LearningStep<Options>): Fantasies | undefined;
  /** How many samples a step measures by `step.samples`, which workers may share. Absent: it calls none. */
  sharedSamples?(options: Options): number;
  /** One update: run phases, emit terms. */
  learn(step: LearningStep<Options>): void;
}

/** Gives a rule its types. The options default to none. */
export function defineRule<Options>(rule: Rule<Options>): Rule<Options> {
  return rule;
}

/** The schema of a rule without options. */
export const noOptions = z.strictObject({});

const isDynamics = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function';

const contract = z.object({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'must be lower case letters, digits and hyphens, such as "my-rule"'),
  family: z.string().min(1),
  title: z.string().min(1),
  summary: z.string(),
  equation: z.string(),
  cites: z.array(z.string()),
  options: z.custom<z.ZodType>(
    (value) => typeof (value as z.ZodType | undefined)?.safeParse === 'function',
    'must be a zod schema, such as z.strictObject({})',
  ),
  dynamics: z.custom<Dynamics>(isDynamics, 'must be dynamics, such as feedforward'),
  learn: z.custom((value) => typeof value === 'function', 'must be a function (step) => void'),
  wire: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  phase: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  refuses: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  optimisers: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  state: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  reference: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  measures: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  evaluate: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  advice: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  remarks: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  fantasies: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
  sharedSamples: z
    .custom((value) => value === undefined || typeof value === 'function', 'must be a function')
    .optional(),
});

/** Checks what a user's file exports. Throws `rule.contract`, naming the first field that is wrong. */
export function checkRule(candidate: unknown, from: string): Rule {
  const result = contract.safeParse(candidate);
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new ApicalError(
      'rule.contract',
      `${from} does not export a rule${field ? `: "${field}" ${issue?.message ?? 'is wrong'}` : ''}. ` +
        'Export default defineRule({ id, family, title, summary, equation, cites, options, dynamics, learn }).',
      { from, field },
    );
  }
  return candidate as Rule;
}

/** Options with defaults filled in. Throws `rule.options`, naming the value and what was expected. */
export function parseOptions<Options>(rule: Rule<Options>, options: unknown): Options {
  const result = rule.options.safeParse(options ?? {});
  if (result.success) return result.data;
  throw new ApicalError('rule.options', `Options of rule "${rule.id}": ${z.prettifyError(result.error)}`, {
    rule: rule.id,
  });
}
