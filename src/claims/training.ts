import path from 'node:path';
import { parseConfig } from '../config/config.ts';
import type { ConfigInput } from '../config/config.ts';
import { identityOf } from '../config/identity.ts';
import { openDataset } from '../runs/files/datasets.ts';
import { loadRule } from '../runs/files/rule-file.ts';
import { readTrainedRun, restoreLearner } from '../runs/folder/index.ts';
import { requestFor } from '../runs/open-task.ts';
import { runSession } from '../runs/session.ts';
import type { Compute } from '../tensor/compute.ts';
import { TrainedNetwork } from '../training/trained-network.ts';
import type { TrainedRun } from './claim.ts';

export interface ClaimTrainingOptions {
  /** The backend on which mistakes are counted; runs have a backend of their own. */
  readonly compute: Compute;
  /** Parent folder of the runs' folders. */
  readonly folder: string;
  /** Fingerprint of the training code: a stored run with another fingerprint is not used. */
  readonly fingerprint: string;
  readonly claim: string;
  readonly signal?: AbortSignal | undefined;
  readonly share?: ((done: number) => void) | undefined;
}

/**
 * Trains a config for a claim, or resumes the same training after an interruption. The folder is named after the rule,
 * the seed, the config's identity and the fingerprint. Rejects with the signal's reason or with the error of the run.
 */
export async function trainForClaim(
  input: ConfigInput,
  { compute, folder, fingerprint, claim, signal, share }: ClaimTrainingOptions,
): Promise<TrainedRun> {
  const config = parseConfig(input, `a training of claim "${claim}"`);
  signal?.throwIfAborted();
  const hashes = [identityOf(config), fingerprint].map((hash) => hash.slice(0, 8));
  const name = [`${config.rule}-seed${config.seed}`, ...hashes].join('-');
  const { runs, status } = await runSession({
    configs: [config],
    folder: path.join(folder, name),
    resume: true,
    command: `apical claims run ${claim}`,
    reports: () => import('../reports/index.ts'),
    ...(signal ? { signal } : {}),
    listener: {
      progress: (_, { training }) => share?.(training.step / training.totalSteps),
    },
  });
  if (status === 'interrupted') signal?.throwIfAborted();
  const [run] = runs;
  if (run?.error instanceof Error) throw run.error;
  if (!run || status !== 'done') throw new Error(`The training in ${path.join(folder, name)} did not end.`);
  const { document, metrics } = run;
  return { document, metrics, mistakes: () => mistakesOf(compute, path.join(folder, name)) };
}

/** Returns 1 for each test example that the network in a run's folder classifies wrongly, else 0. */
async function mistakesOf(compute: Compute, folder: string): Promise<number[]> {
  const { run, config, checkpoint } = readTrainedRun(folder);
  const dataset = await openDataset(requestFor(config));
  const { identity } = run;
  const trained = new TrainedNetwork(compute, {
    ...{
      config,
      rule: await loadRule(config.rule),
      data: run.data ?? dataset,
      identity,
      step: checkpoint.step,
    },
  });
  try {
    restoreLearner(trained.learner, checkpoint, true);
    const { count, inputs, targets } = dataset.test;
    const { classes } = trained.predict({ shape: [count, ...dataset.inputShape], data: inputs });
    return Array.from({ length: count }, (_, index) => (classes?.[index] === targets[index] ? 0 : 1));
  } finally {
    trained.dispose();
  }
}
