import { z } from 'zod';
import * as mini from 'zod/mini';
import { ACTIVATION_NAMES, SURROGATES } from '../tensor/activation.ts';
import { explainIssues } from './explain.ts';
import { isUserFile } from './user-file.ts';

/*
 * The typed config of a run. Every key has a description (shown by `apical help config`) and, where that makes sense, a
 * default; unknown keys are errors. A config holds everything that determines a result: the hash of its canonical form is
 * the run's identity.
 */
const positive = z.number().positive();
const share = z.number().min(0).lt(1);
const whole = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const count = z.int().min(1).max(1e9);
// Texts and records are those of zod/mini: the others add 30 kB to the first script of a page.
const text = mini.string();
const word = mini.string().check(mini.minLength(1));
const record = <Value extends z.core.$ZodType>(value: Value) => z._default(mini.record(text, value), {});
const options = record(z.unknown());

const warmup = { warmup: z.number().min(0).optional().describe('epochs over which the value rises from 0') };
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
  mean: z.number().optional().describe('mean of uniform and normal draws; default 0'),
});

/** A constraint on the weights of each unit: see `Constraint` of the network. */
const constraint = z
  .strictObject({
    over: z
      .enum(['incoming', 'outgoing', 'afferents'])
      .describe(
        'weights that are constrained together: onto or from a unit, or onto it from all areas (afferents)',
      ),
    how: z
      .enum(['multiplicative', 'subtractive'])
      .describe('whether weights are multiplied by a factor, or a number is subtracted'),
    total: z.number().optional().describe('the sum or norm that is conserved; default: the initial one'),
    norm: z
      .literal([1, 2])
      .optional()
      .describe('whether a factor conserves the sum of sizes (1) or the Euclidean norm (2); default 1'),
    limits: z
      .tuple([z.number(), z.number()])
      .optional()
      .describe('smallest and largest weight: [0, 1]; default: none'),
    freeze: z
      .boolean()
      .optional()
      .describe('whether a weight that reaches a limit stays there; default false'),
  })
  .nullable();

const activation = z.union([
  z.enum(ACTIVATION_NAMES),
  z.strictObject({
    kind: z.literal('threshold'),
    at: z.number().optional(),
    surrogate: z.enum(SURROGATES).optional(),
    sharpness: positive.optional(),
  }),
  z.string().refine(isUserFile, { error: 'must be the path of a file that exports one', abort: true }),
]);
const OTHER_ACTIVATIONS =
  '; also {"kind": "threshold", "at", "surrogate", "sharpness"} or the path of a file';

const optimiserShape = {
  kind: z
    .enum(['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'])
    .describe('how terms change weights: the optimiser'),
  rate: scheduled(z.number().positive().max(1e6)).describe('learning rate: a number or a schedule'),
  momentum: scheduled(z.number().min(0).lt(1)).describe(
    'momentum; for Adam, the decay rate β₁ of the mean gradient',
  ),
  meanSquareDecay: z
    .number()
    .min(0)
    .lt(1)
    .describe('decay rate of the mean square gradient, for RMSprop and Adam (β₂)'),
  epsilon: positive.describe('ε: added to the root mean square gradient'),
  decay: z.number().min(0).describe('weight decay: each update also subtracts rate × decay × weights'),
  maximumNorm: z.number().min(0).describe("largest norm of a unit's incoming weights; 0 for no limit"),
  constraint: constraint.describe(
    'conserves the sum or norm of the weights of each unit: {"over": "incoming", "how": "subtractive"}; null: none',
  ),
};

const optimiser = z.strictObject({
  kind: optimiserShape.kind.default('momentum'),
  rate: optimiserShape.rate.default(0.05),
  momentum: optimiserShape.momentum.default(0.9),
  meanSquareDecay: optimiserShape.meanSquareDecay.default(0.999),
  epsilon: optimiserShape.epsilon.default(1e-8),
  decay: optimiserShape.decay.default(0),
  maximumNorm: optimiserShape.maximumNorm.default(0),
  constraint: optimiserShape.constraint.optional(),
  projections: record(z.strictObject(optimiserShape).partial()).describe(
    'settings of single projections (or of an area, for its biases): {"hidden1→output": {"rate": 0.01}}',
  ),
});

