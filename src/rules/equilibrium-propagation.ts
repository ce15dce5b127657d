import { z } from 'zod';
import { hopfield, mustSettle } from '../dynamics/index.ts';
import type { LearningStep, Moment, Phase } from '../dynamics/index.ts';
import type { Area } from '../network/area.ts';
import { bitsAt } from '../random/index.ts';
import { changesOverTime, emitContrast } from './contrast.ts';
import { defineRule } from './rule.ts';

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
 * With persistent particles an example's free phase begins where its last one ended; others begin silent. Examples that
 * are not training examples have none, so an evaluation takes `evaluationSteps`.
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
    .strictObject({
      nudge: z
        .number()
        .positive()
        .max(1e3)
        .default(0.5)
        .describe('β: how strongly outputs are pulled towards their targets'),
      sides: z
        .enum(['one', 'random', 'symmetric'])
        .default('random')
        .describe('nudged by β, by β or −β drawn for each batch, or by both'),
      update: z
        .enum(['contrast', 'continual'])
        .default('contrast')
        .describe('whether synapses change after the phases, or in every step of the nudged one'),
      freeSteps: z.int().min(1).max(1e6).default(20).describe('steps of the free phase'),
      nudgedSteps: z.int().min(1).max(1e6).default(4).describe('steps of a nudged phase'),
      evaluationSteps: z
        .int()
        .min(1)
        .max(1e6)
        .optional()
        .describe(
          'steps in an evaluation; default: five times those of the free phase where particles persist',
        ),
      stepSize: z
        .number()
        .gt(0)
        .max(1)
        .default(0.5)
        .describe('ε: size of a step, in membrane time constants'),
      tolerance: z
        .number()
        .min(0)
        .default(0)
        .describe(
          'a phase ends early where units move less than this, and fails where they do not; 0: takes all steps',
        ),
      persistent: z
        .boolean()
        .default(true)
        .describe('whether the free phase of a training example begins where its last one ended'),
    })
    .refine(({ sides, update }) => sides !== 'symmetric' || update === 'contrast', {
      message: 'update "continual" follows one nudged phase: choose sides "one" or "random"',
      path: ['sides'],
    }),
  dynamics: hopfield,
  phase: (options, name) => ({
    steps: stepsOf(options, name),
    stepSize: options.stepSize,
    tolerance: options.tolerance,
  }),
  state: (network, { persistent }) =>
    network.areas
      .filter((area) => persistent && area !== network.input)
      .map((area) => ({ name: particleOf(area), shape: [area.units], scope: 'example' })),

  learn(step) {
    const { network, options, inputs } = step;
    const { nudge, sides, update, persistent, tolerance } = options;
    const free = mustSettle(
      step.run('free', { start: persistent ? (area) => step.recall(particleOf(area)) : undefined }),
      tolerance,
    );
    for (const area of network.areas) {
      if (persistent && area !== network.input) step.remember(particleOf(area), free.state(area));
    }
    step.judge(free);

    const beta = sides === 'random' ? nudge * signOf(step) : nudge;
    const nudged = (strength: number, each?: (moment: Moment) => void): Phase =>
      mustSettle(step.run('nudged', { start: (area) => free.state(area), nudge: strength, each }), tolerance);
    const factor = 1 / (beta * inputs.rows);
    if (update === 'continual') nudged(beta, changesOverTime(step, free, factor));
    else if (sides === 'symmetric') emitContrast(step, nudged(beta), nudged(-beta), factor / 2);
    else emitContrast(step, nudged(beta), free, factor);
  },
});

interface Steps {
  readonly freeSteps: number;
  readonly nudgedSteps: number;
  readonly evaluationSteps?: number | undefined;
  readonly persistent: boolean;
}

function stepsOf({ freeSteps, nudgedSteps, evaluationSteps, persistent }: Steps, phase: string): number {
  if (phase === 'nudged') return nudgedSteps;
  if (phase === 'free') return freeSteps;
  return evaluationSteps ?? (persistent ? 5 : 1) * freeSteps;
}

const particleOf = (area: Area) => `free state of ${area.id}`;

/** The sign of the nudge in a batch: +1 or −1 alike often. */
const signOf = ({ stream, step }: LearningStep): 1 | -1 =>
  bitsAt(stream('sign of the nudge'), step, 0, 0) % 2 === 0 ? 1 : -1;
