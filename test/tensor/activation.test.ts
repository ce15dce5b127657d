import { describe, expect, test } from 'vitest';
import { openAll } from '../backends/open-all.ts';
import { copyOf, swish } from '../activations.ts';
import {
  activationOf,
  checkActivation,
  defineActivation,
  hasActivation,
  relu,
  softplus,
  SURROGATES,
  tanh,
  threshold,
} from '../../src/tensor/index.ts';
import type { Activation, ActivationReference } from '../../src/tensor/index.ts';

const on = openAll(['reference', 'wasm']);

describe('threshold', () => {
  const primitives = {
    'fast-sigmoid': (x: number, b: number) => x / (1 + b * Math.abs(x)),
    arctan: (x: number, b: number) => Math.atan((Math.PI / 2) * b * x) / Math.PI,
    'piecewise-linear': (x: number, b: number) => x - (b * x * Math.abs(x)) / 2,
    logistic: (x: number, b: number) => 1 / (1 + Math.exp(-b * x)),
  };

  test.each(SURROGATES)('the slope %s is the derivative of its function', (surrogate) => {
    const sharpness = 1.5;
    const { slope } = threshold({ at: 1, surrogate, sharpness });
    const width = 1e-5;
    for (const x of [-0.6, -0.2, 0.1, 0.55]) {
      const primitive = primitives[surrogate];
      const change = (primitive(x + width, sharpness) - primitive(x - width, sharpness)) / (2 * width);
      expect(slope.at(1 + x)).toBeCloseTo(change, 8);
    }
  });

  test('has the peaks and widths of its sources', () => {
    expect(threshold().slope.at(0.04)).toBe(1 / 4);
    expect(threshold({ surrogate: 'arctan' }).slope.at(0)).toBe(1);
    expect(threshold({ surrogate: 'arctan' }).slope.at(1 / Math.PI)).toBeCloseTo(0.5, 12);
    expect(threshold({ surrogate: 'piecewise-linear' }).slope.at(-1)).toBe(0);
    expect(threshold({ surrogate: 'logistic' }).slope.at(0)).toBe(25 / 4);
  });

  test('fires from its threshold on', () => {
    const { value } = threshold({ at: 0.5 });
    expect([0.499, 0.5, 7].map(value)).toEqual([0, 1, 1]);
  });

  test.each<[Parameters<typeof threshold>[0], RegExp]>([
    [{ at: NaN }, /at is NaN/],
    [{ sharpness: 0 }, /the sharpness is 0\. Give a number above 0/],
    [{ surrogate: 'gauss' as never }, /the surrogate is "gauss"\. Use "fast-sigmoid", "arctan"/],
  ])('refuses %o', (options, message) => {
    expect(() => threshold(options)).toThrow(message);
  });
});