const DEFAULT_DATASET = 'mnist';

const time = z.strictObject({
  from: z
    .enum(['rows', 'pixels'])
    .optional()
    .describe('turns each picture into a sequence of rows or of pixels'),
  kind: z
    .enum(['sequences', 'stream'])
    .optional()
    .describe('how to read a file: as sequences (.npz), or as one series, whose rows are steps (.npz, .csv)'),
  window: count
    .optional()
    .describe('steps per update, with activity carried on; default: the whole sequence, or 32 of a stream'),
  washout: whole
    .optional()
    .describe('steps at the start of each stream that are neither learned nor scored; default 0'),
});

const task = z.strictObject({
  dataset: z.optional(word).meta({
    description: 'a built-in data set, or the path of a folder, .csv or .npz file',
    default: DEFAULT_DATASET,
  }),
  environment: z
    .optional(word)
    .describe('in place of a data set, an environment to act in: a built-in one, or the path of a file'),
  options: record(z.number()).describe('options of a generated data set or of an environment'),
  labels: z
    .union([text, z.int().min(0)])
    .optional()
    .describe('label column of a .csv file, by name or number'),
  trainExamples: count.optional().describe('number of examples to learn from; default: all'),
  validation: share.default(0).describe('fraction of the training examples held out for validation'),
  time: time.optional().describe('for data in time'),
});

const side = z.int().min(1).max(1e4);
const convolution = z.strictObject({
  channels: count.describe('number of kernels'),
  kernel: side.describe('side of a kernel, in pixels'),
  stride: side.optional().describe('stride, in pixels; default 1'),
  padding: z.int().min(0).max(1e4).optional().describe('width of the border of zeros, in pixels; default 0'),
  shared: z.boolean().optional().describe('false: each position has its own kernels (locally connected)'),
  pool: side.optional().describe('side of the pooling window that follows; default 1 (no pooling)'),
  pooling: z.enum(['max', 'average']).optional().describe('maximum or average over each window; default max'),
});

const network = z.strictObject({
  convolutions: z
    .array(convolution)
    .optional()
    .describe(
      'convolutions before the hidden areas: [{"channels": 6, "kernel": 5, "padding": 2, "pool": 2}]; also stride, pooling, shared',
    ),
  hidden: z.array(count).default([256]).describe('number of units in each hidden area'),
  activation: activation
    .default('relu')
    .describe(`activation function of the hidden areas${OTHER_ACTIVATIONS}`),
  outputActivation: activation
    .default('linear')
    .describe(`activation function of the output area${OTHER_ACTIVATIONS}`),
  dropout: share.default(0).describe('probability that a hidden unit is dropped in training'),
  inputDropout: share.default(0).describe('probability that an input unit is dropped in training'),
  density: z.number().gt(0).max(1).default(1).describe('fraction of the possible synapses that exist'),
  storage: z
    .enum(['auto', 'dense', 'sparse'])
    .optional()
    .describe('how weights are stored: as matrices, or those of existing synapses alone; default auto'),
  excitatory: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      "fraction of units that only excite, while the others only inhibit (Dale's law); default: any sign",
    ),
  bias: z.boolean().default(true).describe('whether units have a learned bias'),
  recurrent: z
    .boolean()
    .optional()
    .describe('whether hidden areas project to themselves; default: true for data in time, else false'),
  initialisation: initialisation
    .optional()
    .describe('initial weights; default: He for ReLU, Glorot otherwise'),
});

const pair = (least: number) =>
  z.tuple([z.int().min(least).max(1e4), z.int().min(least).max(1e4)]).describe('vertical, horizontal');
