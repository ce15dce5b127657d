import { z } from 'zod';
import { hopfield } from '../../dynamics/index.ts';
import { changesOverTime, emitContrast } from '../shared/contrast.ts';
import { defineRule } from '../../learning/rule.ts';
import {
  continualHasOneSide,
  nudgeFrom,
  nudgingOptions,
  nudgingPhase,
  particleOptions,
  particles,
  settleFreely,
  settlingOptions,
} from '../shared/settling.ts';

/**
 * Equilibrium propagation: let the network settle, nudge its outputs a little towards their targets, and change every
 * synapse by the difference of two local products.
 *
 *   free:    ds/dt = −∂E/∂s            →  s⁰
 *   nudged:  ds/dt = −∂(E + βC)/∂s     →  s^β, from s⁰
 *   ΔW_ij = (η/β) ( ρ_i^β ρ_j^β − ρ_i⁰ ρ_j⁰ ),     Δb_j = (η/β) ( ρ_j^β − ρ_j⁰ )
 *
 * As β → 0 and both phases reach their fixed points this is −η dC/dW, the gradient of the cost at the free fixed point
 * (held to recurrent backpropagation by test). At finite β:
 * - `one`: nudged by β alone; its bias is of order β;
 * - `random`: by β or −β, drawn for each batch, so that this bias averages out;
 * - `symmetric`: ΔW = (η/2β)( ρρ^β − ρρ^−β ), whose bias is of order β².
 *
 * Continual, synapses change while the nudged phase goes on, as spike-timing-dependent plasticity would, by what is
 * there and how it changes:
 *
 *   dW_ij/dt = (η/β) ( ρ_i dρ_j/dt + ρ_j dρ_i/dt )
 *
 * whose integral is the difference of the products; it becomes equal to it as step size and learning rate shrink.
 *
 * With persistent particles an example's free phase begins where its last one ended, and its first one silent. Examples
 * that are not training examples have none: they begin as `start` says, and take `evaluationSteps`.
 *
 * Source: Scellier & Bengio (2017), Frontiers in Computational Neuroscience 11; symmetric nudging: Laborieux, Ernoult,
 * Scellier, Bengio, Grollier & Querlioz (2021), Frontiers in Neuroscience 15; continual: Ernoult, Grollier, Querlioz,
 * Bengio & Scellier (2020), arXiv:2005.04168.
 */
export const equilibriumPropagation = defineRule({
  id: 'equilibrium-propagation',
  family: 'Energy and equilibrium',
  title: 'Equilibrium propagation',
  summary:
    'Settles, is nudged towards the target, and changes synapses by the difference of two local products.',
  equation: String.raw`\Delta W_{ij} = \frac{\eta}{\beta} \left( \rho_i^\beta \rho_j^\beta - \rho_i^0 \rho_j^0 \right), \qquad \frac{ds}{dt} = -\frac{\partial E}{\partial s} - \beta \frac{\partial C}{\partial s}`,
  cites: ['scellier2017', 'laborieux2021', 'ernoult2020', 'hopfield1984'],
  options: z
    .strictObject({ ...nudgingOptions, ...settlingOptions, ...particleOptions })
    .refine(...continualHasOneSide),
  dynamics: hopfield,
  phase: (options, name) => nudgingPhase(options, name),
  state: (network, options) => particles(network, options),

  learn(step) {
    const free = settleFreely(step);
    nudgeFrom(step, free, {
      after: ({ positive, negative, factor }) => emitContrast(step, positive, negative, factor),
      within: (factor) => changesOverTime(step, free, factor),
    });
  },
});
