import { audit } from './audit.ts';
import type { Audit } from './audit.ts';
import { stack } from '../network/specification.ts';
import { stream } from '../random/index.ts';
import { Learner } from '../learning/learner.ts';
import { parseOptions } from '../learning/rule.ts';
import type { Rule } from '../learning/rule.ts';
import type { Compute } from '../tensor/compute.ts';
import { ruleFailure } from '../learning/rule-failure.ts';

/** The network on which rules are compared: that of the lecture table, of units that the rule's dynamics can run. */
const standardFor = ({ dynamics }: Rule) =>
  stack({
    layers: [784, 800, 800, 10],
    activation: dynamics.activations?.[0] ?? 'relu',
    objective: 'cross-entropy',
  });
const BATCH = 4;

/** All multiply–accumulates of a step, for one example. */
export const totalMacs = ({ cost }: Audit): number => cost.forwardMacs + cost.feedbackMacs + cost.updateMacs;

/** What one step of a rule, with its own defaults, brings to each synapse of the standard network. Throws `run.rule-failed`. */
export function auditStandard(compute: Compute, rule: Rule): Audit {
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
