import type { ConfigInput } from '../../experiments/config.ts';
import type { Rule } from '../../rules/rule.ts';
import type { ClaimContext, SeedValues } from '../claim.ts';
import { mean } from './linear-task.ts';

/** What differs from run to run of a comparison. */
export interface Arm {
  readonly id: string;
  /** The rule itself, so that a claim depends on its code. */
  readonly rule: Rule;
  readonly ruleOptions?: Record<string, unknown>;
  /** Learning rate at the start. */
  readonly rate: number;
  /** Share of the forward synapses that exist. */
  readonly density?: number;
  readonly epochs?: number;
  /** Share of the training examples that is held out. */
  readonly validation?: number;
}

export const EPOCHS = 20;
const FIRST = 'input→hidden1';

/** 784-500-10, batch 128, as Akrout et al. (2019) trained for 400 epochs: tanh for their logistic units, momentum. */
const configOf = (
  { rule, ruleOptions = {}, rate, density = 1, epochs = EPOCHS, validation = 0 }: Arm,
  seed: number,
): ConfigInput => ({
  rule: rule.id,
  ruleOptions,
  seed,
  task: { dataset: 'mnist', validation },
  network: { hidden: [500], activation: 'tanh' as const, density, initialisation: SMALL },
  optimiser: {
    kind: 'momentum' as const,
    rate: { kind: 'linear' as const, value: rate, end: 0 },
    momentum: 0.9,
  },
  batch: 128,
  epochs,
  probe: { every: 1_000_000, examples: 1000 },
  threads: 1,
});

/** Small forward weights, for all rules alike: see the presets. */
const SMALL = { kind: 'glorot', scale: 0.1 } as const;

/**
 * From an `apical search` on a validation split, the same 34 epochs for each rule: 11 rates from .005 to 1 for 2 epochs,
 * the best three for 6. `RATE` was best for backpropagation, Kolen–Pollack and the weight mirror.
 */
export const RATE = 0.3;
export const ALIGNMENT_RATE = 0.7;

export interface Outcome {
  /** Wrong test answers after every epoch, %. */
  readonly testErrors: readonly number[];
  /** The same of examples that were held out. */
  readonly validationErrors: readonly number[];
  /** Degrees between the first projection's update and the exact gradient at the end. */
  readonly angle: number;
}

export async function trainArms(
  { seeds, train, progress }: ClaimContext,
  arms: readonly Arm[],
): Promise<ReadonlyMap<number, ReadonlyMap<string, Outcome>>> {
  const outcomes = new Map<number, Map<string, Outcome>>();
  let done = 0;
  for (const seed of seeds) {
    const found = new Map<string, Outcome>();
    outcomes.set(seed, found);
    for (const arm of arms) {
      const { metrics } = await train(configOf(arm, seed));
      const probes = metrics.flatMap((record) => (record.kind === 'probe' ? [record.projections] : []));
      const evaluations = metrics.flatMap((record) => (record.kind === 'evaluation' ? [record] : []));
      found.set(arm.id, {
        testErrors: evaluations.map(({ test }) => 100 * (test?.error ?? NaN)),
        validationErrors: evaluations.map(({ validation }) => 100 * (validation?.error ?? NaN)),
        angle: probes.at(-1)?.[FIRST]?.angle ?? NaN,
      });
      done += 1;
      await progress(done / (seeds.length * arms.length));
    }
  }
  return outcomes;
}

/** Test errors of every arm by seed, and the last angle of the first projection. */
export const valuesOf = (
  outcomes: ReadonlyMap<number, ReadonlyMap<string, Outcome>>,
  more: (arms: ReadonlyMap<string, Outcome>) => Record<string, number>,
): SeedValues[] =>
  [...outcomes].map(([seed, arms]) => ({
    seed,
    values: {
      ...Object.fromEntries([...arms].map(([id]) => [`${id}-test-error`, errorOf(arms, id)])),
      ...Object.fromEntries([...arms].map(([id, { angle }]) => [`${id}-angle`, angle])),
      ...more(arms),
    },
  }));

export const errorOf = (arms: ReadonlyMap<string, Outcome>, id: string) =>
  arms.get(id)?.testErrors.at(-1) ?? NaN;

export const means = (perSeed: readonly SeedValues[], ids: readonly string[]) =>
  Object.fromEntries(ids.map((id) => [id, mean(perSeed.map(({ values }) => values[id] as number))]));
