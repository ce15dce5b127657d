import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { didYouMean } from '../suggest.ts';
import { ApicalError } from '../errors.ts';
import { assign } from '../config/assignments.ts';
import { parseConfig, withRule } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { differences } from '../config/identity.ts';
import { PRESETS } from '../config/presets.ts';

/** The runs that a command line requests. */
export interface RunsRequest {
  /** Id of a preset, or a config file; by default the default config. */
  readonly base?: string | undefined;
  /** A complete config to start from instead, and its name in errors. */
  readonly from?: { readonly config: Config; readonly name: string } | undefined;
  /** Settings of the form "path=value", applied last. */
  readonly set: readonly string[];
  /** Rules, as ids or files; by default that of the config. */
  readonly rules?: readonly string[] | undefined;
  readonly seeds?: readonly number[] | undefined;
}

/** Returns the complete configs of a request, rule by rule for each seed. Throws `config.…` errors. */
export function planRuns(request: RunsRequest): Config[] {
  const { rules, seeds } = request;
  const { input, where } = readInput(request);
  const first = parseConfig(input, where);
  const allSeeds = seeds ?? [first.seed];
  const allRules = rules ?? [first.rule];
  return allSeeds.flatMap((seed) =>
    // A single rule gets the options of the config, whichever rule the config names.
    allRules.map((rule) =>
      allRules.length === 1 ? { ...first, rule, seed } : withRule({ ...first, seed }, rule),
    ),
  );
}

/** A config with the name that identifies it: its rule, or its file's name if several configs have that rule. */
export interface Variant {
  readonly name: string;
  readonly config: Config;
}

/**
 * Returns the config files of a folder, or the file itself. Throws `config.not-json` for a folder without config
 * files.
 */
export function configFilesIn(reference: string): string[] {
  if (!existsSync(reference) || !statSync(reference).isDirectory()) return [reference];
  const names = readdirSync(reference).filter((name) => name.endsWith('.json'));
  if (names.length > 0) return names.sort().map((name) => path.join(reference, name));
  throw new ApicalError(
    'config.not-json',
    `The folder "${reference}" holds no config file (*.json). Give a folder of config files, or one file.`,
  );
}

/**
 * Reads configs to compare and names each. Throws `config.…` errors, and `config.together` if two of them have the same
 * name or cannot be compared.
 */
export function readVariants(files: readonly string[], set: readonly string[]): Variant[] {
  const configs = files.map((base) => {
    const { input, where } = readInput({ base, set });
    return parseConfig(input, where);
  });
  const [first] = configs as [Config];
  const names = configs.map(({ rule }, index) => {
    const isOnlyOne = configs.filter((other) => other.rule === rule).length === 1;
    return isOnlyOne ? rule : path.parse(files[index] ?? '').name.replace(/^best-/, '');
  });
  return configs.map((config, index) => {
    const [file, name] = [files[index] ?? '', names[index] ?? ''];
    const twin = names.indexOf(name);
    if (twin < index) {
      throw new ApicalError(
        'config.together',
        `"${files[twin] ?? ''}" and "${file}" are both called "${name}", so their results would be mixed up. Rename one of the files, or leave it out.`,
      );
    }
    const [difference] = differences(sharedOf(config), sharedOf(first));
    if (difference !== undefined) {
      throw new ApicalError(
        'config.together',
        `"${file}" and "${files[0] ?? ''}" cannot be compared, because they differ in ${difference.replace(' here,', ' and').replace(' in the folder', '')}. Give both the same value with --set.`,
      );
    }
    return { name, config };
  });
}

/** Returns the configs of a comparison of config files, for each seed. Throws as `readVariants` does. */
export const planConfigs = ({
  files,
  set,
  seeds,
}: Pick<RunsRequest, 'set' | 'seeds'> & { readonly files: readonly string[] }): Variant[] => {
  const variants = readVariants(files, set);
  return (seeds ?? [variants[0]?.config.seed ?? 0]).flatMap((seed) =>
    variants.map(({ name, config }) => ({ name, config: { ...config, seed } })),
  );
};

/** Returns the part of a config that all runs of a comparison must share, to be evaluated alike. */
function sharedOf({ task, control, epochs, backend, threads, objective }: Config): object {
  const { updates, evaluation } = control ?? {};
  return { task, control: { updates, evaluation }, epochs, backend, threads, objective };
}

/** Reads the input of a request without defaults, with its name for errors. Throws `config.…` errors. */
export function readInput({ base, from, set }: Pick<RunsRequest, 'base' | 'from' | 'set'>): {
  input: Record<string, unknown>;
  where: string;
} {
  const name =
    from?.name ?? (base === undefined ? 'the config' : existsAsFile(base) ? base : `preset "${base}"`);
  const input: Record<string, unknown> = from
    ? structuredClone({ ...from.config })
    : base === undefined
      ? {}
      : readBase(base);
  for (const assignment of set) assign(input, assignment);
  return { input, where: set.length > 0 ? `${name} with --set` : name };
}

const existsAsFile = (name: string) => existsSync(name) && statSync(name).isFile();

function readBase(base: string): Record<string, unknown> {
  const preset = PRESETS.find(({ id }) => id === base);
  if (preset) return structuredClone(preset.config);
  if (!existsAsFile(base)) {
    const ids = PRESETS.map(({ id }) => id);
    throw new ApicalError(
      'config.unknown-preset',
      /[\\/]|\.json$/.test(base)
        ? `There is no config file "${base}". Check the path.`
        : `"${base}" is neither a preset nor a config file.${didYouMean(base, ids)} Presets: ${ids.join(', ')}.`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(base, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApicalError(
      'config.not-json',
      `The config file "${base}" cannot be read: ${reason}. It must hold one JSON object.`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApicalError(
      'config.not-json',
      `The config file "${base}" must hold one JSON object, such as {"rule": "backprop"}.`,
    );
  }
  return value as Record<string, unknown>;
}