const sliding = { kernel: pair(1), stride: pair(1).optional(), padding: pair(0).optional() };
const profile = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('uniform'), amplitude: z.number().optional() }),
  z.strictObject({ kind: z.literal('gaussian'), sigma: positive, amplitude: z.number().optional() }),
  z.strictObject({
    kind: z.literal('difference-of-gaussians'),
    sigma: positive,
    amplitude: z.number().optional(),
    surround: z.strictObject({ sigma: positive, amplitude: z.number() }),
  }),
]);
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
  z.strictObject({
    kind: z.literal('distance'),
    radius: z.number().min(0).describe('largest distance between two units that are connected'),
    profile: profile
      .optional()
      .describe('initial weights by distance; with initialisation, a factor of the draws'),
    shared: z
      .boolean()
      .optional()
      .describe('whether all pairs with the same offset share one weight; default false'),
  }),
]);

const place = z.int().min(0).max(1e9);
const delay = z.int().min(0).max(1e6);
const part = z.union([
  z.strictObject({ first: place }),
  z.strictObject({ picture: z.array(count).min(2), top: place, left: place }),
]);

const graph = z.strictObject({
  areas: z.array(
    z.strictObject({
      id: word,
      shape: z.array(count).min(1),
      sheet: z
        .strictObject({
          periodic: z.boolean().optional().describe('whether opposite edges meet; default false'),
          extent: positive.optional().describe('length of the longer side; default 1'),
        })
        .optional()
        .describe('gives the units places on a line or in a plane, for connections by distance'),
      activation: activation.optional(),
      dropout: share.optional(),
      bias: z.boolean().optional(),
      topDownBias: z.boolean().optional(),
      part: part.optional().describe('the part of an example that makes this an input area'),
    }),
  ),
  projections: z.array(
    z.strictObject({
      id: z.optional(word),
      from: text,
      to: text,
      kind: z.enum(['forward', 'feedback', 'lateral']).optional(),
      connection: connection.optional(),
      plastic: z.boolean().optional(),
      initialisation: initialisation.optional(),
      density: z.number().gt(0).max(1).optional(),
      storage: z.enum(['auto', 'dense', 'sparse']).optional(),
      wiring: z.enum(['independent', 'reciprocal', 'disjoint']).optional(),
      excitatory: z.number().min(0).max(1).optional(),
      symmetric: z.boolean().optional(),
      selfConnections: z.boolean().optional(),
      answers: z.optional(text),
      delay: z
        .union([delay, z.strictObject({ minimum: delay, maximum: delay })])
        .optional()
        .describe(
          'steps, fixed or drawn for each presynaptic unit; default 0, and 1 for lateral projections',
        ),
    }),
  ),
  input: text,
  objectives: z.array(
    z.strictObject({
      id: z.optional(word),
      area: text,
      kind: z.enum(['cross-entropy', 'squared-error', 'zero-one', 'black-box']),
      target: z
        .union([word, z.strictObject({ area: word })])
        .optional()
        .describe(
          'a target of the data by name, "inputs" for the example itself, or the activity of an area',
        ),
      reach: z.enum(['layer', 'network']).optional().describe('how far the error is sent; default network'),
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
    .describe('steps per update in each copy of the environment; 0: one whole episode'),
  discount: z.number().min(0).max(1).default(0.99).describe('γ: discount per step of later rewards'),
  trace: z
    .number()
    .min(0)
    .max(1)
    .default(0.95)
    .describe('λ of TD(λ): 0 uses the critic, 1 the returns; the shorter the time steps, the closer to 1'),
  baseline: z
    .enum(['critic', 'mean', 'none'])
    .default('critic')
    .describe(
      'what is subtracted from returns: the prediction of the critic, their mean over the update, or nothing',
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
    .describe('β: adds −β ln(probability) of an action to its advantage'),
  deviation: positive
    .max(100)
    .default(0.5)
    .describe('standard deviation of continuous actions, as a fraction of half their range'),
  rewardScale: positive.max(1e9).default(1).describe('factor of all rewards in learning'),
  updates: count.default(100).describe('updates per epoch; each epoch ends with an evaluation'),
  critic: z
    .strictObject({
      rule: z.optional(word).describe('rule of the critic; default: the rule and ruleOptions of the actor'),
      ruleOptions: options,
      hidden: z
        .array(count)
        .optional()
        .describe('number of units in each hidden area; default: as the actor'),
      optimiser: z
        .strictObject(optimiserShape)
        .partial()
        .default({})
        .describe('settings that differ from the optimiser of the actor'),
    })
    .prefault({}),
  evaluation: z
    .strictObject({
      episodes: z.int().min(1).max(1e5).default(100).describe('number of new episodes per evaluation'),
      policy: z
        .enum(['greedy', 'sampled'])
        .default('greedy')
        .describe('the most probable (or mean) action, or one sampled as in learning'),
    })
    .prefault({}),
});

/** Rules that train areas one after the other, without targets. */
const PRETRAINING_RULES = ['contrastive-divergence', 'autoencoder'] as const;

const pretraining = z.strictObject({
  rule: z
    .enum(PRETRAINING_RULES)
    .default('contrastive-divergence')
    .describe('a stack of restricted Boltzmann machines, or one of autoencoders'),
  ruleOptions: options.describe('see `apical rules ID`; epochsPerArea is set by pretraining.epochs'),
  epochs: z.int().min(1).max(1e6).default(10).describe('passes through the training examples per area'),
  optimiser: z
    .strictObject(optimiserShape)
    .partial()
    .default({})
    .describe('settings that differ from the optimiser of the run'),
});

/** The kinds of readout. */
export const READOUTS = ['ridge', 'softmax', 'nearest-neighbours'] as const;

const readout = z.strictObject({
  kind: z
    .enum(READOUTS)
    .default('ridge')
    .describe('ridge regression; for classes also softmax regression, or a vote of the nearest neighbours'),
  areas: z.array(word).min(1).optional().describe('areas that it reads; default: the last hidden area'),
  normalise: z
    .enum(['none', 'standardise', 'unit-norm'])
    .default('standardise')
    .describe('scale each unit to mean 0 and variance 1 over training examples, or each example to norm 1'),
  activity: z
    .enum(['last', 'mean'])
    .default('last')
    .describe('for data in time: the activity at the step of a target, or its mean up to that step'),
  examples: count
    .default(10_000)
    .describe('largest number of training examples, or steps of a stream, that it learns from'),
  every: count.default(1).describe('epochs between readouts; the last epoch always has one'),
  regularisation: z
    .number()
    .min(0)
    .default(1e-3)
    .describe('λ: ridge and softmax add ½λ‖W‖² to the mean loss'),
  neighbours: count.default(5).describe('number of nearest neighbours that vote'),
  epochs: z.int().min(1).max(1e6).default(20).describe('passes of softmax through the training examples'),
  rate: positive.max(1e6).default(0.01).describe('learning rate of softmax'),
});

const completeSchema = z.strictObject({
  version: z.literal(1).default(1),
  rule: z._default(word, 'backprop').describe('id of a rule, or the path of a file that exports one'),
  ruleOptions: options.describe('see `apical rules ID`'),
  task: task.prefault({}),
  control: control.optional().describe('how an actor and its critic learn; only with task.environment'),
  network: network.prefault({}).describe('a feedforward stack: convolutions, if any, then dense areas'),
  graph: graph.optional().describe('any network of areas and projections, in place of `network`'),
  objective: z
    .union([
      z.enum(['cross-entropy', 'squared-error', 'zero-one', 'none']),
      text.check(
        mini.regex(
          /[\\/]|\.[cm]?[jt]s$/,
          'must be cross-entropy, squared-error, zero-one, none or the path of a file',
        ),
      ),
    ])
    .optional()
    .describe(
      'cross-entropy (default for classes), squared-error (default for values), zero-one, none (the network ends with its last hidden area; default without targets), or a file that exports a loss (output, target) => number',
    ),
  weights: z
    .union([
      word,
      z.strictObject({
        file: word,
        sha256: text.check(mini.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal')),
      }),
    ])
    .optional()
    .describe(
      '.safetensors or .npz file with initial weights, as written by `apical export` or PyTorch; kept with its SHA-256',
    ),
  pretraining: pretraining
    .optional()
    .describe('before the run, train the areas one after the other on the output of the area below'),
  readout: readout
    .optional()
    .describe('learn the targets from the activity of areas, apart from the network, and report the error'),
  optimiser: optimiser.prefault({}),
  batch: z
    .int()
    .min(1)
    .max(1e6)
    .default(100)
    .describe('examples per update; for a stream or an environment, the number that run in parallel'),
  epochs: z
    .int()
    .min(1)
    .max(1e6)
    .default(5)
    .describe('passes through the training examples; for an environment, multiples of control.updates'),
  seed: whole.default(0).describe('seed of initial weights, order, dropout and all other random numbers'),
  probe: z
    .strictObject({
      every: whole.default(100).describe('steps between comparisons with the exact gradient; 0: none'),
      examples: count.default(100).describe('number of examples in the fixed probe batch'),
    })
    .prefault({}),
  checkpointSeconds: z
    .number()
    .min(0)
    .default(20)
    .describe('longest time between checkpoints; 0: only after each epoch'),
  backend: z.enum(['auto', 'blas', 'wasm', 'reference']).default('auto'),
  threads: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe('largest number of threads of a matrix product; 0: automatic'),
  workers: z
    .int()
    .min(1)
    .max(256)
    .default(1)
    .describe('number of worker threads that share the samples of a rule'),
});

/** Checks that keys for examples are not given for an environment, nor the reverse. */
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
    for (const key of ['dataset', 'labels', 'trainExamples', 'time'] as const) {
      if (examples[key] !== undefined) refuse(`task.${key}`, beside);
    }
    if (examples.validation > 0) refuse('task.validation', beside);
    if (config.network.recurrent) refuse('network.recurrent', beside);
    if (config.graph) refuse('graph', `${beside}: use network.hidden and control.critic.hidden`);
    if (config.objective) refuse('objective', beside);
    if (config.pretraining) refuse('pretraining', beside);
    if (config.readout) refuse('readout', beside);
    if (config.workers > 1) refuse('workers', beside);
  },
);

/** A complete config: everything that determines the result of a run. */
export type Config = z.output<typeof configSchema>;

/** A config as a user writes it: every key is optional. */
export type ConfigInput = z.input<typeof configSchema>;

/**
 * Returns a config with all defaults filled in. `where` names the source of the input in errors ("config.json", "--set").
 *
 * Throws `config.invalid`, whose message lists each wrong value, what is expected, and a similar key where there is one.
 *
 * @example
 * import { parseConfig } from 'apical';
 *
 * const config = parseConfig({ rule: 'feedback-alignment', task: { dataset: 'rings' }, network: { hidden: [32] } });
 * console.log(config.optimiser.kind); // momentum
 */
export function parseConfig(input: unknown, where = 'the config'): Config {
  const result = configSchema.safeParse(input);
  if (!result.success) throw explainIssues(configSchema, input, result.error, where);
  const config = result.data;
  const { task: learned } = config;
  // A config holds what its kind of task needs, and nothing else.
  if (learned.environment === undefined) return { ...config, task: { dataset: DEFAULT_DATASET, ...learned } };
  return { ...config, control: config.control ?? control.parse({}) };
}

/** Returns the config with another rule, whose options start from their defaults. */
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

/** Settings of the time axis of the data. */
export type TimeSettings = z.output<typeof time>;

/** Settings of a readout. */
export type ReadoutSettings = z.output<typeof readout>;

/** Settings of the pretraining of areas before the run. */
export type Pretraining = z.output<typeof pretraining>;

/** Settings of the learning of an actor and its critic. */
export type Control = z.output<typeof control>;
