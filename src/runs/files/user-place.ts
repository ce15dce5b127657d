import path from 'node:path';
import { ApicalError } from '../../errors.ts';

/** Errors to which a place was added already. */
const located = new WeakSet<Error>();

/**
 * Runs a user's function. An error that it throws, or that the library throws below it, is thrown on with the place in the
 * user's file, such as "(mine.ts:31:7)".
 */
export function locating<Result>(file: string, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof Error) || located.has(error)) throw error;
    const place = placeIn(file, error);
    if (place === undefined) throw error;
    const message = `${error.message.replace(/[.\s]*$/, '')} (${place}).`;
    const placed =
      error instanceof ApicalError
        ? new ApicalError(error.code, message, error.details, error)
        : new Error(message, { cause: error });
    located.add(placed);
    throw placed;
  }
}

/** Returns the innermost place of an error in a user's file, as "file:line:column"; undefined if it has none. */
function placeIn(file: string, { stack = '' }: Error): string | undefined {
  const full = path.resolve(file);
  for (const line of stack.split('\n')) {
    const at = line.indexOf(full);
    const found = at < 0 ? undefined : /^:(\d+):(\d+)/.exec(line.slice(at + full.length));
    if (found) return `${path.basename(full)}:${found[1]}:${found[2]}`;
  }
  return undefined;
}
