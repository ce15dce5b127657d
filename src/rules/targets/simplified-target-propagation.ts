import { z } from 'zod';
import { feedforward } from '../../dynamics/index.ts';
import type { Network } from '../../network/network.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Projection } from '../../network/area.ts';
import { chainOf, drawnLike, refuseBranches } from '../shared/chain.ts';
import {
  hintsOnInverses,
  inverseOptimisers,
  inversionErrors,
  measureInverses,
  inverseOptions,
  learnToInvert,
  withInverses,
} from '../shared/inverses.ts';
import { defineRule } from '../../learning/rule.ts';
import { changeBelow, emitOutput, emitTowardsTargets, lackOf } from '../shared/targets.ts';

const AUXILIARY = 'auxiliary output';

/**
 * Simplified difference target propagation: no gradient crosses any layer, the output's own included. The output's target
 * is what should have been said, and it comes down like all others:
 *
 *   ĥ_L = target (of classes: all probability on the label),   ĥ_{l−1} = h_{l−1} − g_l(h_l) + g_l(ĥ_l) for all l ≤ L
 *   ΔW_l = −η h_{l−1}ᵀ [ (h_l − ĥ_l) ⊙ f′ ]
 *
 * Ten numbers say little about the layer below them, so that its inverse can only give back what they determine. With
 * auxiliary outputs z = tanh(h_{L−1} R), R random and fixed, the output says more than its answer: the inverse hears
 * (y, z), and the target of z is z itself.
 *
 * With linear units, exact inverses and no noise the target of the layer below is g(ŷ), for then g(f(h)) = h.
 *
 * Source: Bartunov, Santoro, Richards, Marris, Hinton & Lillicrap (2018), NeurIPS 31 (SDTP and AO-SDTP).
 */
export const simplifiedTargetPropagation = defineRule({
  id: 'simplified-target-propagation',
  family: 'Target propagation',
  title: 'Simplified target propagation',
  summary: 'Sends the label itself down by learned inverses: no gradient crosses any layer.',
  equation: String.raw`\Delta W_l = -\eta \left[ (h_l - \hat h_l) \odot f' \right] h_{l-1}^\top, \qquad \hat h_{l-1} = h_{l-1} - g_l(h_l) + g_l(\hat h_l), \quad \hat h_L = \hat y`,
  cites: ['bartunov2018', 'lee2015'],
  options: z.strictObject({
    ...inverseOptions,
    auxiliary: z
      .int()
      .min(0)
      .max(1e6)
      .default(0)
      .describe('auxiliary outputs, which tell the inverse of the output more than the answer; 0 for none'),
  }),
  dynamics: feedforward,
  network: {
    refuses: (specification) =>
      refuseBranches(specification, 'predictive-coding, feedback-alignment, backprop'),
    wire: (specification, options) =>
      withInverses(withAuxiliary(specification, options.auxiliary), options, { outputs: true }),
  },
  learning: {
    optimisers: (network, optimiserOf, options) => inverseOptimisers(network, optimiserOf, options),
  },
  report: {
    hints: hintsOnInverses,
    measures: inversionErrors,
    evaluate: (step, phase) => measureInverses(step, phase, chainOf(step.network), auxiliaryOf(step.network)),
  },

  learn(step) {
    const { network, inputs, options } = step;
    const chain = chainOf(network);
    const output = chain.at(-1) as Projection;
    const auxiliary = auxiliaryOf(network);
    const phase = step.run('forward');
    for (const projection of chain) {
      if (!projection.feedback) continue;
      learnToInvert(step, phase, projection, options.noise, projection === output ? auxiliary : undefined);
    }
    if (options.order === 'alternating') step.apply();

    emitOutput(step, phase, output);
    if (chain.length === 1) return;
    const beside = auxiliary?.feedback && {
      inverse: auxiliary.feedback,
      signal: phase.activity(auxiliary.to),
    };
    const lack = { values: lackOf(step, phase, output.to) };
    const top = changeBelow(step, phase, output, lack, beside);
    emitTowardsTargets(step, phase, chain, top, 1 / inputs.rows);
  },
});

/** The projection onto the auxiliary outputs, where there are any. */
const auxiliaryOf = ({ projections }: Network): Projection | undefined =>
  projections.find(({ kind, to }) => kind === 'forward' && to.id === AUXILIARY);

/** Adds z = tanh(h R) above the last hidden area, R random and fixed. */
function withAuxiliary(specification: NetworkSpecification, units: number): NetworkSpecification {
  const { areas, projections, objectives } = specification;
  const output = projections.find(
    ({ kind = 'forward', to }) => kind === 'forward' && to === objectives[0]?.area,
  );
  if (units === 0 || !output || output.from === specification.input) return specification;
  return {
    ...specification,
    areas: [...areas, { id: AUXILIARY, shape: [units], activation: 'tanh', bias: false }],
    projections: [...projections, { ...drawnLike(output, AUXILIARY), plastic: false }],
  };
}
