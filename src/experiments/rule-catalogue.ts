import { z } from 'zod';
import { audit } from '../analysis/index.ts';
import type { Audit, Cost, LocalityRow } from '../analysis/index.ts';
import { openBackend } from '../backends/open.ts';
import { stack } from '../network/index.ts';
import { stream } from '../random/index.ts';
import { Learner, parseOptions, ruleById, RULES } from '../rules/index.ts';
import type { Rule } from '../rules/index.ts';
import type { Compute } from '../tensor/index.ts';
import { loadRule } from './rule-file.ts';
import { ruleFailure } from './run.ts';

/** The network on which rules are compared: that of the lecture table, of units that the rule's dynamics can run. */
const standardFor = ({ dynamics }: Rule) =>
  stack({
    layers: [784, 800, 800, 10],
    activation: dynamics.activations?.[0] ?? 'relu',
    objective: 'cross-entropy',
  });
const BATCH = 4;

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
  const total = ({ cost }: Audit) => cost.forwardMacs + cost.feedbackMacs + cost.updateMacs;
  const exact = total(auditStandard(compute, ruleById('backprop')));
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
      costRatio: total(seen) / exact,
    };
  });
  compute.dispose();
  return described;
}

function auditStandard(compute: Compute, rule: Rule): Audit {
  const learner = new Learner(compute, {
    specification: standardFor(rule),
    rule,
    options: parseOptions(rule, {}),
    optimiserOf: () => ({
      kind: 'momentum',
      rate: 0.01,
      momentum: 0.9,
      meanSquareDecay: 0.999,
      epsilon: 1e-8,
      decay: 0,
      maximumNorm: 0,
    }),
    seed: 0,
    epochs: 1,
  });
  try {
    return compute.scope(() => {
      const inputs = compute.temporary([BATCH, 784]);
      compute.drawUniform(inputs, 0, 1, stream(0, 'audit'), 0);
      const targets = compute.temporary([BATCH], 'i32').set([0, 1, 2, 3]);
      return audit(compute, learner, { inputs, targets });
    });
  } catch (error) {
    throw ruleFailure(rule, 'in a step of its audit', error);
  } finally {
    learner.dispose();
  }
}