describe('defineActivation refuses', () => {
  const square = { name: 'square', value: (x: number) => x * x };
  test.each<[string, () => unknown, RegExp]>([
    [
      'a slope that is not the derivative, with the point and both numbers',
      () => defineActivation({ ...square, slope: { from: 'potential', at: (x) => x } }),
      /"square": slope\.at\(-20\) is -20, but value changes there by -40 per unit of potential\. .*surrogate: true/,
    ],
    [
      'a value that is not finite',
      () => defineActivation({ name: 'root', value: Math.sqrt, slope: { from: 'rate', at: (y) => 0.5 / y } }),
      /"root": value\(-20\) is NaN\. Return a finite number/,
    ],
    [
      'a slope that is not finite',
      () => defineActivation({ ...square, slope: { from: 'rate', at: () => Infinity } }),
      /slope\.at\(value\(-20\)\) is Infinity/,
    ],
    [
      'a rate outside of the bounds',
      () => defineActivation({ ...square, bounds: [0, 9], slope: { from: 'potential', at: (x) => 2 * x } }),
      /value\(-20\) is 400, outside of its bounds \[0, 9\]/,
    ],
    [
      'the name of a built-in one',
      () => defineActivation({ ...relu, value: swish.value, slope: swish.slope, bounds: swish.bounds }),
      /"relu": this is the name of a built-in one/,
    ],
    [
      'what is no activation function',
      () => defineActivation({ name: 'half', value: (x: number) => x / 2 } as never),
      /"half": it is not \{ name, value\(potential\), slope/,
    ],
  ])('%s', (_, define, message) => {
    expect(define).toThrow(message);
  });

  test('but takes a surrogate, and a slope from the rate', () => {
    expect(
      defineActivation({ ...square, surrogate: true, slope: { from: 'potential', at: () => 1 } }).slope.at(3),
    ).toBe(1);
    expect(copyOf(tanh, 'rate').slope.at(0.5)).toBe(0.75);
  });
});

test('a reference is a name or an object', () => {
  expect(activationOf('relu')).toBe(relu);
  expect(activationOf(swish)).toBe(swish);
  expect(() => activationOf('swish' as ActivationReference)).toThrow(
    /no activation function "swish"\. Use linear/,
  );
  expect(() => checkActivation({ ...softplus, name: 'mine' })).toThrow(
    /"mine": it has the kernel of softplus/,
  );
  expect(hasActivation({ activation: swish }, 'relu', 'linear')).toBe(false);
  expect(hasActivation({}, 'linear')).toBe(true);
});

describe.each(['reference', 'wasm'] as const)('operations without a fused kernel, on %s', (backend) => {
  const [rows, columns] = [3, 6];
  const float = (x: number) => (backend === 'wasm' ? Math.fround(x) : x);
  const draw = (seed: number, size = rows * columns) =>
    Array.from({ length: size }, (_, i) => float(Math.sin(seed + 2.7 * i) * 3));
  const own: readonly Activation[] = [swish, copyOf(tanh, 'rate'), threshold({ at: 0.2 })];
  const tensor = (values: readonly number[]) =>
    on(backend)
      .temporary([
        values.length === rows * columns ? rows : 1,
        values.length / (values.length === rows * columns ? rows : 1),
      ])
      .set(values);

  test.each(own)('activate, with a bias of units or of channels: $name', (activation) => {
    on(backend).scope(() => {
      for (const biases of [0, columns, 2]) {
        const [x, bias] = [draw(1), draw(2, Math.max(1, biases))];
        const out = tensor(x);
        on(backend).activate(out, out, biases ? tensor(bias).reshape([biases]) : undefined, activation);
        const offset = (i: number) =>
          biases ? (bias[Math.floor(((i % columns) * biases) / columns)] as number) : 0;
        expect(out.toArray()).toEqual(x.map((value, i) => float(activation.value(value + offset(i)))));
      }
      const wrong = tensor(draw(1));
      expect(() => on(backend).activate(wrong, wrong, on(backend).temporary([4]), activation)).toThrow(
        /activate/,
      );
    });
  });

  test.each(own)('multiplyBySlope, with and without a gain: $name', (activation) => {
    on(backend).scope(() => {
      const [a, from, gain] = [draw(3), draw(4), draw(5)];
      for (const by of [undefined, gain]) {
        const out = tensor(a);
        on(backend).multiplyBySlope(out, out, tensor(from), by && tensor(by), activation);
        expect(out.toArray()).toEqual(
          a.map((value, i) =>
            float(value * activation.slope.at(from[i] as number) * (by ? (by[i] as number) : 1)),
          ),
        );
      }
    });
  });

  test.each(own)('relax: $name', (activation) => {
    on(backend).scope(() => {
      const [s, received, drive] = [draw(6), draw(7), draw(8)];
      const [state, rate] = [tensor(s), tensor(s)];
      on(backend).relax(state, rate, tensor(received), tensor(drive), 0.3, activation);
      const { slope, value } = activation;
      const moved = s.map((x, i) => {
        const sloped = slope.at(slope.from === 'rate' ? value(x) : x);
        return float(x + 0.3 * (sloped * ((received[i] as number) + (drive[i] as number)) - x));
      });
      expect(state.toArray()).toEqual(moved);
      expect(rate.toArray()).toEqual(moved.map((x) => float(value(x))));
      expect(() => on(backend).relax(state, state, rate, rate, 0.3, activation)).toThrow(
        /units need a rate apart from their state/,
      );
    });
  });
});
