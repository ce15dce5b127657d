import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { createJiti } from 'jiti';
import { ApicalError } from '../../errors.ts';

/** Returns whether a reference names a file rather than an id: it contains a slash or ends like a program. */
export const isUserFile = (reference: string): boolean => /[\\/]|\.[cm]?[jt]s$/.test(reference);

/**
 * Returns the default export of a user's TypeScript or JavaScript file, which may import from "apical" wherever it is.
 * `what` ("rule", "objective") appears in messages and in the error code: throws `rule.file`, for example, if the file
 * is missing or does not load.
 */
export async function importUserFile(reference: string, what: string): Promise<unknown> {
  const file = path.resolve(reference);
  const code = `${what}.file`;
  if (!existsSync(file)) {
    throw new ApicalError(
      code,
      `There is no ${what} file "${reference}" (looked for ${file}). Check the path.`,
      { file },
    );
  }
  const here = fileURLToPath(import.meta.url);
  // The entry is index.ts from source (in tests) and index.js from a build.
  const entry = path.join(path.dirname(here), '../../entries', `index${path.extname(here)}`);
  const jiti = createJiti(here, { alias: { apical: entry }, fsCache: false, moduleCache: true });
  try {
    return await jiti.import(file, { default: true });
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(
      /\nRequire stack:[^]*$/,
      '',
    );
    throw new ApicalError(code, `The ${what} file "${reference}" does not load: ${reason}`, { file }, error);
  }
}
