import { z } from 'zod';
import { ACTIVATIONS } from '../tensor/kernels.ts';
import { explainIssues } from './explain.ts';

/**
 * The typed configuration of a run. Every key has a meaning (shown by `apical help config`) and, where sense
 * allows, a default; unknown keys are refused. A config says everything that decides a result: its canonical
 * form is the run's identity.
 */
const positive = z.number().positive();
const share = z.number().min(0).lt(1);
const whole = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const count = z.int().min(1).max(1e9);

const warmup = { warmup: z.number().min(0).optional().describe('epochs over which it rises from 0') };
const scheduled = (value: z.ZodNumber) =>
  z.union([
    value,
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('constant'), value, ...warmup }),
      z.strictObject({ kind: z.literal('step'), value, factor: positive, every: positive, ...warmup }),
      z.strictObject({
        kind: z.literal('linear'),
        value,
        end: z.number().min(0),
        epochs: positive.optional(),
        ...warmup,
      }),
      z.strictObject({ kind: z.literal('exponential'), value, factor: positive, ...warmup }),
      z.strictObject({
        kind: z.literal('cosine'),
        value,
        end: z.number().min(0).optional(),
        epochs: positive.optional(),
        ...warmup,
      }),
    ]),
  ]);

const initialisation = z.strictObject({
  kind: z.enum(['uniform', 'normal', 'glorot', 'he', 'orthogonal', 'zero']),
  scale: positive.optional(),
});

const optimiserShape = {
  kind: z.enum(['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam']).describe('how terms change weights'),
  rate: scheduled(z.number().positive().max(1e6)).describe('learning rate: a number or a schedule'),
  momentum: scheduled(z.number().min(0).lt(1)).describe('momentum, or the first decay of Adam'),
  meanSquareDecay: z.number().min(0).lt(1).describe('decay of the mean square of RMSprop and Adam'),
  epsilon: positive.describe('added to the root mean square'),
  decay: z.number().min(0).describe('weight decay: each update also subtracts rate × decay × weights'),
  maximumNorm: z.number().min(0).describe("bound on the norm of a unit's incoming weights; 0 for none"),
};

const optimiser = z.strictObject({
  kind: optimiserShape.kind.default('momentum'),
  rate: optimiserShape.rate.default(0.05),
  momentum: optimiserShape.momentum.default(0.9),
  meanSquareDecay: optimiserShape.meanSquareDecay.default(0.999),
  epsilon: optimiserShape.epsilon.default(1e-8),
  decay: optimiserShape.decay.default(0),
  maximumNorm: optimiserShape.maximumNorm.default(0),
  projections: z
    .record(z.string(), z.strictObject(optimiserShape).partial())
    .default({})
    .describe('what differs by projection (or area, for its thresholds): {"hidden1→output": {"rate": 0.01}}'),
});

const DEFAULT_DATASET = 'mnist';

const task = z.strictObject({
  dataset: z.string().min(1).optional().meta({
    description: 'a known data set, or a folder, .csv or .npz file',
    default: DEFAULT_DATASET,
  }),
  environment: z
    .string()
    .min(1)
    .optional()
    .describe('instead of a data set, a task that answers actions: a known one, or the path of a file'),
  options: z
    .record(z.string(), z.number())
    .default({})
    .describe('options of a generated data set, or of an environment'),
  labels: z
    .union([z.string(), z.int().min(0)])
    .optional()
    .describe('label column of a .csv file, by name or number'),
  trainExamples: count.optional().describe('learn from this many examples only'),
  validation: share.default(0).describe('share of the training examples held out for validation'),
});

const side = z.int().min(1).max(1e4);
const convolution = z.strictObject({
  channels: count.describe('kernels'),
  kernel: side.describe('side of a kernel, in pixels'),
  stride: side.optional().describe('how far a kernel moves; default 1'),
  padding: z.int().min(0).max(1e4).optional().describe('zeros around the picture; default 0'),
  shared: z.boolean().optional().describe('false: every place has kernels of its own (locally connected)'),
  pool: side.optional().describe('side of the pooling window after it; default 1, no pooling'),
  pooling: z.enum(['max', 'average']).optional().describe('what is taken of a window; default max'),
});

const network = z.strictObject({
  convolutions: z
    .array(convolution)
    .optional()
    .describe(
      'convolutions before the hidden areas: [{"channels": 6, "kernel": 5, "padding": 2, "pool": 2}]; also stride, pooling, shared',
    ),
  hidden: z.array(count).default([256]).describe('units of each hidden area'),
  activation: z.enum(ACTIVATIONS).default('relu').describe('of hidden areas'),
  outputActivation: z.enum(ACTIVATIONS).default('linear').describe('of the output area'),
  dropout: share.default(0).describe('probability that a hidden unit is silenced in training'),
  inputDropout: share.default(0).describe('the same for the input'),
  density: z.number().gt(0).max(1).default(1).describe('share of the possible synapses that exist'),
  excitatory: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("share of units that only excite, the others only inhibit (Dale's law); default: any sign"),
  bias: z.boolean().default(true).describe('whether units have learned thresholds'),
  initialisation: initialisation.optional().describe('default: He for ReLU, Glorot otherwise'),
});

