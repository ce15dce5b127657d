import { z } from 'zod';
import { ACTIVATIONS } from '../tensor/kernels.ts';
import { explainIssues } from './config-errors.ts';

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

const task = z.strictObject({
  dataset: z.string().min(1).default('mnist').describe('a known data set, or a folder, .csv or .npz file'),
  options: z.record(z.string(), z.number()).default({}).describe('options of a generated data set'),
  labels: z
    .union([z.string(), z.int().min(0)])
    .optional()
    .describe('label column of a .csv file, by name or number'),
  trainExamples: count.optional().describe('learn from this many examples only'),
  validation: share.default(0).describe('share of the training examples held out for validation'),
});

const network = z.strictObject({
  hidden: z.array(count).default([256]).describe('units of each hidden area'),
  activation: z.enum(ACTIVATIONS).default('relu').describe('of hidden areas'),
  outputActivation: z.enum(ACTIVATIONS).default('linear').describe('of the output area'),
  dropout: share.default(0).describe('probability that a hidden unit is silenced in training'),
  inputDropout: share.default(0).describe('the same for the input'),
  density: z.number().gt(0).max(1).default(1).describe('share of the possible synapses that exist'),
  bias: z.boolean().default(true).describe('whether units have learned thresholds'),
  initialisation: initialisation.optional().describe('default: He for ReLU, Glorot otherwise'),
});

const graph = z.strictObject({
  areas: z.array(
    z.strictObject({
      id: z.string().min(1),
      shape: z.array(count).min(1),
      activation: z.enum(ACTIVATIONS).optional(),
      dropout: share.optional(),
      bias: z.boolean().optional(),
    }),
  ),
  projections: z.array(
    z.strictObject({
      id: z.string().min(1).optional(),
      from: z.string(),
      to: z.string(),
      kind: z.enum(['forward', 'feedback', 'lateral']).optional(),
      plastic: z.boolean().optional(),
      initialisation: initialisation.optional(),
      density: z.number().gt(0).max(1).optional(),
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

export const configSchema = z.strictObject({
  version: z.literal(1).default(1),
  rule: z
    .string()
    .min(1)
    .default('backprop')
    .describe('id of a rule, or the path of a file that exports one'),
  ruleOptions: z.record(z.string(), z.unknown()).default({}).describe('see `apical rules ID`'),
  task: task.prefault({}),
  network: network.prefault({}).describe('a feedforward stack'),
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
  optimiser: optimiser.prefault({}),
  batch: z.int().min(1).max(1e6).default(100).describe('examples an update'),
  epochs: z.int().min(1).max(1e6).default(5).describe('passes through the training examples'),
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
});

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;

/**
 * A config with every default filled in. Throws `config.invalid`: one message that lists each wrong value, what
 * was expected, and the nearest known key. `where` says where it came from ("config.json", "--set").
 */
export function parseConfig(input: unknown, where = 'the config'): Config {
  const result = configSchema.safeParse(input);
  if (!result.success) throw explainIssues(configSchema, input, result.error, where);
  return result.data;
}
