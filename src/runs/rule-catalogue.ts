import { z } from 'zod';
import type { Cost, LocalityRow } from '../analysis/index.ts';
import type { Rule } from '../learning/index.ts';
import { openBackend } from '../backends/open.ts';
import { RULES } from '../rules/index.ts';
import {
  auditStandard,
  exactFor,
  STANDARD_LAYERS,
  STANDARD_STEPS,
  totalMacs,
} from '../analysis/audit/standard-audit.ts';
import { loadRule } from './files/rule-file.ts';

/** The part of a JSON Schema that the listing reads. */
export interface OptionsSchema {
  readonly properties?: Readonly<
    Record<
      string,
      {
        readonly type?: string;
        readonly enum?: readonly unknown[];
        readonly default?: unknown;
        readonly description?: string;
      }
    >
  >;
}

/** A rule with its measured locality and cost. */
export interface RuleDescription {
  readonly id: string;
  readonly family: string;
  readonly title: string;
  readonly summary: string;
  readonly equation: string;
  readonly cites: readonly string[];
  readonly options: OptionsSchema;
  readonly locality: readonly LocalityRow[];
  readonly cost: Cost;
  /** Objectives whose error reached parameters beyond the layer that they declare. */
  readonly reachViolations: readonly string[];
  /** For rules in time, the number of steps of the sequences on which they are audited. */
  readonly steps?: number;
  /** Multiply–accumulates of a step relative to backprop's, in time to those of backpropagation through time. */
  readonly costRatio: number;
}

/** Describes every rule, or the given ones, with an audit of real steps on the standard network. */
export async function describeRules(
  references?: readonly string[],
  layers: readonly number[] = STANDARD_LAYERS,
): Promise<RuleDescription[]> {
  const rules = references ? await Promise.all(references.map(loadRule)) : RULES;
  const compute = await openBackend({ backend: 'wasm' });
  const costs = new Map<Rule, number>();
  const costOf = (rule: Rule): number => {
    const cost = costs.get(rule) ?? totalMacs(auditStandard(compute, rule, layers));
    costs.set(rule, cost);
    return cost;
  };
  const described = rules.map((rule): RuleDescription => {
    const { id, family, title, summary, equation, cites } = rule;
    const audit = auditStandard(compute, rule, layers);
    return {
      id,
      family,
      title,
      summary,
      equation,
      cites,
      options: z.toJSONSchema(rule.options, { io: 'input', unrepresentable: 'any' }) as OptionsSchema,
      ...audit,
      ...(rule.dynamics.inTime ? { steps: STANDARD_STEPS } : {}),
      costRatio: totalMacs(audit) / costOf(exactFor(rule)),
    };
  });
  compute.dispose();
  return described;
}
