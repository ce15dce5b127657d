import { z } from 'zod';
import { emitReadouts, stochastic } from '../../dynamics/index.ts';
import { machinesReference } from '../../references/restricted-boltzmann.ts';
import { learningNow, withTopDownThresholds } from './readout.ts';
import {
  chainsOf,
  emitContrastiveDivergence,
  fantasiesOf,
  machinesOf,
  measureMachines,
  reconstructionOf,
  refuseMachines,
} from './restricted-boltzmann.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * A stack of restricted Boltzmann machines, each of which learns to model what the area below sends, by the difference
 * of two local products: at the data, and at what the machine makes of them.
 *
 *   p(h_j = 1 | v) = σ( (v W + b)_j ),   p(v_i = 1 | h) = σ( (h Wᵀ + a)_i ),   ΔW = η ( ⟨v h⟩⁰ − ⟨v h⟩ᵏ )
 *
 * ᵏ after k steps of Gibbs sampling from the data (CD-k), or of chains that go on from update to update (persistent
 * contrastive divergence), which come to the gradient of ln P(v) as the rate falls. Data of a machine are the
 * probabilities of the area below. With `epochsPerArea` the machines learn one after the other, each when those below
 * it are done; else all at once.
 *
 * Areas with an objective read out the area below by the delta rule. In evaluation, activity goes up by probabilities.
 * Measured: ‖v − reconstruction‖² of every machine, of one step by probabilities.
 *
 * Source: Hinton (2002), Neural Computation 14; persistent chains: Tieleman (2008), ICML; probabilities in place of
 * draws: Hinton (2010), UTML TR 2010-003.
 */
export const contrastiveDivergence = defineRule({
  id: 'contrastive-divergence',
  family: 'Energy and equilibrium',
  title: 'Contrastive divergence',
  summary:
    'Restricted Boltzmann machines learn to model the area below: Hebbian at data, anti-Hebbian at reconstructions.',
  equation: String.raw`\Delta W = \eta \left( \langle v\, h^\top \rangle^{0} - \langle v\, h^\top \rangle^{k} \right)`,
  cites: ['hinton2002', 'tieleman2008', 'hinton2010'],
  options: z.strictObject({
    steps: z.int().min(1).max(1e5).default(1).describe('k: steps of Gibbs sampling an update'),
    chains: z
      .int()
      .min(0)
      .max(1e6)
      .default(0)
      .describe('chains that go on from update to update; 0: sampling begins at the data'),
    epochsPerArea: z
      .number()
      .min(0)
      .max(1e6)
      .default(0)
      .describe('epochs in which each machine learns, from the lowest up; 0: all learn at once'),
  }),
  dynamics: stochastic,
  network: {
    refuses: refuseMachines,
    wire: (specification) => withTopDownThresholds(specification),
  },
  learning: {
    state: (network, options) => chainsOf(network, options),
    reference: (network) => machinesReference(machinesOf(network)),
  },
  report: {
    measures: (network) => machinesOf(network).map(({ upper }) => reconstructionOf(upper)),
    evaluate: (step, phase) => measureMachines(step, phase),
    fantasies: (step) => fantasiesOf(step),
  },

  learn(step) {
    const { network, options } = step;
    const data = step.run('data');
    for (const machine of learningNow(step, machinesOf(network), options.epochsPerArea)) {
      emitContrastiveDivergence(step, data, machine, options);
    }
    emitReadouts(step, data);
  },
});
