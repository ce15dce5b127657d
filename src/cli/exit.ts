import { ApicalError } from '../errors.ts';

/** What the shell is told. */
export const EXIT = { done: 0, failed: 1, usage: 2, claimNotMet: 3, interrupted: 130 } as const;

/** Errors of a run that had begun; every other `ApicalError` is a mistake in what was asked for. */
const FAILURES = /^(run\.(?!other-config)|heap\.|folder\.full|folder\.locked|checkpoint\.|wasm\.|peer-)/;

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  return error instanceof ApicalError && !FAILURES.test(error.code) ? EXIT.usage : EXIT.failed;
}
