import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { distance } from 'fastest-levenshtein';
import { ApicalError } from '../errors.ts';
import { keysAt } from './config-errors.ts';
import { configSchema, parseConfig } from './config.ts';
import type { Config } from './config.ts';
import { differences } from './folder/identity.ts';
import { PRESETS } from './presets.ts';

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
    allRules.map((rule) => {
      // Options belong to the rule that the config names; another rule starts from its own defaults.
      if (rule === first.rule || allRules.length === 1) return { ...first, rule, seed };
      const { control } = first;
      const follows = control && control.critic.rule === undefined;
      return {
        ...first,
        rule,
        ruleOptions: {},
        seed,
        ...(follows ? { control: { ...control, critic: { ...control.critic, ruleOptions: {} } } } : {}),
      };
    }),
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

/** "0..4", "0,2,5" or "3". Throws `config.seeds`. */
export function parseSeeds(text: string): number[] {
  const seeds = text.split(',').flatMap((part) => {
    const range = /^(\d+)\.\.(\d+)$/.exec(part.trim());
    if (range) {
      const [first, last] = [Number(range[1]), Number(range[2])];
      if (last >= first && last - first < 10_000)
        return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    }
    return /^\d+$/.test(part.trim()) && Number.isSafeInteger(Number(part)) ? [Number(part)] : [NaN];
  });
  if (seeds.length === 0 || seeds.some(Number.isNaN) || new Set(seeds).size < seeds.length) {
    throw new ApicalError(
      'config.seeds',
      `--seeds takes different whole numbers such as 3, 0..4 or 0,2,5, but it is "${text}".`,
    );
  }
  return seeds;
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

/** Sets "a.b.c=value" in a config; the value is JSON, or else text. Throws `config.set`. */
export function assign(input: Record<string, unknown>, assignment: string): void {
  const split = assignment.indexOf('=');
  const path = split < 0 ? [] : assignment.slice(0, split).trim().split('.');
  if (path.length === 0 || path.some((key) => key === '')) {
    const keys = keysAt(configSchema, []).join(', ');
    throw new ApicalError(
      'config.set',
      `--set takes path=value, such as optimiser.rate=0.1, but it is "${assignment}". The first key is one of ${keys}.`,
    );
  }
  const text = assignment.slice(split + 1).trim();
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: taken as text.
  }
  setAt(input, path, value);
}

/** Sets the value at a path; objects that are missing on the way are made. */
export function setAt(input: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node: Record<string, unknown> = input;
  for (const key of path.slice(0, -1)) {
    const child = Object.hasOwn(node, key) ? node[key] : undefined;
    if (typeof child === 'object' && child !== null) node = child as Record<string, unknown>;
    else {
      const made: Record<string, unknown> = {};
      Object.defineProperty(node, key, { value: made, enumerable: true, configurable: true, writable: true });
      node = made;
    }
  }
  Object.defineProperty(node, path.at(-1) as string, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
