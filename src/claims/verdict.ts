import type { Claim, Condition, Expected, Measurement } from './claim.ts';

export const STATUSES = ['reproduced', 'partly', 'not-reproduced', 'not-run'] as const;
export type ClaimStatus = (typeof STATUSES)[number];

/** A condition with the measured figure. */
export interface EvaluatedCondition extends Condition {
  /** The measured figure; null if it was not finite, for example after a divergence. */
  readonly measured: number | null;
  readonly holds: boolean;
}

/** Returns whether a figure lies in the interval, ends included. A figure that is not finite lies in no interval. */
export function liesWithin({ minimum = -Infinity, maximum = Infinity }: Expected, measured: number): boolean {
  return Number.isFinite(measured) && measured >= minimum && measured <= maximum;
}

/** Compares the figure of each condition with its interval. Throws if the claim did not measure one of them. */
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

/** Returns `reproduced` if every condition holds, `partly` if some do, and `not-reproduced` otherwise. */
export function statusOf(
  conditions: readonly { readonly holds: boolean }[],
): Exclude<ClaimStatus, 'not-run'> {
  const holding = conditions.filter(({ holds }) => holds).length;
  if (holding === 0) return 'not-reproduced';
  return holding === conditions.length ? 'reproduced' : 'partly';
}
