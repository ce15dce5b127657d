import { createHash } from 'node:crypto';
import path from 'node:path';
import { ApicalError } from '../../errors.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import type { Checkpoint, Sha256 } from './checkpoint.ts';
import { checkpointsIn, readDocuments } from './documents.ts';
import type { RunFolderContents } from './contents.ts';
import { readAll } from './files.ts';

/** Node's own, for checkpoints that may be large. */
export const sha256: Sha256 = (parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** A checkpoint of the run of that identity, or why it cannot be used. */
export function loadCheckpoint(folder: string, name: string, identity: string): Checkpoint | ApicalError {
  try {
    const checkpoint = decodeCheckpoint(readAll(path.join(folder, name)), name, sha256);
    if (checkpoint.identity === identity) return checkpoint;
    return new ApicalError(
      'checkpoint.corrupt',
      `The checkpoint ${name} belongs to a run of another config.`,
    );
  } catch (thrown) {
    if (thrown instanceof ApicalError) return thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new ApicalError(
      'checkpoint.corrupt',
      `The checkpoint ${name} cannot be read: ${reason}.`,
      {},
      thrown,
    );
  }
}

/** What a run's folder holds for those who use what it learned. */
export interface TrainedRun extends RunFolderContents {
  readonly folder: string;
  readonly checkpoint: Checkpoint;
}

/**
 * A run and its newest good checkpoint, without a lock: also while the run goes on. Throws as
 * `readRunFolder` does, and `checkpoint.missing`, `checkpoint.corrupt` or `checkpoint.newer` when there is none to use.
 */
export function readTrainedRun(folder: string): TrainedRun {
  const { run, config } = readDocuments(folder);
  const names = checkpointsIn(folder);
  let problem: ApicalError | undefined;
  for (const name of names) {
    const checkpoint = loadCheckpoint(folder, name, run.identity);
    if (!(checkpoint instanceof ApicalError)) return { folder, run, config, checkpoint };
    problem ??= checkpoint;
  }
  if (problem) throw problem;
  throw new ApicalError(
    'checkpoint.missing',
    `The run in ${folder} has no checkpoint yet: wait for its first, or let it go on with \`apical run --resume\`.`,
    { folder },
  );
}
