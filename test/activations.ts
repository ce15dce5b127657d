import { defineActivation } from '../src/tensor/index.ts';
import type { Activation } from '../src/tensor/index.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Swish, x σ(x): its slope is a function of the potential alone, because it is not monotonic. */
export const swish = defineActivation({
  name: 'swish',
  value: (x) => x * sigmoid(x),
  slope: { from: 'potential', at: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))) },
  bounds: [-0.2785, Infinity],
  initialisation: { kind: 'he' },
});

/** A built-in function as a user would write it, with the slope as a function of the rate or of the potential. */
export const copyOf = (
  { name, value, slope, bounds, initialisation }: Activation,
  from: 'rate' | 'potential',
) =>
  defineActivation({
    name: `my-${name}`,
    ...{ value, bounds, initialisation },
    slope: from === 'rate' ? slope : { from, at: (x) => slope.at(value(x)) },
  });
