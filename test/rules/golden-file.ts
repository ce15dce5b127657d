import { readFileSync, writeFileSync } from 'node:fs';

/** The contents of a golden file: numbers, in lists and by name. */
export type Numbers = number | readonly Numbers[] | { readonly [name: string]: Numbers };

/** Relative tolerance. Last digits differ between machines and do not indicate a change. */
const TOLERANCE = 1e-9;

/**
 * Writes new numbers to a golden file, in their order. A stored number within 1e-9 of the new one is kept to the last
 * digit, so that a diff shows only new and changed numbers. Returns the new contents of the file.
 */
export function updateGolden(file: string | URL, now: Numbers): Numbers {
  const merged = keepClose(JSON.parse(readFileSync(file, 'utf8')) as Numbers, now);
  writeFileSync(file, `${JSON.stringify(merged, null, 2)}\n`);
  return merged;
}

function keepClose(kept: Numbers | undefined, now: Numbers): Numbers {
  if (typeof now === 'number') {
    const isClose =
      typeof kept === 'number' && Math.abs(kept - now) <= TOLERANCE * Math.max(Math.abs(kept), Math.abs(now));
    return isClose ? kept : now;
  }
  if (isList(now)) return now.map((value, index) => keepClose(isList(kept) ? kept[index] : undefined, value));
  const named = typeof kept === 'object' && !isList(kept) ? kept : {};
  return Object.fromEntries(
    Object.entries(now).map(([name, value]) => [name, keepClose(named[name], value)]),
  );
}

const isList = (value: Numbers | undefined): value is readonly Numbers[] => Array.isArray(value);
