import { setImmediate } from 'node:timers/promises';
import { openBackend } from '../backends/open.ts';
import { parseConfig } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { hashOfJson } from '../config/identity.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { findTask, requestFor } from '../runs/open-task.ts';
import type { Compute } from '../tensor/compute.ts';
import { fingerprintOf } from '../training/fingerprint.ts';
import type { Task } from '../training/task.ts';
import type { Claim } from './claim.ts';

/** A hash of the bits that a few steps of a training produce. */
export interface TrainingFingerprint {
  /** Rule and seed, for display. Trainings are identified by their order in `Claim.trainings`. */
  readonly training: string;
  /** SHA-256, in hexadecimal. */
  readonly sha256: string;
}

/** Steps at each of five stages of a run: two, so that state carried from step to step counts. */
const STEPS = 2;
/** Test examples evaluated after the steps, and training examples probed before the first two. */
const EXAMPLES = 100;

/**
 * Returns the fingerprint of every training that a claim declares, in order. Two versions of the code with equal
 * fingerprints train alike as far as these steps reach. Code that only another backend uses is not covered.
 *
 * Each training takes two steps at the beginning, two at each later quarter and two in the last epoch, so that every
 * stage of a schedule counts. Each pair continues from the state after the previous pair. Then some test examples are
 * evaluated. All this runs on the portable backend with one thread, where every bit is reproducible. SHA-256 covers all
 * tensors of the snapshot, the tally of losses and errors, and the angles of the first probes if the config probes.
 *
 * Takes seconds. Rejects if the data set of a training is missing, and with the signal's reason if it is aborted.
 */
export async function fingerprintTrainings(
  { id, seeds, trainings }: Pick<Claim, 'id' | 'seeds' | 'trainings'>,
  signal?: AbortSignal,
): Promise<TrainingFingerprint[]> {
  const configs = (trainings?.(seeds) ?? []).map((input) =>
    parseConfig(
      {
        ...input,
        ...{ backend: 'wasm', threads: 1, workers: 1 },
        probe: { ...input.probe, examples: EXAMPLES },
      },
      `a training of claim "${id}"`,
    ),
  );
  const compute = await openBackend({ backend: 'wasm', threads: 1 });
  const tasks = new Map<string, Task>();
  const fingerprints: TrainingFingerprint[] = [];
  try {
    for (const config of configs) {
      signal?.throwIfAborted();
      // Trainings on the same data share one copy.
      const key = hashOfJson({ data: requestFor(config), objective: config.objective });
      const task = tasks.get(key) ?? (await findTask(config))(compute);
      tasks.set(key, task);
      fingerprints.push({
        training: `${config.rule}, seed ${config.seed}`,
        sha256: await fingerprintTraining(compute, task, config),
      });
      await setImmediate();
    }
  } finally {
    for (const task of tasks.values()) task.dispose();
    compute.dispose();
  }
  return fingerprints;
}

async function fingerprintTraining(compute: Compute, task: Task, config: Config): Promise<string> {
  if (!task.examples || config.pretraining) {
    throw new Error('Only trainings on examples without a pretraining have a fingerprint.');
  }
  const { test } = task.examples;
  const angles: (number | null)[] = [];
  const training = task.begin(config, { rule: await loadRule(config.rule) }, (record) => {
    if (record.kind !== 'probe') return;
    // Feedback that takes no part in the gradient has no angle to compare.
    const compared = Object.values(record.projections).filter(({ reason }) => reason !== 'no gradient');
    angles.push(...compared.map(({ angle }) => rounded(angle)));
  });
  try {
    for (const epoch of epochsVisited(config.epochs)) {
      const { position } = training.snapshot();
      training.restore({ ...position, step: epoch * training.stepsPerEpoch });
      training.advance(STEPS, () => 0);
    }
    const count = Math.min(EXAMPLES, test.count);
    if (count > 0) {
      compute.scope(() => {
        const indices = compute.temporary([count], 'i32');
        indices.set(Array.from({ length: count }, (_, index) => index));
        training.learner.evaluate(test.gather(indices));
      });
    }
    return hashOfJson({ tensors: fingerprintOf(training.snapshot().tensors), angles });
  } finally {
    training.dispose();
  }
}

/** Returns the first epoch, the epochs at which the second, third and last quarter begin, and the last epoch. */
const epochsVisited = (epochs: number): ReadonlySet<number> =>
  new Set([...[0, 1, 2, 3].map((quarter) => Math.floor((quarter * epochs) / 4)), epochs - 1]);

/** Rounds an angle: it passes through functions of the JavaScript engine, whose last digits vary between versions. */
const rounded = (angle: number | null) => (angle === null ? null : Number(angle.toPrecision(9)));
