import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import type { Config } from './config.ts';

/**
 * Returns the identity of a run: the SHA-256, in hexadecimal, of its config as canonical JSON. The order of keys and
 * undefined keys make no difference.
 *
 * Source: RFC 8785, JSON Canonicalization Scheme.
 */
export function identityOf(config: Config): string {
  return hashOfJson(config);
}

/** Returns the same hash for any JSON value, such as a config as it is in a file, without newer defaults. */
export function hashOfJson(value: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(canonicalize(value) ?? '')));
}

/**
 * Returns the differences between a requested config and the one in a folder, one line per key:
 * "optimiser.rate: 0.1 here, 0.05 in the folder". The list is empty exactly if their identities are equal.
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

/** A key whose value differs between configs. */
export interface SettingApart {
  readonly path: string;
  /** One value per config, in their order; undefined where the key is not set. */
  readonly values: readonly unknown[];
}

/** Returns the keys whose values differ between configs. */
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