const pair = (least: number) =>
  z.tuple([z.int().min(least).max(1e4), z.int().min(least).max(1e4)]).describe('down, right');
const sliding = { kernel: pair(1), stride: pair(1).optional(), padding: pair(0).optional() };
const connection = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dense') }),
  z.strictObject({ kind: z.literal('convolution'), ...sliding }),
  z.strictObject({ kind: z.literal('local'), ...sliding }),
  z.strictObject({
    kind: z.literal('pooling'),
    how: z.enum(['max', 'average']),
    window: pair(1),
    stride: pair(1).optional(),
  }),
]);

const graph = z.strictObject({
  areas: z.array(
    z.strictObject({
      id: z.string().min(1),
      shape: z.array(count).min(1),
      activation: z.enum(ACTIVATIONS).optional(),
      dropout: share.optional(),
      bias: z.boolean().optional(),
      topDownBias: z.boolean().optional(),
    }),
  ),
  projections: z.array(
    z.strictObject({
      id: z.string().min(1).optional(),
      from: z.string(),
      to: z.string(),
      kind: z.enum(['forward', 'feedback', 'lateral']).optional(),
      connection: connection.optional(),
      plastic: z.boolean().optional(),
      initialisation: initialisation.optional(),
      density: z.number().gt(0).max(1).optional(),
      wiring: z.enum(['independent', 'reciprocal', 'disjoint']).optional(),
      excitatory: z.number().min(0).max(1).optional(),
      symmetric: z.boolean().optional(),
      selfConnections: z.boolean().optional(),
      answers: z.string().optional(),
    }),
  ),
  input: z.string(),
  objectives: z.array(
    z.strictObject({
      area: z.string(),
      kind: z.enum(['cross-entropy', 'squared-error', 'zero-one', 'black-box']),
      auxiliary: z.boolean().optional(),
    }),
  ),
});

const control = z.strictObject({
  horizon: z
    .int()
    .min(0)
    .max(1e6)
    .default(32)
    .describe('steps of each environment an update; 0: one whole episode of each'),
  discount: z.number().min(0).max(1).default(0.99).describe('γ: what a reward one step later is worth'),
  trace: z
    .number()
    .min(0)
    .max(1)
    .default(0.95)
    .describe('λ of TD(λ): 0 trusts the critic, 1 the returns; the finer the time steps, the nearer to 1'),
  baseline: z
    .enum(['critic', 'mean', 'none'])
    .default('critic')
    .describe(
      'what returns are compared with: what the critic expected, their mean over the update, or nothing',
    ),
  normalise: z
    .boolean()
    .default(true)
    .describe('divide the advantages of an update by their root mean square'),
  entropy: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe('β: a surprising action counts as better by β times −ln of its probability'),
  deviation: positive
    .max(100)
    .default(0.5)
    .describe('standard deviation of continuous actions about their mean, in halves of their range'),
  rewardScale: positive
    .max(1e9)
    .default(1)
    .describe('rewards are multiplied by this before they are learned'),
  updates: count.default(100).describe('updates an epoch; an evaluation follows each epoch'),
  critic: z
    .strictObject({
      rule: z.string().min(1).optional().describe('default: that of the actor, with its ruleOptions'),
      ruleOptions: z.record(z.string(), z.unknown()).default({}),
      hidden: z.array(count).optional().describe('units of each hidden area; default: as the actor'),
      optimiser: z
        .strictObject(optimiserShape)
        .partial()
        .default({})
        .describe('what differs from the optimiser of the actor'),
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      episodes: z.int().min(1).max(1e5).default(100).describe('fresh episodes an evaluation'),
      policy: z
        .enum(['greedy', 'sampled'])
        .default('greedy')
        .describe('the likeliest (or mean) action, or one drawn as in learning'),
    })
    .prefault({}),
});

/** Rules that teach areas one after the other, without a teacher. */
const PRETRAINING_RULES = ['contrastive-divergence', 'autoencoder'] as const;

const pretraining = z.strictObject({
  rule: z
    .enum(PRETRAINING_RULES)
    .default('contrastive-divergence')
    .describe('a stack of restricted Boltzmann machines, or one of autoencoders'),
  ruleOptions: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('see `apical rules ID`; epochsPerArea is pretraining.epochs'),
  epochs: z.int().min(1).max(1e6).default(10).describe('passes through the training examples for each area'),
  optimiser: z
    .strictObject(optimiserShape)
    .partial()
    .default({})
    .describe('what differs from the optimiser of the run'),
});

