import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { distance } from 'fastest-levenshtein';
import { ApicalError } from '../errors.ts';
import { assign } from '../config/assignments.ts';
import { parseConfig, withRule } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { differences } from '../config/identity.ts';
import { PRESETS } from '../config/presets.ts';

/** What a command line says about the runs it wants. */
export interface Request {
  /** A preset's id or a config file; the defaults when absent. */
  readonly base?: string | undefined;
  /** A complete config to start from instead, and what to call it in errors. */
  readonly from?: { readonly config: Config; readonly name: string } | undefined;
  /** "path=value" each, on top of it. */
  readonly set: readonly string[];
  /** Rules: ids or files; from the config when absent. */
  readonly rules?: readonly string[] | undefined;
  readonly seeds?: readonly number[] | undefined;
}

/** The complete configs of a request, rule by rule for each seed. Throws `config.…` errors. */
export function planRuns(request: Request): Config[] {
  const { rules, seeds } = request;
  const { input, where } = readInput(request);
  const first = parseConfig(input, where);
  const allSeeds = seeds ?? [first.seed];
  const allRules = rules ?? [first.rule];
  return allSeeds.flatMap((seed) =>
    // With one rule, the options are meant for it, whichever the config names.
    allRules.map((rule) =>
      allRules.length === 1 ? { ...first, rule, seed } : withRule({ ...first, seed }, rule),
    ),
  );
}

/** A config, and what it is called among others: its rule, or its file's name where several have that rule. */
export interface Variant {
  readonly name: string;
  readonly config: Config;
}

/** Config files, or a folder of them. Throws `config.not-json` for a folder without any. */
export function configFilesIn(reference: string): string[] {
  if (!existsSync(reference) || !statSync(reference).isDirectory()) return [reference];
  const names = readdirSync(reference).filter((name) => name.endsWith('.json'));
  if (names.length > 0) return names.sort().map((name) => path.join(reference, name));
  throw new ApicalError('config.not-json', `The folder "${reference}" holds no config file (NAME.json).`);
}

/**
 * Reads configs that stand side by side, and gives each its name. Throws `config.…`, and `config.together` when two of
 * them cannot be told apart, or not be compared.
 */
export function readVariants(files: readonly string[], set: readonly string[]): Variant[] {
  const configs = files.map((base) => {
    const { input, where } = readInput({ base, set });
    return parseConfig(input, where);
  });
  const [first] = configs as [Config];
  const names = configs.map(({ rule }, index) => {
    const isAlone = configs.filter((other) => other.rule === rule).length === 1;
    return isAlone ? rule : path.parse(files[index] ?? '').name.replace(/^best-/, '');
  });
  return configs.map((config, index) => {
    const [file, name] = [files[index] ?? '', names[index] ?? ''];
    const twin = names.indexOf(name);
    if (twin < index) {
      throw new ApicalError(
        'config.together',
        `"${files[twin] ?? ''}" and "${file}" are both called "${name}" here, so their results could not be told apart. Leave one out, or give it a file name of its own.`,
      );
    }
    const [difference] = differences(sharedOf(config), sharedOf(first));
    if (difference !== undefined) {
      throw new ApicalError(
        'config.together',
        `"${file}" and "${files[0] ?? ''}" cannot be compared: ${difference.replace(' here,', ' and').replace(' in the folder', '')}. Make them alike by --set.`,
      );
    }
    return { name, config };
  });
}

/** Configs from files, for each seed: what a comparison of tuned rules, or of variants of one, consists of. */
export const planConfigs = ({
  files,
  set,
  seeds,
}: Pick<Request, 'set' | 'seeds'> & { readonly files: readonly string[] }): Variant[] => {
  const variants = readVariants(files, set);
  return (seeds ?? [variants[0]?.config.seed ?? 0]).flatMap((seed) =>
    variants.map(({ name, config }) => ({ name, config: { ...config, seed } })),
  );
};

/** What the runs of a comparison must have in common, by config: they share it, or would be judged unlike. */
function sharedOf({ task, control, epochs, backend, threads, objective }: Config): object {
  const { updates, evaluation } = control ?? {};
  return { task, control: { updates, evaluation }, epochs, backend, threads, objective };
}

/** What a request says itself, before defaults are filled in, and where it says so. Throws `config.…` errors. */
export function readInput({ base, from, set }: Pick<Request, 'base' | 'from' | 'set'>): {
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
    const [nearest] = PRESETS.map(({ id }) => id).sort((a, b) => distance(a, base) - distance(b, base));
    throw new ApicalError(
      'config.unknown-preset',
      `There is no preset and no config file "${base}". Did you mean "${nearest ?? ''}"? Presets: ${PRESETS.map(({ id }) => id).join(', ')}.`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(base, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApicalError('config.not-json', `The config file "${base}" cannot be read: ${reason}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApicalError('config.not-json', `The config file "${base}" must hold one JSON object.`);
  }
  return value as Record<string, unknown>;
}
