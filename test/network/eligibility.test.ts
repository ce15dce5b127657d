import { describe, expect, test } from 'vitest';
import { Network } from '../../src/network/network.ts';
import { Optimiser, plainDescent } from '../../src/network/optimiser.ts';
import type { Parameter } from '../../src/network/parameter.ts';
import { stack } from '../../src/network/specification.ts';
import { materialise } from '../../src/network/terms.ts';
import type { EligibilityTerm } from '../../src/network/terms.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import type { Compute, Tensor } from '../../src/tensor/index.ts';
import { openAll } from '../backends/open-all.ts';
import { BACKENDS } from './synapses.ts';

const on = openAll(BACKENDS);
const [ROWS, PRE, POST] = [3, 7, 5];

interface Subject {
  readonly compute: Compute;
  readonly network: Network;
  readonly parameter: Parameter;
  /** Shape of the trace of one row. */
  readonly shape: readonly number[];
  readonly draw: (shape: readonly number[]) => Tensor;
}

/** Calls `body` for dense, masked and sparse weights and a bias, on every backend. */
function everywhere(body: (subject: Subject) => void): void {
  for (const backend of BACKENDS) {
    const compute = on(backend);
    for (const [density, storage] of [
      [1, 'dense'],
      [0.6, 'dense'],
      [0.6, 'sparse'],
    ] as const) {
      const network = new Network(
        compute,
        stack({ layers: [PRE, POST], activation: 'linear', objective: 'squared-error', density, storage }),
        2,
      );
      for (const parameter of network.parameters) {
        const draws = new Sequence(stream(9, parameter.id));
        const draw = (shape: readonly number[]) => {
          const tensor = compute.temporary(shape);
          return tensor.set(Array.from({ length: tensor.size }, () => Math.fround(draws.normal())));
        };
        compute.scope(() => body({ compute, network, parameter, shape: parameter.values.shape, draw }));
      }
      network.dispose();
    }
  }
}

const gradientOf = ({ compute, parameter }: Subject, term: EligibilityTerm): number[] => {
  const gradient = compute.temporary(parameter.values.shape);
  materialise(compute, parameter, gradient, [term]);
  return gradient.toArray();
};

const expectNear = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual.length).toBe(expected.length);
  for (const [index, value] of actual.entries()) {
    expect(Math.abs(value - (expected[index] as number))).toBeLessThan(2e-5);
  }
};

/** Returns the presynaptic side of a parameter: none for a bias. */
const preOf = ({ parameter, draw }: Subject): { readonly pre?: Tensor } =>
  parameter.role === 'bias' ? {} : { pre: draw([ROWS, PRE]) };

describe('an eligibility term', () => {
  test('sums trace times signal over rows', () => {
    everywhere((subject) => {
      const { parameter, shape, draw } = subject;
      const [trace, signal] = [draw([ROWS, ...shape]), draw([ROWS, POST])];
      const units = postsynapticUnits(parameter);
      const exists = parameter.mask?.toArray();
      const expected = units.map((unit, index) => {
        let sum = 0;
        for (let row = 0; row < ROWS; row++) {
          sum +=
            (trace.data[row * units.length + index] as number) * (signal.data[row * POST + unit] as number);
        }
        return 0.5 * sum * (exists?.[index] ?? 1);
      });
      expectNear(gradientOf(subject, { kind: 'eligibility', trace, signal, factor: 0.5 }), expected);
    });
  });

  test('with activity, first decays and accumulates the trace, once', () => {
    everywhere((subject) => {
      const { compute, shape, draw } = subject;
      const sides = { ...preOf(subject), post: draw([ROWS, POST]) };
      const [trace, signal] = [draw([ROWS, ...shape]), draw([ROWS, POST])];
      const copy = compute.temporary(trace.shape);
      for (const decay of [0.8, draw([POST])]) {
        compute.copy(copy, trace);
        const fused: EligibilityTerm = { kind: 'eligibility', trace, signal, decay, ...sides };
        const first = gradientOf(subject, fused);
        expectNear(gradientOf(subject, fused), first);
        // The same in two passes.
        const synapses = 'synapses' in subject.parameter ? (subject.parameter.synapses as never) : undefined;
        compute.decayOuter(copy, sides.pre, sides.post, decay, synapses);
        expectNear(trace.toArray(), copy.toArray());
        expectNear(first, gradientOf(subject, { kind: 'eligibility', trace: copy, signal }));
      }
    });
  });

  test('without decay, is the outer term whose postsynaptic side is activity times signal', () => {
    everywhere((subject) => {
      const { compute, parameter, shape, draw } = subject;
      const sides = { ...preOf(subject), post: draw([ROWS, POST]) };
      const [trace, signal] = [draw([ROWS, ...shape]), draw([ROWS, POST])];
      const post = compute.temporary([ROWS, POST]);
      compute.multiply(post, sides.post, signal);
      const outer = compute.temporary(parameter.values.shape);
      materialise(compute, parameter, outer, [{ kind: 'outer', ...sides, post }]);
      expectNear(
        gradientOf(subject, { kind: 'eligibility', trace, signal, decay: 0, ...sides }),
        outer.toArray(),
      );
    });
  });

  test('is a term like others to an optimiser', () => {
    everywhere((subject) => {
      const { compute, network, parameter, shape, draw } = subject;
      const [trace, signal] = [draw([ROWS, ...shape]), draw([ROWS, POST])];
      for (const kind of ['sgd', 'momentum', 'nesterov'] as const) {
        const specification = { ...plainDescent(0.1), kind, momentum: 0.5 };
        const optimiser = new Optimiser(compute, network.parameters, () => specification, 1);
        const before = parameter.values.toArray();
        const gradient = gradientOf(subject, { kind: 'eligibility', trace, signal });
        optimiser.apply(parameter, [{ kind: 'eligibility', trace, signal }], 1, 0);
        const scale = kind === 'nesterov' ? 0.15 : 0.1;
        expectNear(
          parameter.values.toArray(),
          before.map((value, index) => value - scale * (gradient[index] as number)),
        );
        optimiser.dispose();
      }
    });
  });

  test('a trace of another shape is refused by its shapes', () => {
    everywhere((subject) => {
      const [trace, signal] = [subject.draw([ROWS, 2]), subject.draw([ROWS, POST])];
      expect(() => gradientOf(subject, { kind: 'eligibility', trace, signal })).toThrow(
        /contractTrace: the shapes .* do not match .*trace\(rows/,
      );
    });
  });
});

/** Returns the postsynaptic unit of each value. */
function postsynapticUnits(parameter: Parameter): number[] {
  if (!('synapses' in parameter)) return parameter.values.toArray().map((_, index) => index % POST);
  const { incoming } = parameter.synapses as { incoming: { starts: Tensor } };
  const starts = incoming.starts.toArray();
  return parameter.values.toArray().map((_, synapse) => starts.findIndex((start) => start > synapse) - 1);
}