const completeSchema = z.strictObject({
  version: z.literal(1).default(1),
  rule: z
    .string()
    .min(1)
    .default('backprop')
    .describe('id of a rule, or the path of a file that exports one'),
  ruleOptions: z.record(z.string(), z.unknown()).default({}).describe('see `apical rules ID`'),
  task: task.prefault({}),
  control: control.optional().describe('how an actor and its critic learn; only with task.environment'),
  network: network.prefault({}).describe('a feedforward stack: convolutions, if any, then dense areas'),
  graph: graph.optional().describe('any network of areas and projections, instead of `network`'),
  objective: z
    .union([
      z.enum(['cross-entropy', 'squared-error', 'zero-one']),
      z
        .string()
        .regex(/[\\/]|\.[cm]?[jt]s$/, 'must be cross-entropy, squared-error, zero-one or the path of a file'),
    ])
    .optional()
    .describe(
      'cross-entropy (for classes the default), squared-error (for values), zero-one, or a file that exports a loss (output, target) => number',
    ),
  weights: z
    .union([
      z.string().min(1),
      z.strictObject({
        file: z.string().min(1),
        sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal'),
      }),
    ])
    .optional()
    .describe(
      'a .safetensors or .npz file to start from, as `apical export` or PyTorch writes; kept with its SHA-256',
    ),
  pretraining: pretraining
    .optional()
    .describe('before the run begins, areas learn one after the other what the area below sends'),
  optimiser: optimiser.prefault({}),
  batch: z
    .int()
    .min(1)
    .max(1e6)
    .default(100)
    .describe('examples an update; of an environment, episodes that run side by side'),
  epochs: z
    .int()
    .min(1)
    .max(1e6)
    .default(5)
    .describe('passes through the training examples; of an environment, times control.updates'),
  seed: whole.default(0).describe('decides weights, order, dropout and everything else that is random'),
  probe: z
    .strictObject({
      every: whole.default(100).describe('steps between comparisons with the exact gradient; 0 for none'),
      examples: count.default(100).describe('examples of the fixed probe batch'),
    })
    .prefault({}),
  checkpointSeconds: z
    .number()
    .min(0)
    .default(20)
    .describe('a checkpoint at least so often; 0: at epochs only'),
  backend: z.enum(['auto', 'blas', 'wasm', 'reference']).default('auto'),
  threads: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe('most threads of a matrix product; 0: as many as help'),
  workers: z
    .int()
    .min(1)
    .max(256)
    .default(1)
    .describe('worker threads that share the samples of a rule, exchanging only numbers'),
});

/** Keys that say how to learn from examples have no place in a task that answers actions, and the reverse. */
export const configSchema = completeSchema.superRefine(
  ({ task: { environment, ...examples }, ...config }, context) => {
    const refuse = (path: string, reason: string) =>
      context.addIssue({ code: 'custom', path: path.split('.'), message: `has no place ${reason}` });
    if (config.pretraining && config.weights !== undefined) refuse('pretraining', 'beside weights');
    if (environment === undefined) {
      if (config.control) refuse('control', 'without task.environment');
      return;
    }
    const beside = `beside task.environment "${environment}"`;
    for (const key of ['dataset', 'labels', 'trainExamples'] as const) {
      if (examples[key] !== undefined) refuse(`task.${key}`, beside);
    }
    if (examples.validation > 0) refuse('task.validation', beside);
    if (config.graph) refuse('graph', `${beside}: give network.hidden and control.critic.hidden`);
    if (config.objective) refuse('objective', beside);
    if (config.pretraining) refuse('pretraining', beside);
    if (config.workers > 1) refuse('workers', beside);
  },
);

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;

/**
 * A config with every default filled in. Throws `config.invalid`: one message that lists each wrong value, what
 * was expected, and the nearest known key. `where` says where it came from ("config.json", "--set").
 */
export function parseConfig(input: unknown, where = 'the config'): Config {
  const result = configSchema.safeParse(input);
  if (!result.success) throw explainIssues(configSchema, input, result.error, where);
  const config = result.data;
  const { task: learned } = config;
  // What a kind of task needs is spelled out, and what it does not is left out.
  if (learned.environment === undefined) return { ...config, task: { dataset: DEFAULT_DATASET, ...learned } };
  return { ...config, control: config.control ?? control.parse({}) };
}

/** The config with another rule. Options belong to the rule that the config names: another starts from its own defaults. */
export function withRule(config: Config, rule: string): Config {
  if (rule === config.rule) return config;
  const { control } = config;
  const follows = control && control.critic.rule === undefined;
  return {
    ...config,
    rule,
    ruleOptions: {},
    ...(follows ? { control: { ...control, critic: { ...control.critic, ruleOptions: {} } } } : {}),
  };
}

/** How areas learn before the run begins. */
export type Pretraining = z.output<typeof pretraining>;

/** How an actor and its critic learn. */
export type Control = z.output<typeof control>;
