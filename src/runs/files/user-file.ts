import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { createJiti } from 'jiti';
import { ApicalError } from '../../errors.ts';

/**
 * The default export of a user's TypeScript or JavaScript file, which may import from "apical" wherever it lies.
 * `what` it is to be ("rule", "objective") stands in messages, and in the code of what is thrown: `rule.file` when the
 * file is not there or does not load.
 */
export async function importUserFile(reference: string, what: string): Promise<unknown> {
  const file = path.resolve(reference);
  const code = `${what}.file`;
  if (!existsSync(file)) {
    throw new ApicalError(code, `There is no ${what} file "${reference}" (looked for ${file}).`, { file });
  }
  const here = fileURLToPath(import.meta.url);
  // From source (tests) the entry is index.ts, from a build index.js.
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
