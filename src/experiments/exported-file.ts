import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import { ApicalError } from '../errors.ts';

/** Whether something is named by a file rather than an id. */
export const isFileReference = (reference: string): boolean => /[\\/]|\.[cm]?[jt]s$/.test(reference);

/**
 * The default export of a user's TypeScript or JavaScript file, which may import from "apical" wherever it lies.
 * `kind` is the word for it in errors ("rule"). Throws `<kind>.file` when it is not there or does not load.
 */
export async function loadExported(reference: string, kind: string): Promise<unknown> {
  const file = path.resolve(reference);
  if (!existsSync(file)) {
    throw new ApicalError(`${kind}.file`, `There is no ${kind} file "${reference}" (looked for ${file}).`, {
      file,
    });
  }
  const here = fileURLToPath(import.meta.url);
  // From source (tests) the entry is index.ts, from a build index.js.
  const entry = path.join(path.dirname(here), '..', `index${path.extname(here)}`);
  const jiti = createJiti(here, { alias: { apical: entry }, fsCache: false, moduleCache: true });
  try {
    return await jiti.import(file, { default: true });
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(
      /\nRequire stack:[^]*$/,
      '',
    );
    throw new ApicalError(
      `${kind}.file`,
      `The ${kind} file "${reference}" does not load: ${reason}`,
      { file },
      error,
    );
  }
}
