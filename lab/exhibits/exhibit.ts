import type { Plan } from '../protocol.ts';
import type { Sight } from '../state/address.ts';

/** What an exhibit puts on the page, in this order, under its statement. */
export type Part = 'networks' | 'curves' | 'angles' | 'feedback angles' | 'weights' | 'pairs' | 'gallery';

/** A claim that can be shown in a minute. Its words are in the catalogues of lab/text, under the same id. */
export interface Exhibit {
  readonly id: string;
  /** The family of rules that it is about, as the rules name it. */
  readonly family: string;
  /** Keys of docs/bibliography.json. */
  readonly cites: readonly string[];
  /** What is run live. */
  readonly plan: Plan;
  /** Where to look from the start. */
  readonly sight: Sight;
  readonly parts: readonly Part[];
  /** The step by which it has shown what it is to show: the run pauses there. */
  readonly until: number;
}

/** Lanes of rules with their own options, as plans have them. */
export const lanesOf = (
  ...rules: readonly (string | readonly [rule: string, options: Record<string, unknown>])[]
) =>
  rules.map((its) =>
    typeof its === 'string' ? { rule: its, options: {} } : { rule: its[0], options: its[1] },
  );
