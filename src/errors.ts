/**
 * Every error that a user can cause or cure. `code` is stable (scripts and translations key on it);
 * `message` is one readable sentence that names the value and the mend.
 */
export class ApicalError extends Error {
  readonly code: string;
  /** Values named in the message, by name, so that it can be rendered in another language. */
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
