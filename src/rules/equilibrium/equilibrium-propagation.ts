import { z } from 'zod';
import { hopfield } from '../../dynamics/index.ts';
import { changesBetween, emitBiases, plasticProjections } from '../shared/contrast.ts';
import { defineRule } from '../../learning/rule.ts';
import {
  continualHasOneSide,
  nudge,
  nudgeContinually,
  nudgingOptions,
  nudgingPhase,
  particleOptions,
  particles,
  settleFreely,
  settlingOptions,
} from '../shared/settling.ts';

/**
 * Equilibrium propagation: the network settles, its outputs are nudged a little towards their targets, and every synapse
 * changes by the difference of two local products.
 *
 *   free:    ds/dt = −∂E/∂s            →  s⁰
 *   nudged:  ds/dt = −∂(E + βC)/∂s     →  s^β, from s⁰
 *   ΔW_ij = (η/β) ( ρ_i^β ρ_j^β − ρ_i⁰ ρ_j⁰ ),     Δb_j = (η/β) ( ρ_j^β − ρ_j⁰ )
 *
 * As β → 0, and if both phases reach their fixed points, this is −η dC/dW, the gradient of the cost at the free fixed
 * point (compared with recurrent backpropagation by test). At finite β the estimate of the gradient has an error:
 * - `one`: one nudge by β; the error is of order β;
 * - `random`: one nudge by β or −β, drawn for each batch, so that this error averages out;
 * - `symmetric`: ΔW = (η/2β)( ρρ^β − ρρ^−β ), with an error of order β².
 *
 * With `continual` updates, synapses change during the nudged phase by the rates and their derivatives, a rate form of
 * spike-timing-dependent plasticity:
 *
 *   dW_ij/dt = (η/β) ( ρ_i dρ_j/dt + ρ_j dρ_i/dt )
 *
 * Its integral is the difference of the products; the two become equal as step size and learning rate shrink.
 *
 * With persistent particles, the free phase of a training example starts where the previous free phase of this example
 * ended; the first one starts in silence. Other examples have no particle: they start as the option `start` sets, and
 * take `evaluationSteps`.
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
    'The network settles, is nudged towards the target, and synapses change by the difference of two local products.',
  equation: String.raw`\Delta W_{ij} = \frac{\eta}{\beta} \left( \rho_i^\beta \rho_j^\beta - \rho_i^0 \rho_j^0 \right), \qquad \frac{ds}{dt} = -\frac{\partial E}{\partial s} - \beta \frac{\partial C}{\partial s}`,
  cites: ['scellier2017', 'laborieux2021', 'ernoult2020', 'hopfield1984'],
  options: z
    .strictObject({ ...nudgingOptions, ...settlingOptions, ...particleOptions })
    .refine(...continualHasOneSide),
  dynamics: hopfield,
  learning: {
    phase: (options, name) => nudgingPhase(options, name),
    state: (network, options) => particles(network, options),
  },

  learn(step) {
    const free = settleFreely(step);
    if (step.options.update === 'continual') {
      nudgeContinually(step, free, 'both-ways');
      return;
    }
    const { positive, negative, factor } = nudge(step, free);
    // ρ_i^β ρ_j^β − ρ_i⁰ ρ_j⁰ = Δρ_i ρ_j^β + ρ_i⁰ Δρ_j, which preserves small differences.
    const change = changesBetween(step, positive, negative);
    for (const projection of plasticProjections(step)) {
      const { from, to } = projection;
      const [pre, post] = [change(from), change(to)];
      if (post) step.emit(projection, { kind: 'outer', pre: negative.activity(from), post, factor: -factor });
      if (pre) step.emit(projection, { kind: 'outer', pre, post: positive.activity(to), factor: -factor });
    }
    emitBiases(step, change, () => -factor);
  },
});
