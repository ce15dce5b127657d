import type { ConfigInput } from './config.ts';

/** A named config to start from, which `--set` and other options modify. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly config: ConfigInput;
}
