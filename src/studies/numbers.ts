import { ApicalError } from '../errors.ts';

/** The allowed values of an option, and the error code if it has another one. */
interface Range {
  readonly code: string;
  readonly least: number;
  readonly most: number;
  /** Words of the error message between the option and the bounds. */
  readonly requirement?: string;
}

/** Parses a whole number from the command line. Throws an error with the given code. */
export function wholeNumber(
  option: string,
  text: string,
  { code, least, most, requirement = 'must be a whole number' }: Range,
): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ApicalError(code, `${option} ${requirement} from ${least} to ${most}, but it is "${text}".`);
}
