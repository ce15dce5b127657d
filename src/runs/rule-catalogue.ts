import { z } from 'zod';
import type { Cost, LocalityRow } from '../analysis/index.ts';
import { openBackend } from '../backends/open.ts';
import { ruleById, RULES } from '../rules/index.ts';
import { auditStandard, totalMacs } from '../analysis/standard-audit.ts';
import { loadRule } from './files/rule-file.ts';

/** A JSON Schema, as far as the listing reads it. */
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
  /** All its multiply–accumulates over backprop's. */
  readonly costRatio: number;
}

/** Every rule, or those named, with what one real step of each on the standard network showed. */
export async function describeRules(references?: readonly string[]): Promise<RuleDescription[]> {
  const rules = references ? await Promise.all(references.map(loadRule)) : RULES;
  const compute = await openBackend({ backend: 'wasm' });
  const exact = totalMacs(auditStandard(compute, ruleById('backprop')));
  const described = rules.map((rule): RuleDescription => {
    const { id, family, title, summary, equation, cites } = rule;
    const seen = auditStandard(compute, rule);
    return {
      id,
      family,
      title,
      summary,
      equation,
      cites,
      options: z.toJSONSchema(rule.options, { io: 'input', unrepresentable: 'any' }) as OptionsSchema,
      ...seen,
      costRatio: totalMacs(seen) / exact,
    };
  });
  compute.dispose();
  return described;
}
