import type { Claim, Condition, Expected, Measurement } from './claim.ts';

export const STATUSES = ['reproduced', 'partly', 'not-reproduced', 'not-run'] as const;
export type ClaimStatus = (typeof STATUSES)[number];

/** A condition with the measured figure. */
export interface EvaluatedCondition extends Condition {
  /** Null when the figure was not finite, such as after a divergence. */
  readonly measured: number | null;
  readonly holds: boolean;
}

/** Returns whether a figure lies in the interval, ends included. A figure that is not finite lies in none. */
export function liesWithin({ minimum = -Infinity, maximum = Infinity }: Expected, measured: number): boolean {
  return Number.isFinite(measured) && measured >= minimum && measured <= maximum;
}

/** Compares the figure of each condition with the interval. Throws when the claim did not measure one of them. */
export function evaluateConditions(claim: Claim, { measured }: Measurement): EvaluatedCondition[] {
  return claim.conditions.map((condition) => {
    const figure = measured[condition.id];
    if (figure === undefined) {
      throw new Error(`Claim "${claim.id}" did not measure its condition "${condition.id}".`);
    }
    return {
      ...condition,
      measured: Number.isFinite(figure) ? figure : null,
      holds: liesWithin(condition.expected, figure),
    };
  });
}

/** Returns `reproduced` when every condition holds, `partly` when some do, else `not-reproduced`. */
export function statusOf(
  conditions: readonly { readonly holds: boolean }[],
): Exclude<ClaimStatus, 'not-run'> {
  const holding = conditions.filter(({ holds }) => holds).length;
  if (holding === 0) return 'not-reproduced';
  return holding === conditions.length ? 'reproduced' : 'partly';
}
