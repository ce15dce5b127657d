import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { createJiti } from 'jiti';
import { ApicalError } from '../../errors.ts';

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
  const jiti = createJiti(here, { alias: entryAliases(here), fsCache: false, moduleCache: true });
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

/** The entries of this package by what a program imports them as; those of the source (in tests) or of the build. */
function entryAliases(here: string): Record<string, string> {
  const entries = {
    apical: 'index',
    'apical/rules': 'rules',
    'apical/browser': 'browser',
    'apical/internals': 'internals',
  };
  const folder = path.join(path.dirname(here), '../../entries');
  return Object.fromEntries(
    Object.entries(entries).map(([name, file]) => [name, path.join(folder, file + path.extname(here))]),
  );
}
