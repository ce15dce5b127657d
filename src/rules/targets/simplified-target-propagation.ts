import { z } from 'zod';
import { emitIncoming, feedforward } from '../../dynamics/index.ts';
import type { Network } from '../../network/network.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Projection } from '../../network/area.ts';
import { chainOf, drawnLike, refuseBranches } from '../shared/chain.ts';
import {
  inverseHints,
  inverseOptimisers,
  inversionErrors,
  measureInverses,
  inverseOptions,
  learnToInvert,
  withInverses,
} from '../shared/inverses.ts';
import { defineRule } from '../../learning/rule.ts';
import { descentOf, differenceBelow, emitOutputGradient } from '../shared/targets.ts';
import { targetsBelow } from './difference-target-propagation.ts';

const AUXILIARY = 'auxiliary output';

/**
 * Simplified difference target propagation: no gradient crosses any layer, not even the output. The target of the
 * output is the label, and it is sent down like all other targets:
 *
 *   ĥ_L = target (for classes: all probability on the label),   ĥ_{l−1} = h_{l−1} − g_l(h_l) + g_l(ĥ_l) for all l ≤ L
 *   ΔW_l = −η h_{l−1}ᵀ [ (h_l − ĥ_l) ⊙ f′ ]
 *
 * A few outputs determine little of the layer below, and their inverse can reconstruct no more than that. Auxiliary
 * outputs z = tanh(h_{L−1} R), with R random and fixed, carry more: the inverse receives (y, z), and the target of z is
 * z itself.
 *
 * With linear units, exact inverses and no noise, g(f(h)) = h, so the target of the layer below is g(ŷ).
 *
 * Source: Bartunov, Santoro, Richards, Marris, Hinton & Lillicrap (2018), NeurIPS 31 (SDTP and AO-SDTP).
 */
export const simplifiedTargetPropagation = defineRule({
  id: 'simplified-target-propagation',
  family: 'Target propagation',
  title: 'Simplified target propagation',
  summary: 'Learned inverses send the label itself down: no gradient crosses any layer.',
  equation: String.raw`\Delta W_l = -\eta \left[ (h_l - \hat h_l) \odot f' \right] h_{l-1}^\top, \qquad \hat h_{l-1} = h_{l-1} - g_l(h_l) + g_l(\hat h_l), \quad \hat h_L = \hat y`,
  cites: ['bartunov2018', 'lee2015'],
  options: z.strictObject({
    ...inverseOptions,
    auxiliary: z
      .int()
      .min(0)
      .max(1e6)
      .default(0)
      .describe(
        'number of auxiliary outputs, which give the inverse of the output more to reconstruct from; 0 for none',
      ),
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
    hints: inverseHints,
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

    emitOutputGradient(step, phase, output);
    if (chain.length === 1) return;
    const second = auxiliary?.feedback && {
      inverse: auxiliary.feedback,
      signal: phase.activity(auxiliary.to),
    };
    // ĥ_L − h_L = target − y,   ĥ_{L−1} − h_{L−1} = g(ĥ_L, z) − g(h_L, z)
    const label = { values: descentOf(step, phase, output.to) };
    const top = differenceBelow(step, phase, output, label, second);
    for (const { area, difference } of targetsBelow(step, phase, chain, top)) {
      // −h_{l−1} ⊗ ( (ĥ_l − h_l) ⊙ f′ )
      emitIncoming(step, phase, area, phase.slope(area, difference), -1 / inputs.rows);
    }
  },
});

/** Returns the projection onto the auxiliary outputs; undefined without them. */
const auxiliaryOf = ({ projections }: Network): Projection | undefined =>
  projections.find(({ kind, to }) => kind === 'forward' && to.id === AUXILIARY);

/** Adds auxiliary outputs z = tanh(h R) above the last hidden area, with R random and fixed. */
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
