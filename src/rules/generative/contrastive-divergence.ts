import { z } from 'zod';
import { emitReadouts, stochastic } from '../../dynamics/index.ts';
import { machinesReference } from '../../references/restricted-boltzmann.ts';
import { learningNow, withTopDownBias } from './readout.ts';
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
 * A stack of restricted Boltzmann machines. Each learns to model the activity of the area below, by the difference of
 * two local products: at the data, and at the machine's reconstruction of them.
 *
 *   p(h_j = 1 | v) = σ( (v W + b)_j ),   p(v_i = 1 | h) = σ( (h Wᵀ + a)_i ),   ΔW = η ( ⟨v h⟩⁰ − ⟨v h⟩ᵏ )
 *
 * ⟨v h⟩ᵏ follows k steps of Gibbs sampling from the data (CD-k), or of persistent chains that continue from update to
 * update (persistent contrastive divergence). The latter converges to the gradient of ln P(v) as the learning rate
 * falls. The data of a machine are the probabilities of the area below. With `epochsPerArea`, machines learn one after
 * the other, from the lowest up; otherwise all at once.
 *
 * Areas with an objective read out the area below by the delta rule. In evaluation, the upward pass uses probabilities.
 * Metric: ‖v − reconstruction‖² of every machine, for one step with probabilities.
 *
 * Source: Hinton (2002), Neural Computation 14; persistent chains: Tieleman (2008), ICML; probabilities in place of
 * draws: Hinton (2010), UTML TR 2010-003.
 */
export const contrastiveDivergence = defineRule({
  id: 'contrastive-divergence',
  family: 'Energy and equilibrium',
  title: 'Contrastive divergence',
  summary:
    'Restricted Boltzmann machines model the area below: Hebbian at the data, anti-Hebbian at reconstructions.',
  equation: String.raw`\Delta W = \eta \left( \langle v\, h^\top \rangle^{0} - \langle v\, h^\top \rangle^{k} \right)`,
  cites: ['hinton2002', 'tieleman2008', 'hinton2010'],
  options: z.strictObject({
    steps: z.int().min(1).max(1e5).default(1).describe('k: steps of Gibbs sampling per update'),
    chains: z
      .int()
      .min(0)
      .max(1e6)
      .default(0)
      .describe('number of persistent chains; 0: sampling starts at the data'),
    epochsPerArea: z
      .number()
      .min(0)
      .max(1e6)
      .default(0)
      .describe('number of epochs each machine learns, from the lowest up; 0: all machines learn at once'),
  }),
  dynamics: stochastic,
  network: {
    refuses: refuseMachines,
    wire: (specification) => withTopDownBias(specification),
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
