import { ApicalError } from '../errors.ts';
import { keysAt } from './explain.ts';
import { configSchema } from './config.ts';

/** Sets "a.b.c=value" in a config. The value is parsed as JSON, or else taken as text. Throws `config.set`. */
export function assign(input: Record<string, unknown>, assignment: string): void {
  const split = assignment.indexOf('=');
  const path = split < 0 ? [] : assignment.slice(0, split).trim().split('.');
  if (path.length === 0 || path.some((key) => key === '')) {
    const keys = keysAt(configSchema, []).join(', ');
    throw new ApicalError(
      'config.set',
      `--set takes path=value, such as optimiser.rate=0.1, but "${assignment}" is given. The first key is one of ${keys}.`,
    );
  }
  const text = assignment.slice(split + 1).trim();
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // Text that is not JSON stands for itself.
  }
  setAt(input, path, value);
}

/** Sets the value at a path, and creates missing objects along it. */
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

/** Parses seeds such as "0..4", "0,2,5" or "3". Throws `config.seeds`. */
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
      `--seeds takes different whole numbers such as 3, 0..4 or 0,2,5, but "${text}" is given.`,
    );
  }
  return seeds;
}
