import type { ConfigInput } from './config.ts';

/** A named starting point; `--set` and the other options go on top of it. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly config: ConfigInput;
}
