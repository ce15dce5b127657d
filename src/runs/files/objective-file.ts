import { ApicalError } from '../../errors.ts';
import { blackBox, defineLoss } from '../../network/index.ts';
import type { BlackBox, Loss } from '../../network/index.ts';
import type { Config } from '../../config/config.ts';
import { isUserFile } from '../../config/user-file.ts';
import { importUserFile } from './user-file.ts';

/**
 * Loads the loss that a config's `objective` names as a file; undefined if it names none. The file's default export maps
 * the output for one example and its target (a class label, or values) to a number, or is made by `defineLoss`. Throws
 * `objective.file` and `objective.loss`.
 */
export async function loadObjective({ objective }: Config): Promise<Loss | undefined> {
  if (objective === undefined || !isUserFile(objective)) return undefined;
  const exported = await importUserFile(objective, 'objective');
  if (typeof exported === 'function') return blackBox(exported as BlackBox);
  if (isLoss(exported)) return defineLoss(exported);
  throw new ApicalError(
    'objective.file',
    `The objective file "${objective}" must export a loss by default: a function (output, target) => number, lower for better outputs, or an object made by defineLoss.`,
    { objective },
  );
}

/** Whether an export is meant as a loss: an object with one of its parts. A file without a default export is none. */
const isLoss = (exported: unknown): exported is Loss =>
  typeof exported === 'object' && exported !== null && 'name' in exported && 'target' in exported;
