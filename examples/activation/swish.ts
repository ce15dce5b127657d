import { defineActivation } from 'apical/rules';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/**
 * Swish, x σ(x). It is not monotonic, so its slope is a function of the potential, not of the rate.
 *
 * Source: Ramachandran, Zoph & Le (2017), arXiv:1710.05941.
 *
 *   apical run rings --set network.activation=./examples/activation/swish.ts
 */
export default defineActivation({
  name: 'swish',
  value: (x) => x * sigmoid(x),
  slope: { from: 'potential', at: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))) },
  bounds: [-0.2785, Infinity],
  initialisation: { kind: 'he' },
});
