import { z } from 'zod';

/** Schemas of the documents that scripts rely on. Further keys may be added. */
const fraction = z.number().min(0);
const score = z.object({ loss: z.number(), error: fraction.optional() });
const heldOut = score.extend({ errors: z.int().min(0), count: z.int().min(1) });
const readout = heldOut.required();
const degrees = z.number().min(0).max(180).nullable();

export const runDocument = z.object({
  version: z.literal(1),
  kind: z.literal('run'),
  id: z.string().regex(/^[0-9a-f]{64}$/),
  rule: z.string(),
  variant: z.string().optional(),
  task: z.string(),
  backend: z.enum(['blas', 'wasm', 'reference']),
  threads: z.int().min(1),
  seed: z.int().min(0),
  epochs: z.int().min(1),
  train: score.nullable(),
  test: heldOut.nullable(),
  readout: z.object({ validation: readout.optional(), test: readout.optional() }).optional(),
  alignment: z.record(z.string(), degrees),
  metrics: z.record(z.string(), z.number()),
  examplesPerSecond: z.number().min(0),
  wallSeconds: z.number().min(0),
  peakMemoryBytes: z.int().min(1e6),
  folder: z.string(),
  status: z.enum(['done', 'failed', 'interrupted']),
});

const seeds = z.array(z.int().min(0)).min(1);
const interval = z.number().min(0).nullable();

export const compareDocument = z.object({
  version: z.literal(1),
  kind: z.literal('compare'),
  runs: z.array(runDocument).min(1),
  summary: z.array(
    z.object({
      rule: z.string(),
      metric: z.string(),
      mean: z.number(),
      interval,
      seeds,
      values: z.array(z.number()),
    }),
  ),
  paired: z.array(
    z.object({
      first: z.string(),
      second: z.string(),
      metric: z.string(),
      mean: z.number(),
      interval,
      seeds,
    }),
  ),
});

const point = z.record(z.string(), z.unknown());
const rungScore = z.object({
  epochs: z.int().min(1),
  status: z.enum(['scored', 'diverged', 'failed']),
  error: fraction.nullable(),
  loss: z.number().nullable(),
});

export const searchDocument = z.object({
  version: z.literal(1),
  kind: z.literal('search'),
  id: z.string().regex(/^[0-9a-f]{64}$/),
  status: z.enum(['done', 'failed', 'interrupted']),
  task: z.string(),
  space: z
    .array(z.object({ path: z.string(), rule: z.string().optional(), range: z.looseObject({}) }))
    .min(1),
  seeds,
  rankedBy: z.literal('readout').optional(),
  searchSeed: z.int().min(0),
  validation: z.number().gt(0).lt(1),
  budget: z.object({
    epochs: z.int().min(1),
    planned: z.int().min(1),
    eta: z.int().min(2),
    rungs: z.array(z.object({ epochs: z.int().min(1), trials: z.int().min(1) })).min(1),
  }),
  trials: z
    .array(
      z.object({
        rule: z.string(),
        trial: z.int().min(0),
        point,
        status: z.enum(['waiting', 'learning', 'stopped', 'finished', 'diverged', 'failed']),
        epochs: z.int().min(0),
        error: fraction.nullable(),
        seeds: z.array(z.object({ seed: z.int().min(0), folder: z.string(), rungs: z.array(rungScore) })),
      }),
    )
    .min(1),
  best: z.array(
    z.object({ rule: z.string(), trial: z.int().min(0), point, error: fraction, config: z.looseObject({}) }),
  ),
  spent: z.array(z.object({ rule: z.string(), epochs: z.int().min(0) })),
});

const macs = z.number().min(0);

