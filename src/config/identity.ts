import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import type { Config } from './config.ts';

/**
 * The identity of a run: SHA-256, in hexadecimal, of its config as canonical JSON. It does not depend on the
 * order of keys, nor on keys that are absent or undefined.
 *
 * Source: RFC 8785, JSON Canonicalization Scheme.
 */
export function identityOf(config: Config): string {
  return hashOfJson(config);
}

/** The same for any JSON: a config as it stands in a file, before defaults that were added since are filled in. */
export function hashOfJson(value: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(canonicalize(value) ?? '')));
}

/**
 * What differs between the config asked for and the one of a folder, a line a key:
 * "optimiser.rate: 0.1 here, 0.05 in the folder". Empty exactly when their identities are equal.
 */
export function differences(here: object, inFolder: object): string[] {
  return compare([], here, inFolder);
}

function compare(path: readonly string[], here: unknown, inFolder: unknown): string[] {
  if (canonicalize(here) === canonicalize(inFolder)) return [];
  if (isRecord(here) && isRecord(inFolder)) {
    const keys = new Set([...Object.keys(here), ...Object.keys(inFolder)]);
    return [...keys].flatMap((key) => compare([...path, key], here[key], inFolder[key]));
  }
  return [`${path.join('.')}: ${show(here)} here, ${show(inFolder)} in the folder`];
}

/** A key that is not the same in all of several configs. */
export interface SettingApart {
  readonly path: string;
  /** In the order of the configs; undefined where it is not set. */
  readonly values: readonly unknown[];
}

/** Every key that is not the same in all, in the order met. */
export function settingsApart(configs: readonly object[]): SettingApart[] {
  return apart([], configs);
}

function apart(path: readonly string[], values: readonly unknown[]): SettingApart[] {
  if (new Set(values.map((value) => canonicalize(value))).size < 2) return [];
  const records = values.filter((value) => value !== undefined);
  if (!records.every(isRecord)) return [{ path: path.join('.'), values }];
  const keys = new Set(records.flatMap((record) => Object.keys(record)));
  return [...keys].flatMap((key) =>
    apart(
      [...path, key],
      values.map((value) => (isRecord(value) ? value[key] : undefined)),
    ),
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function show(value: unknown): string {
  if (value === undefined) return 'not set';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
