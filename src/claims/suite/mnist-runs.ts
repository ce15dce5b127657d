import { parseConfig } from '../../experiments/config.ts';
import type { Config, ConfigInput } from '../../experiments/config.ts';
import { openDataset } from '../../experiments/datasets-node.ts';
import { Examples } from '../../experiments/examples.ts';
import type { EvaluationRecord, ProbeRecord } from '../../experiments/records.ts';
import { Training } from '../../experiments/training.ts';
import type { Rule } from '../../rules/rule.ts';
import type { Compute } from '../../tensor/compute.ts';

/** One training on MNIST that a claim compares with others. */
export interface MnistRun {
  readonly rule: Rule;
  readonly config: Omit<ConfigInput, 'rule' | 'task'>;
  readonly seed: number;
}

export interface MnistOutcome {
  /** Wrong answers on the test set, %, at the end. */
  readonly testError: number;
  /** The same after every epoch. */
  readonly testErrors: readonly number[];
  /** Degrees between the rule's update and the exact gradient at the end, by projection; absent where not measured. */
  readonly angles: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

/**
 * Trains on all 60 000 digits and tests on the other 10 000. Throws `dataset.…` errors where MNIST is not there.
 * `tick` is told the share of the training that is done.
 */
export async function trainOnMnist(
  compute: Compute,
  examples: Examples,
  { rule, config, seed }: MnistRun,
  tick: (share: number) => Promise<void>,
): Promise<MnistOutcome> {
  const evaluations: EvaluationRecord[] = [];
  const probes: ProbeRecord[] = [];
  const whole: Config = parseConfig({ ...config, rule: rule.id, seed, task: { dataset: 'mnist' } });
  const training = new Training(compute, examples, whole, rule, (record) => {
    if (record.kind === 'evaluation') evaluations.push(record);
    if (record.kind === 'probe') probes.push(record);
  });
  try {
    while (!training.done) {
      training.advance(10, seconds);
      await tick(training.step / training.totalSteps);
    }
    const testErrors = evaluations.map(({ test }) => 100 * (test?.error ?? NaN));
    const angles = Object.entries(probes.at(-1)?.projections ?? {}).flatMap(([id, { angle }]) =>
      angle === null ? [] : [[id, angle] as const],
    );
    return {
      testError: testErrors.at(-1) ?? NaN,
      testErrors,
      angles: Object.fromEntries(angles),
      warnings: training.learner.network.warnings(),
    };
  } finally {
    training.dispose();
  }
}

/** All of MNIST in the heap; the caller disposes of it. */
export async function mnist(compute: Compute): Promise<Examples> {
  return new Examples(compute, await openDataset({ id: 'mnist' }));
}

/** Nobody asks these runs how fast they are. */
const seconds = () => 0;