export const rulesDocument = z.object({
  version: z.literal(1),
  kind: z.literal('rules'),
  rules: z
    .array(
      z.object({
        id: z.string(),
        family: z.string(),
        title: z.string(),
        equation: z.string(),
        cites: z.array(z.string()),
        options: z.looseObject({ type: z.literal('object') }),
        locality: z.array(
          z.object({
            projection: z.string(),
            transposedWeights: z.array(z.string()),
            otherWeights: z.array(z.string()),
            signedError: z.boolean(),
            target: z.boolean(),
            errorInInput: z.boolean(),
            globalScalars: z.array(z.string()),
            phases: z.int().min(1),
            waitsForProjections: z.int().min(0),
            stored: z.array(
              z.object({
                state: z.string(),
                numbers: z.number().positive(),
                per: z.enum(['synapse', 'unit', 'pair of units', 'synapse and unit', 'network']),
                of: z.string().optional(),
              }),
            ),
            backwardsInTime: z.boolean(),
            valuesRead: z.array(z.string()),
          }),
        ),
        cost: z.object({ forwardMacs: macs, feedbackMacs: macs, updateMacs: macs, bytesBetweenAreas: macs }),
        reachViolations: z.array(z.string()),
      }),
    )
    .min(1),
});

export const dataDocument = z.object({
  version: z.literal(1),
  kind: z.literal('data'),
  datasets: z.array(
    z.object({
      id: z.string(),
      available: z.boolean(),
      verified: z.boolean(),
      count: z.int().min(1),
      path: z.string().optional(),
      how: z.string().min(1),
    }),
  ),
});

export const claimsDocument = z.object({
  version: z.literal(1),
  kind: z.literal('claims'),
  claims: z
    .array(
      z.object({
        id: z.string(),
        systems: z.array(z.string()),
        checks: z.array(z.int()),
        source: z.string(),
        statement: z.string(),
        tier: z.enum(['exact', 'quick', 'full']),
        status: z.enum(['reproduced', 'partly', 'not-reproduced', 'not-run']),
        measured: z.number().nullable(),
        expected: z.looseObject({ text: z.string() }),
        unit: z.string(),
        seeds: z.array(z.int()),
        backend: z.string().nullable(),
        stale: z.boolean().nullable(),
      }),
    )
    .min(1),
});

export const benchDocument = z.object({
  version: z.literal(1),
  kind: z.literal('bench'),
  rows: z
    .array(
      z.object({
        id: z.string(),
        work: z.string(),
        subject: z.string(),
        threads: z.int().min(0),
        millisecondsPerStep: z.number().nullable(),
        examplesPerSecond: z.number().nullable(),
        gflops: z.number().nullable(),
        limitFraction: z.number().nullable(),
        peer: z.string().optional(),
        ratio: z.number().optional(),
      }),
    )
    .min(1),
});

const scored = z.object({ class: z.int().min(0), name: z.string(), score: z.number() });

export const predictionDocument = z.object({
  version: z.literal(1),
  kind: z.literal('prediction'),
  from: z.string(),
  identity: z.string(),
  rule: z.string(),
  step: z.int().min(0),
  input: z.string(),
  classes: z.array(z.string()).nullable(),
  scores: z.enum(['probability', 'output']),
  rows: z.array(
    z.object({
      index: z.int().min(0),
      answer: scored.optional(),
      second: scored.optional(),
      label: z.object({ class: z.int().min(0), name: z.string() }).optional(),
      values: z.array(z.number()).optional(),
      targets: z.array(z.number()).optional(),
    }),
  ),
  result: z.object({ error: fraction, errors: z.int().min(0), count: z.int().min(1) }).nullable(),
});

export const exportDocument = z.object({
  version: z.literal(1),
  kind: z.literal('export'),
  out: z.string(),
  format: z.enum(['safetensors', 'npz']),
  layout: z.enum(['pytorch', 'apical']),
  identity: z.string(),
  step: z.int().min(0),
  tensors: z
    .array(z.object({ name: z.string(), shape: z.array(z.int().min(1)), type: z.enum(['f4', 'f8']) }))
    .min(1),
  module: z.string().nullable(),
});

export const errorDocument = z.object({
  version: z.literal(1),
  kind: z.literal('error'),
  code: z.string(),
  message: z.string(),
  exitCode: z.int(),
});
