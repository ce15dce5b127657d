import { ApicalError } from '../../errors.ts';
import type { BlackBox } from '../../network/index.ts';
import type { Config } from '../../config/config.ts';
import { isUserFile } from '../../config/user-file.ts';
import { importUserFile } from './user-file.ts';

/**
 * The function that a config's `objective` names by a file, if it names one: its default export takes the output of
 * one example and its target (a class label, or values), and returns a number. Throws `objective.file`.
 */
export async function loadObjective({ objective }: Config): Promise<BlackBox | undefined> {
  if (objective === undefined || !isUserFile(objective)) return undefined;
  const exported = await importUserFile(objective, 'objective');
  if (typeof exported === 'function') return exported as BlackBox;
  throw new ApicalError(
    'objective.file',
    `The objective file "${objective}" does not export a function by default: export default (output, target) => a number, lower for better.`,
    { objective },
  );
}
