import { ApicalError } from '../errors.ts';

/** How an option of a study is to be read, and by which code it is refused. */
interface Range {
  readonly code: string;
  readonly least: number;
  readonly most: number;
  /** How the sentence goes on. */
  readonly says?: string;
}

/** A whole number that a command line gives. Throws an error of that code. */
export function wholeNumber(
  option: string,
  text: string,
  { code, least, most, says = 'must be a whole number' }: Range,
): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ApicalError(code, `${option} ${says} from ${least} to ${most}, but it is "${text}".`);
}
