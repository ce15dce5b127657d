import { audit } from './audit.ts';
import type { Audit } from './audit.ts';
import { stack } from '../../network/specification.ts';
import { stream } from '../../random/index.ts';
import { Learner } from '../../learning/learner.ts';
import { parseOptions } from '../../learning/rule.ts';
import type { Rule } from '../../learning/rule.ts';
import type { Compute } from '../../tensor/compute.ts';
import { ruleFailure } from '../../learning/rule-failure.ts';

/** Layers of the network on which rules are compared, as in the lecture's table. */
export const STANDARD_LAYERS: readonly number[] = [784, 800, 800, 10];

/** Builds a network of these layers with units that the rule's dynamics support. */
const networkOf = ({ dynamics }: Rule, layers: readonly number[]) =>
  stack({
    layers,
    activation: dynamics.activations?.[0] ?? 'relu',
    objective: 'cross-entropy',
  });
const BATCH = 4;

/** Returns the total multiply–accumulates of a step for one example. */
export const totalMacs = ({ cost }: Audit): number => cost.forwardMacs + cost.feedbackMacs + cost.updateMacs;

/**
 * Audits a rule, with its default options, on a stack of these layers: the information that reached each
 * synapse, and the cost. Throws `run.rule-failed`.
 */
export function auditStandard(
  compute: Compute,
  rule: Rule,
  layers: readonly number[] = STANDARD_LAYERS,
): Audit {
  const learner = new Learner(compute, {
    specification: networkOf(rule, layers),
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
    examples: BATCH,
  });
  try {
    return compute.scope(() => {
      const inputs = compute.temporary([BATCH, layers[0] as number]);
      compute.drawUniform(inputs, 0, 1, stream(0, 'audit'), 0);
      const targets = compute
        .temporary([BATCH], 'i32')
        .set([0, 1, 2, 3].map((label) => label % (layers.at(-1) as number)));
      const examples = compute.temporary([BATCH], 'i32').set([0, 1, 2, 3]);
      return audit(compute, learner, { inputs, targets, examples });
    });
  } catch (error) {
    throw ruleFailure(rule, 'in a step of its audit', error);
  } finally {
    learner.dispose();
  }
}
