import path from 'node:path';
import { parseConfig } from '../config/config.ts';
import type { ConfigInput } from '../config/config.ts';
import { identityOf } from '../config/identity.ts';
import { runSession } from '../runs/session.ts';
import type { TrainedRun } from './claim.ts';

export interface ClaimTrainingOptions {
  /** Every run gets a folder in it. */
  readonly folder: string;
  /** Identifies how the code trains: a kept run with another fingerprint is not used. */
  readonly fingerprint: string;
  readonly claim: string;
  readonly signal?: AbortSignal | undefined;
  readonly share?: ((done: number) => void) | undefined;
}

/**
 * Trains a config for a claim, or resumes where the same training stopped: its folder is named by the rule, the seed,
 * the config's identity and the fingerprint. Rejects with the signal's reason, or with the error that made the run fail.
 */
export async function trainForClaim(
  input: ConfigInput,
  { folder, fingerprint, claim, signal, share }: ClaimTrainingOptions,
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
  return { document: run.document, metrics: run.metrics };
}
