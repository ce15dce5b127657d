import { audit } from '../../analysis/audit/audit.ts';
import type { Audit } from '../../analysis/audit/audit.ts';
import { actionSize } from '../../environments/index.ts';
import type { Environment } from '../../environments/index.ts';
import { observed, started } from '../../environments/play.ts';
import { Sequence, stream } from '../../random/index.ts';
import type { Batch, Learner } from '../../learning/learner.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Config } from '../../config/config.ts';
import { makeActor, makeCritic } from './agents.ts';
import type { ControlRules } from './control-training.ts';

const BATCH = 8;

/** Audits one step of actor and critic: the locality of each synapse, and the cost of both together. */
export function auditControl(
  compute: Compute,
  environment: Environment,
  config: Config,
  rules: ControlRules,
): Audit {
  const { actions, observations } = environment;
  const draws = new Sequence(stream(config.seed, 'audit'));
  return compute.scope(() => {
    const inputs = compute.temporary([BATCH, observations]);
    inputs.set(
      Array.from({ length: BATCH }, () => [...observed(environment, started(environment, draws))]).flat(),
    );
    const chosen =
      actions.kind === 'discrete'
        ? compute
            .temporary([BATCH], 'i32')
            .set(Array.from({ length: BATCH }, (_, row) => row % actions.count))
        : compute.temporary([BATCH, actionSize(actions)]);
    if (actions.kind === 'continuous') compute.fill(chosen, 0.5);
    const weights = compute.temporary([BATCH]);
    compute.fill(weights, 1);
    const returns = compute.temporary([BATCH, 1]);
    compute.fill(returns, 1);

    const auditOf = (learner: Learner, name: string, batch: Batch): Audit => {
      try {
        const { locality, cost, reachViolations } = audit(compute, learner, batch);
        return {
          locality: locality.map((row) => ({ ...row, projection: `${name} ${row.projection}` })),
          cost,
          reachViolations: reachViolations.map((violation) => `${name}: ${violation}`),
        };
      } finally {
        learner.dispose();
      }
    };
    const parts = [
      auditOf(makeActor(compute, environment, config, rules.actor), 'actor', {
        inputs,
        targets: chosen,
        weights,
      }),
      ...(config.control?.baseline === 'critic'
        ? [
            auditOf(makeCritic(compute, environment, config, rules.critic), 'critic', {
              inputs,
              targets: returns,
            }),
          ]
        : []),
    ];
    const sum = (key: keyof Audit['cost']) => parts.reduce((total, { cost }) => total + cost[key], 0);
    return {
      locality: parts.flatMap(({ locality }) => locality),
      cost: {
        forwardMacs: sum('forwardMacs'),
        feedbackMacs: sum('feedbackMacs'),
        updateMacs: sum('updateMacs'),
        bytesBetweenAreas: sum('bytesBetweenAreas'),
      },
      reachViolations: parts.flatMap(({ reachViolations }) => reachViolations),
    };
  });
}
