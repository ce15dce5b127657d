import { createHash } from 'node:crypto';
import path from 'node:path';
import { ApicalError } from '../../errors.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import type { Checkpoint, Sha256 } from './checkpoint.ts';
import { checkpointsIn, readDocuments } from './documents.ts';
import type { RunFolderContents } from './contents.ts';
import { readAll } from './files.ts';

/** Computes SHA-256 with Node, which is fast enough for large checkpoints. */
export const sha256: Sha256 = (parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Returns a checkpoint of the run with that identity, or the error that makes it unusable. */
export function loadCheckpoint(folder: string, name: string, identity: string): Checkpoint | ApicalError {
  try {
    const checkpoint = decodeCheckpoint(readAll(path.join(folder, name)), name, sha256);
    if (checkpoint.identity === identity) return checkpoint;
    return new ApicalError(
      'checkpoint.corrupt',
      `The checkpoint ${name} belongs to a run with another config.`,
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

/** A run with the checkpoint of its trained network. */
export interface TrainedRun extends RunFolderContents {
  readonly folder: string;
  readonly checkpoint: Checkpoint;
}

/**
 * Reads a run and its newest good checkpoint without a lock, even while the run continues. Throws as `readRunFolder`
 * does, and `checkpoint.missing`, `checkpoint.corrupt` or `checkpoint.newer` if no checkpoint can be used.
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
    `The run in ${folder} has no checkpoint yet. Wait for the first one, or resume the run with \`apical run --resume ${folder}\`.`,
    { folder },
  );
}
