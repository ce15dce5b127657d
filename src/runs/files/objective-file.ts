import { ApicalError } from '../../errors.ts';
import type { BlackBox } from '../../network/index.ts';
import type { Config } from '../../config/config.ts';
import { isUserFile } from '../../config/user-file.ts';
import { importUserFile } from './user-file.ts';

/**
 * Loads the loss function that a config's `objective` names as a file; undefined if it names none. The file's default
 * export maps the output for one example and its target (a class label, or values) to a number. Throws
 * `objective.file`.
 */
export async function loadObjective({ objective }: Config): Promise<BlackBox | undefined> {
  if (objective === undefined || !isUserFile(objective)) return undefined;
  const exported = await importUserFile(objective, 'objective');
  if (typeof exported === 'function') return exported as BlackBox;
  throw new ApicalError(
    'objective.file',
    `The objective file "${objective}" must export a function by default: export default (output, target) => loss, a number that is lower for better outputs.`,
    { objective },
  );
}
