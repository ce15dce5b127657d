import { audit } from './audit.ts';
import type { Audit } from './audit.ts';
import { backpropagateInTime, recurrent } from '../../dynamics/index.ts';
import { withRecurrence } from '../../network/recurrence.ts';
import { stack } from '../../network/specification.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { stream } from '../../random/index.ts';
import { Learner } from '../../learning/learner.ts';
import { defineRule, noOptions, parseOptions } from '../../learning/rule.ts';
import type { Rule } from '../../learning/rule.ts';
import { backpropagation } from '../../rules/exact/backpropagation.ts';
import type { Compute } from '../../tensor/compute.ts';
import { ruleFailure } from '../../learning/rule-failure.ts';

/** Layers of the network on which rules are compared, as in the lecture's table. */
export const STANDARD_LAYERS: readonly number[] = [784, 800, 800, 10];

/** Steps of the sequences on which rules in time are audited. */
export const STANDARD_STEPS = 4;

const BATCH = 4;

/** Builds a network of these layers with units that the rule's dynamics support; in time, hidden areas project to themselves. */
function networkOf({ dynamics }: Rule, layers: readonly number[]): NetworkSpecification {
  const activation = dynamics.activations?.[0] ?? (dynamics.inTime ? 'tanh' : 'relu');
  const specification = stack({ layers, activation, objective: 'cross-entropy' });
  return dynamics.inTime ? withRecurrence(specification) : specification;
}

/** Backpropagation through time. */
const exactInTime = defineRule({
  id: 'exact-in-time',
  family: 'Exact',
  title: 'Backpropagation through time',
  summary: 'Sends errors back through the steps of a sequence.',
  equation: '',
  cites: [],
  options: noOptions,
  dynamics: recurrent,
  learn: backpropagateInTime,
});

/** Returns the total multiply–accumulates of a step for one example. */
export const totalMacs = ({ cost }: Audit): number => cost.forwardMacs + cost.feedbackMacs + cost.updateMacs;

/** Returns the exact rule to whose cost that of a rule is compared: backprop, in time through time. */
export const exactFor = ({ dynamics }: Rule): Rule => (dynamics.inTime ? exactInTime : backpropagation);

/**
 * Audits a rule, with its default options, on a stack of these layers: the information that reached each
 * synapse, and the cost. A rule in time is audited on sequences, with a target at every step; its cost is that of one
 * step in time. Throws `run.rule-failed`.
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
    ...(rule.dynamics.inTime ? { streams: BATCH } : {}),
  });
  try {
    return compute.scope(() => {
      const steps = rule.dynamics.inTime ? STANDARD_STEPS : 1;
      const rows = steps * BATCH;
      const inputs = compute.temporary([rows, layers[0] as number]);
      compute.drawUniform(inputs, 0, 1, stream(0, 'audit'), 0);
      const labels = Array.from({ length: rows }, (_, row) => (row % BATCH) % (layers.at(-1) as number));
      const targets = compute.temporary([rows], 'i32').set(labels);
      const examples = compute.temporary([BATCH], 'i32').set([0, 1, 2, 3]);
      const time = rule.dynamics.inTime ? { time: { steps, count: rows, continues: false, first: 0 } } : {};
      return audit(compute, learner, { inputs, targets, examples, ...time });
    });
  } catch (error) {
    throw ruleFailure(rule, 'in a step of its audit', error);
  } finally {
    learner.dispose();
  }
}
