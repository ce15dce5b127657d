import type { Plan } from '../protocol.ts';
import type { Sight } from '../state/address.ts';

/** A part of the page that an exhibit shows under its statement. */
export type Part = 'networks' | 'curves' | 'angles' | 'feedback angles' | 'weights' | 'pairs' | 'gallery';

/** A claim that takes a minute to show. Its texts are in the catalogues of lab/text, under the same id. */
export interface Exhibit {
  readonly id: string;
  /** The family of rules that the exhibit is about. */
  readonly family: string;
  /** Keys of docs/bibliography.json. */
  readonly cites: readonly string[];
  /** The plan that runs live. */
  readonly plan: Plan;
  /** The initial selection. */
  readonly sight: Sight;
  /** Parts of the page, in order. */
  readonly parts: readonly Part[];
  /** The step at which the claim has been shown and the run pauses. */
  readonly until: number;
}

/** Returns the lanes of a plan, from rule ids or pairs of rule id and options. */
export const lanesOf = (
  ...rules: readonly (string | readonly [rule: string, options: Record<string, unknown>])[]
) =>
  rules.map((entry) =>
    typeof entry === 'string' ? { rule: entry, options: {} } : { rule: entry[0], options: entry[1] },
  );
