import { z } from 'zod';
import { feedforward } from '../../dynamics/index.ts';
import { Sequence } from '../../random/stream.ts';
import type { Parameter } from '../../network/parameter.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { perturbedValues } from './perturbation.ts';
import { defineRule } from '../../learning/rule.ts';

/**
 * Serial weight perturbation ("twiddling"): one synapse at a time is moved, and the change of the loss is measured.
 *
 *   d = L(w_i + ε) − L(w)
 *   gradient:  Δw_i = −η d / ε
 *   twiddle:   Δw_i = +η if d < 0 (keep),  −η if L(w_i − ε) < L(w) (reverse),  otherwise 0 (leave)
 *
 * The synapse is chosen at random; it needs only its own move and one number. Every synapse costs one or two passes, so
 * a sweep over a network costs at least as many passes as there are synapses. With plain gradient descent and η = ε,
 * twiddling keeps exactly the move that was tried.
 *
 * Source: Jabri & Flower (1992), IEEE Transactions on Neural Networks 3, for the measured slope.
 */
export const serialWeightPerturbation = defineRule({
  id: 'serial-weight-perturbation',
  family: 'Credit from one scalar',
  title: 'Serial weight perturbation',
  summary:
    'Moves one synapse at a time and keeps, reverses or drops the move, depending on the change of the loss.',
  equation: String.raw`\Delta w_i = -\eta\, \frac{L(w + \varepsilon e_i) - L(w)}{\varepsilon}`,
  cites: ['jabri1992'],
  options: z.strictObject({
    move: z.number().positive().max(1e3).default(1e-3).describe('distance ε by which a synapse is moved'),
    synapses: z.int().min(1).max(1e6).default(1).describe('number of synapses tried per update'),
    change: z
      .enum(['gradient', 'twiddle'])
      .default('gradient')
      .describe(
        'size of a change: in proportion to the measured slope, or a fixed step in the better direction',
      ),
  }),
  dynamics: feedforward,
  learning: {
    sharedSamples: ({ synapses }) => synapses,
  },

  learn(step) {
    const { compute, network, options, stream } = step;
    const { move, synapses, change } = options;
    const { parameters } = network;
    const total = parameters.reduce((sum, { values }) => sum + values.size, 0);
    const choice = new Sequence(stream('synapse'), step.step);
    const before = step.loss(step.run('clean'));
    const anyExists = parameters.some(({ mask }) => !mask || mask.data.some((exists) => exists !== 0));
    if (!anyExists) return;

    const tried = Array.from({ length: synapses }, () => chooseExisting(parameters, choice, total));
    // One tensor per parameter, so that memory does not grow with the number of synapses tried.
    const sums = new Map<Parameter, Tensor>();
    for (const { parameter } of tried) {
      if (sums.has(parameter)) continue;
      const sum = compute.temporary(parameter.values.shape);
      compute.fill(sum, 0);
      sums.set(parameter, sum);
    }
    step.samples(synapses, (sample) => {
      const { parameter, index } = tried[sample] as Synapse;
      const changeAt = (sign: number) =>
        compute.scope(() => {
          const direction = compute.temporary(parameter.values.shape);
          compute.fill(direction, 0);
          direction.data[index] = 1;
          const values = perturbedValues(compute, [parameter], [direction], sign * move);
          return step.loss(step.run('moved', { values })) - before;
        });
      return {
        measure: () => {
          const forward = changeAt(1);
          if (change === 'gradient') return forward / move;
          return forward < 0 ? -1 : changeAt(-1) < 0 ? 1 : 0;
        },
        use: (slope) => {
          const values = (sums.get(parameter) as Tensor).data;
          values[index] = (values[index] as number) + slope;
        },
      };
    });
    for (const parameter of parameters) {
      const direction = sums.get(parameter);
      if (direction) step.emit(parameter, { kind: 'direction', direction });
    }
  },
});

interface Synapse {
  readonly parameter: Parameter;
  readonly index: number;
}

/** Returns a random synapse that exists. At least one must exist. */
function chooseExisting(parameters: readonly Parameter[], choice: Sequence, total: number): Synapse {
  for (;;) {
    const synapse = synapseAt(parameters, choice.below(total));
    if (synapse.parameter.mask?.data[synapse.index] !== 0) return synapse;
  }
}

/** Returns the synapse at `position` of all parameters laid end to end. */
function synapseAt(parameters: readonly Parameter[], position: number): Synapse {
  let index = position;
  for (const parameter of parameters) {
    if (index < parameter.values.size) return { parameter, index };
    index -= parameter.values.size;
  }
  throw new RangeError(`There is no synapse at position ${position}.`);
}
