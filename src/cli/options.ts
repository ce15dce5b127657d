import { Option } from 'commander';

/** Returns an option that may be given several times; its value is the list of all values. */
export const repeatable = (flags: string, description: string): Option =>
  new Option(flags, `${description}; repeatable`)
    .default([], 'none')
    .argParser((value: string, previous: readonly string[]) => [...previous, value]);

/** Returns the option --backend with its choices. */
export const backendOption = (description = 'backend; reference has double precision'): Option =>
  new Option('--backend <name>', description).choices(['auto', 'blas', 'wasm', 'reference']);
