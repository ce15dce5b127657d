import { ApicalError } from '../errors.ts';

/** Exit codes. */
export const EXIT = { done: 0, failed: 1, usage: 2, claimNotMet: 3, interrupted: 130 } as const;

/** Codes of errors during a run; every other `ApicalError` is a mistake in the command or its input. */
const FAILURES = /^(run\.(?!other-config)|heap\.|folder\.full|folder\.locked|checkpoint\.|wasm\.|peer-)/;

/** Returns the exit code of an error. */
export function exitCodeOf(error: unknown): number {
  return error instanceof ApicalError && !FAILURES.test(error.code) ? EXIT.usage : EXIT.failed;
}
