import { host } from './browser-host.ts';
import { compareOn } from './compare.ts';
import type { ComparedRecord, CompareResult } from './compare.ts';
import type { Going } from './handle.ts';
import type { CompareOptions } from './options.ts';

export const compareHere = (options: CompareOptions, going: Going<ComparedRecord>): Promise<CompareResult> =>
  compareOn(host, options, going);
