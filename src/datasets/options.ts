import { ApicalError } from '../errors.ts';
import { didYouMean } from '../suggest.ts';

/** Numbers by option name; the `options` of a catalogue entry say which names it takes. */
export type DatasetOptions = Readonly<Record<string, number>>;

/** One numeric option of a data set or an environment. */
export interface DatasetOption {
  readonly name: string;
  /** A noun phrase for messages, such as "training examples". */
  readonly meaning: string;
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Whether the value must be a whole number. */
  readonly whole: boolean;
}

/** Describes an option that takes a whole number from `minimum` to `maximum`. */
export function wholeOption(
  name: string,
  meaning: string,
  value: number,
  minimum: number,
  maximum: number,
): DatasetOption {
  return { name, meaning, default: value, minimum, maximum, whole: true };
}

/** Describes an option that takes any number from `minimum` to `maximum`. */
export function realOption(
  name: string,
  meaning: string,
  value: number,
  minimum: number,
  maximum: number,
): DatasetOption {
  return { name, meaning, default: value, minimum, maximum, whole: false };
}

/**
 * Returns the value of every option that `owner` takes, with the defaults filled in. Throws an error of the given code
 * for an unknown option and for a value outside its range; `owner` names the owner in the message.
 */
export function completeNumbers(
  owner: string,
  code: string,
  known: readonly DatasetOption[],
  options: DatasetOptions,
): DatasetOptions {
  const names = known.map(({ name }) => name);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const choice = names.length > 0 ? `it takes ${names.join(', ')}` : 'it takes none';
    throw new ApicalError(
      code,
      `The ${owner} has no option "${unknown}"; ${choice}.${didYouMean(unknown, names)}`,
      { option: unknown },
    );
  }
  return Object.fromEntries(
    known.map((option) => {
      const value = options[option.name] ?? option.default;
      const { minimum, maximum } = option;
      if (!(value >= minimum && value <= maximum) || (option.whole && !Number.isInteger(value))) {
        const kind = option.whole ? 'a whole number' : 'a number';
        throw new ApicalError(
          code,
          `The option "${option.name}" (${option.meaning}) of the ${owner} is ${value}; it must be ${kind} from ` +
            `${minimum} to ${maximum}.`,
          { option: option.name, value },
        );
      }
      return [option.name, value];
    }),
  );
}
