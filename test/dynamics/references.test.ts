import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { feedforward, generative, stochastic } from '../../src/dynamics/index.ts';
import { Network, stack } from '../../src/network/index.ts';
import type { NetworkSpecification } from '../../src/network/index.ts';
import { backpropagate } from '../../src/dynamics/feedforward/feedforward.ts';
import { ruleById } from '../../src/rules/index.ts';
import type { Learner, TaughtBatch } from '../../src/learning/index.ts';
import { hasActivation } from '../../src/tensor/index.ts';
import type { Compute } from '../../src/tensor/index.ts';
import { gradientsOf, learnerOf } from '../rules/fixtures.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
});
afterAll(() => compute.dispose());

const logistic = (layers: readonly number[], outputActivation: 'linear' | 'logistic' = 'linear') =>
  stack({ layers, activation: 'logistic', outputActivation, objective: 'squared-error' });

test('dynamics provide the exact gradient, and stochastic units have one if they can be enumerated', () => {
  const networkOf = (specification: NetworkSpecification) => new Network(compute, specification, 1);
  const small = networkOf(logistic([3, 4, 2]));
  const large = networkOf(logistic([3, 40, 2]));
  expect(feedforward.reference?.(large)).toBe(backpropagate);
  const wrongOrRight = networkOf({
    ...logistic([3, 4, 2]),
    objectives: [{ area: 'output', kind: 'zero-one' }],
  });
  expect(feedforward.reference?.(wrongOrRight)).toBeUndefined();
  expect(stochastic.reference?.(wrongOrRight)).toBeDefined();
  wrongOrRight.dispose();
  expect(generative.reference).toBeUndefined();
  expect(stochastic.reference?.(small)).toBeDefined();
  expect(stochastic.reference?.(large)).toBeUndefined();
  small.dispose();
  large.dispose();
});

const sigmoid = (potential: number) => 1 / (1 + Math.exp(-potential));
const binary = (length: number) =>
  Array.from({ length: 2 ** length }, (_, state) =>
    Array.from({ length }, (__, unit) => Math.floor(state / 2 ** unit) % 2),
  );
const oneHot = (length: number) =>
  Array.from({ length }, (_, chosen) => Array.from({ length }, (__, unit) => Number(unit === chosen)));

/** Computes E ½‖h − target‖² of one example from its definition, over all draws of the areas after the input. */
function expectedLoss(learner: Learner, input: readonly number[], target: readonly number[]): number {
  const { areas, network } = { areas: learner.network.areas, network: learner.network };
  const below = (index: number, sent: readonly number[], likelihood: number): number => {
    const area = areas[index];
    if (!area) {
      const squares = sent.reduce((sum, value, unit) => sum + (value - (target[unit] ?? NaN)) ** 2, 0);
      return (likelihood * squares) / 2;
    }
    const { weights } = network.projection(`${areas[index - 1]?.id ?? ''}→${area.id}`);
    const potentials = Array.from({ length: area.units }, (_, unit) =>
      sent.reduce(
        (sum, value, source) => sum + value * (weights.data[source * area.units + unit] as number),
        area.bias?.values.data[unit] as number,
      ),
    );
    const total = potentials.reduce((sum, potential) => sum + Math.exp(potential), 0);
    const draws = hasActivation(area, 'logistic') ? binary(area.units) : oneHot(area.units);
    return draws.reduce((sum, drawn) => {
      const probability = drawn.reduce((product, fires, unit) => {
        const potential = potentials[unit] as number;
        if (hasActivation(area, 'logistic')) return product * sigmoid(fires ? potential : -potential);
        return fires ? (product * Math.exp(potential)) / total : product;
      }, likelihood);
      return sum + below(index + 1, drawn, probability);
    }, 0);
  };
  return below(1, input, 1);
}

test.each<[string, NetworkSpecification]>([
  ['two layers and a choice', logistic([3, 3, 2, 3])],
  ['two layers of binary units', logistic([3, 2, 3], 'logistic')],
  ['no hidden area', logistic([3, 4])],
])(
  'the gradient by enumeration equals the central difference of the expected loss: %s',
  (_, specification) => {
    const learner = learnerOf(compute, ruleById('reinforce'), { specification });
    const outputs = learner.network.areas.at(-1)?.units ?? 0;
    const inputs = [
      [0.5, -1.2, 0.3],
      [-0.7, 0.4, 1.5],
    ];
    const targets = inputs.map((input) =>
      Array.from({ length: outputs }, (__, unit) => (input[unit % 3] ?? 0) ** 2),
    );
    const batch: TaughtBatch = {
      inputs: compute.allocate([2, 3]).set(inputs.flat()),
      targets: compute.allocate([2, outputs]).set(targets.flat()),
    };
    const loss = () =>
      inputs.reduce((sum, input, row) => sum + expectedLoss(learner, input, targets[row] ?? []), 0) / 2;
    const exact = gradientsOf(compute, learner, batch, stochastic.reference?.(learner.network));
    expect(exact.size).toBe(learner.network.parameters.length);
    for (const { id, values } of learner.network.parameters) {
      for (const [index, gradient] of (exact.get(id) ?? []).entries()) {
        const value = values.data[index] as number;
        const at = (moved: number) => {
          values.data[index] = moved;
          return loss();
        };
        const slope = (at(value + 1e-5) - at(value - 1e-5)) / 2e-5;
        values.data[index] = value;
        expect(gradient, `${id}[${index}]`).toBeCloseTo(slope, 8);
      }
    }
    learner.dispose();
    compute.free(batch.inputs);
    compute.free(batch.targets);
  },
);
