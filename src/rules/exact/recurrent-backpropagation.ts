import { z } from 'zod';
import { hopfield, recurrentBackpropagateBy } from '../../dynamics/index.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Recurrent backpropagation: the exact gradient at the fixed point of a network that settles. The errors μ relax along
 * the same couplings as the activity, linearised at the fixed point. Rules on the same dynamics are compared with this
 * gradient; `recurrentBackpropagateBy` documents the equations.
 *
 * Source: Almeida (1987), ICNN; Pineda (1987), Physical Review Letters 59.
 */
export const recurrentBackpropagation = defineRule({
  id: 'recurrent-backprop',
  family: 'Exact gradient',
  title: 'Recurrent backpropagation',
  summary:
    'Lets errors settle along the same couplings as the activity, which gives the exact gradient at the fixed point.',
  equation: String.raw`\frac{d\mu}{dt} = -\frac{\partial^2 E}{\partial s^2}\, \mu - \frac{\partial C}{\partial s}, \qquad \Delta W_{ij} = \eta \left( \rho_i\, \rho'_j \mu_j + \rho'_i \mu_i\, \rho_j \right)`,
  cites: ['pineda1987'],
  options: z.strictObject({
    stepSize: z.number().gt(0).max(1).default(0.5).describe('step size ε, in membrane time constants'),
    evaluationSteps: z.int().min(1).max(1e6).default(100).describe('relaxation steps in an evaluation'),
  }),
  dynamics: hopfield,
  learning: {
    phase: ({ stepSize, evaluationSteps }) => ({ stepSize, steps: evaluationSteps }),
  },

  learn: recurrentBackpropagateBy(hopfield),
});
