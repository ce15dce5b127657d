import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openAll } from '../backends/open-all.ts';
import { materialise } from '../../src/network/index.ts';
import type { OptimiserSpecification, Parameter, Term } from '../../src/network/index.ts';
import { Sequence, stream } from '../../src/random/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { at, gradientOf, PlainOptimiser } from './plain-optimiser.ts';
import type { Matrix } from './plain-optimiser.ts';
import { BACKENDS, distance, KINDS, plain, Synapses, termOf } from './synapses.ts';

const on = openAll(BACKENDS);

/** Kinds of terms on matrices; eligibility.test.ts has the others. */
type Kind = Exclude<Term['kind'], 'eligibility'>;

const termKinds = fc.array(fc.constantFrom<Kind[]>('outer', 'direction', 'weight-decay', 'mixing'), {
  minLength: 1,
  maxLength: 4,
});

interface Scenario {
  readonly kinds: readonly (readonly Kind[])[];
  readonly shape: readonly [number, number];
  readonly batch: number;
  readonly density: number;
  readonly decay: number;
  readonly maximumNorm: number;
  readonly seed: number;
}

/** Five updates with arbitrary terms on an arbitrary projection. */
const scenarios: fc.Arbitrary<Scenario> = fc.record({
  kinds: fc.array(termKinds, { minLength: 5, maxLength: 5 }),
  shape: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
  batch: fc.constantFrom(1, 2, 5),
  density: fc.constantFrom(1, 0.6),
  decay: fc.constantFrom(0, 0.3),
  maximumNorm: fc.constantFrom(0, 0.7),
  seed: fc.nat({ max: 10_000 }),
});

/** Returns the distance between the weights of the library and those of the plain formulas after all updates. */
function divergence(
  compute: Compute,
  kind: OptimiserSpecification['kind'],
  { kinds, shape, batch, density, decay, maximumNorm, seed }: Scenario,
): number {
  const specification = { ...plain, kind, decay, maximumNorm };
  const synapses = new Synapses(compute, specification, shape, density);
  const formula = new PlainOptimiser(specification, synapses.weights, synapses.mask);
  const draws = new Sequence(stream(seed, 'terms'));
  for (const kindsOfUpdate of kinds) {
    const terms = kindsOfUpdate.map((term) => termOf(term, draws, shape, batch));
    synapses.update(terms);
    formula.update(terms);
  }
  const worst = distance(synapses.weights, formula.weights);
  synapses.dispose();
  return worst;
}

describe('terms of every kind, alone and combined, follow the formulas', () => {
  test.each(KINDS)('%s, in f64', (kind) => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        expect(divergence(on('reference'), kind, scenario)).toBeLessThan(1e-11);
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  test.each(['wasm', 'blas'] as const)(
    '%s: ten updates of a sparse projection, every optimiser',
    (backend) => {
      for (const kind of KINDS) {
        for (const batch of [1, 6]) {
          for (const decay of [0, 0.2]) {
            const scenario: Scenario = {
              kinds: Array.from({ length: 10 }, (_, i): Kind[] =>
                i % 3 === 0
                  ? ['outer', 'mixing']
                  : i % 3 === 1
                    ? ['outer']
                    : ['weight-decay', 'outer', 'direction'],
              ),
              shape: [13, 9],
              batch,
              density: 0.7,
              decay,
              maximumNorm: 2,
              seed: 5,
            };
            expect(divergence(on(backend), kind, scenario), `${kind}, batch ${batch}`).toBeLessThan(1e-5);
          }
        }
      }
    },
  );

  test('materialise gives the gradient, and 0 without terms', () => {
    const compute = on('reference');
    const synapses = new Synapses(compute, plain, [5, 4], 0.5);
    const draws = new Sequence(stream(6, 'terms'));
    const allTerms = (['mixing', 'outer', 'weight-decay', 'direction', 'mixing'] as const).map((kind) =>
      termOf(kind, draws, [5, 4], 3),
    );
    for (const terms of [allTerms, allTerms.slice(0, 1), []]) {
      compute.scope(() => {
        // Old contents of the arena must not matter.
        compute.scope(() => compute.fill(compute.temporary([1000]), NaN));
        const gradient = compute.temporary([5, 4]);
        materialise(
          compute,
          synapses.parameter,
          gradient,
          terms.map((term) => synapses.term(term)),
        );
        const values = gradient.toArray();
        const expected = gradientOf(synapses.weights, terms, synapses.mask).flat();
        for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i] ?? NaN, 12);
      });
    }
    synapses.dispose();
  });

  test('a bias sums post over the batch, without decay or max-norm', () => {
    for (const kind of KINDS) {
      const compute = on('reference');
      const specification: OptimiserSpecification = { ...plain, kind, decay: 0.5, maximumNorm: 0.01 };
      const synapses = new Synapses(compute, specification, [2, 3]);
      const bias = synapses.network.area('b').bias as Parameter;
      const formula = new PlainOptimiser({ ...plain, kind }, [[0, 0, 0]], [[1, 1, 1]]);
      const post: Matrix = [
        [1, -2, 0.5],
        [3, 1, 0.25],
      ];
      for (let update = 1; update <= 3; update++) {
        compute.scope(() => {
          const tensor = compute.temporary([2, 3]).set(post.flat());
          synapses.optimiser.apply(bias, [{ kind: 'outer', post: tensor, factor: 2 }], update, 0);
        });
        formula.update([{ kind: 'outer', pre: [[1], [1]], post, factor: 2 }]);
      }
      for (const [j, value] of bias.values.toArray().entries()) {
        expect(value, kind).toBeCloseTo(at(formula.weights, 0, j), 12);
      }
      synapses.dispose();
    }
  });
});
