import { z } from 'zod';
import { descend, feedforward } from '../../dynamics/index.ts';
import type { Projection } from '../../network/area.ts';
import { refuseDisjointWiring } from '../shared/feedback.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Sign symmetry: feedback weights have the signs of the forward weights, but not their magnitudes.
 *
 *   B = M ⊙ sign(W)ᵀ,   δ_l = (δ_{l+1} B_{l+1}) ⊙ f′(a_l),   ΔW_l = −η h_{l−1}ᵀ δ_l
 *
 * The magnitudes M > 0 are all equal (uSF), drawn anew for every batch (brSF), or drawn once (frSF). Random magnitudes
 * are from U(0, √(6/(n+m))), with n and m the numbers of units that W joins. The root mean square is √(2/(n+m)) in all
 * three, as in Glorot's initialisation; otherwise errors would grow from area to area. Xiao et al. (2019)
 * scale in the same way, while Liao et al. (2016) use plain sign(W) and normalise batches. `scale` multiplies the root
 * mean square. Each entry of B has the sign of its counterpart in Wᵀ. The error from a single unit above is therefore
 * always within 90° of its error under backpropagation.
 *
 * Source: Liao, Leibo & Poggio (2016), AAAI 30; Xiao, Chen, Liao & Poggio (2019), ICLR.
 */
export const signSymmetry = defineRule({
  id: 'sign-symmetry',
  family: 'Feedback pathways',
  title: 'Sign symmetry',
  summary:
    'Sends errors down through feedback weights with the signs of the forward weights, but other magnitudes.',
  equation: String.raw`B = M \odot \operatorname{sign}(W)^\top, \qquad \delta_l = \left(B_{l+1}\, \delta_{l+1}\right) \odot f'(a_l)`,
  cites: ['liao2016', 'xiao2019'],
  options: z.strictObject({
    magnitudes: z
      .enum(['uniform', 'batchwise-random', 'fixed-random'])
      .default('uniform')
      .describe('magnitudes of B: all equal (uSF), drawn anew for every batch (brSF), or drawn once (frSF)'),
    scale: z
      .number()
      .positive()
      .max(1e6)
      .default(1)
      .describe('root mean square of the magnitudes, as a multiple of √(2/(n+m))'),
  }),
  dynamics: feedforward,
  network: {
    refuses: refuseDisjointWiring,
  },
  learning: {
    state: (network, { magnitudes }) =>
      magnitudes === 'batchwise-random'
        ? []
        : network.projections
            .filter(({ kind, from }) => kind === 'forward' && !from.isInput)
            .map((projection) => ({
              name: magnitudesOf(projection),
              shape: projection.weights.shape,
              scope: 'run',
              fill: (compute, tensor, source) => {
                if (magnitudes === 'uniform') compute.fill(tensor, 1);
                else compute.drawUniform(tensor, 0, LARGEST, source, 0);
              },
            })),
  },

  learn(step) {
    const { compute, options } = step;
    const phase = step.run('forward');
    descend(step, phase, (projection, above, below, beta) => {
      const { weights } = projection;
      const [rows, columns] = projection.matrixShape;
      const feedback = compute.temporary(weights.shape);
      if (options.magnitudes === 'batchwise-random') {
        compute.drawUniform(feedback, 0, LARGEST, step.stream(magnitudesOf(projection)), step.step);
        compute.multiplyBySign(feedback, feedback, weights);
      } else compute.multiplyBySign(feedback, step.state(magnitudesOf(projection)), weights);
      const scaled = compute.temporary(above.shape);
      compute.scale(scaled, above, options.scale * Math.sqrt(2 / (rows + columns)));
      projection.sendBack(compute, below, scaled, beta, { weights: feedback });
    });
  },
});

/** Upper end √3 of the uniform distribution on [0, √3], whose mean square is 1. */
const LARGEST = Math.sqrt(3);

const magnitudesOf = ({ id }: Projection) => `sizes of feedback for ${id}`;
