/**
 * Every error that a user can cause or fix. `code` is stable: scripts and translations key on it. `message` names the
 * value, says what is expected, and how to fix it, in at most two sentences.
 *
 * @example
 * ```ts
 * import { ApicalError, ruleById } from 'apical';
 *
 * try {
 *   ruleById('feedback-alignement');
 * } catch (error) {
 *   if (error instanceof ApicalError) console.log(error.code, error.message);
 * }
 * ```
 */
export class ApicalError extends Error {
  readonly code: string;
  /** Values that the message names, by name, so that it can be written in another language. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ApicalError';
    this.code = code;
    this.details = details;
  }
}
