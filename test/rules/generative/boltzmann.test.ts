import { expect, test } from 'vitest';
import { openAll } from '../../backends/open-all.ts';
import type { LearningStep } from '../../../src/dynamics/index.ts';
import type { NetworkSpecification } from '../../../src/network/index.ts';
import { stream } from '../../../src/random/index.ts';
import { boltzmannReference, logLikelihoods } from '../../../src/references/boltzmann.ts';
import type { Modelled } from '../../../src/references/boltzmann.ts';
import { parseOptions } from '../../../src/learning/index.ts';
import { ruleById } from '../../../src/rules/index.ts';
import type { Batch, Learner } from '../../../src/learning/index.ts';
import type { Compute } from '../../../src/tensor/index.ts';
import { expectOwnGradient, gradientsOf, learnerOf, release } from '../fixtures.ts';

const on = openAll(['reference', 'wasm'] as const);
const boltzmann = ruleById('boltzmann');

/** Binary inputs, two connected hidden areas (the first with lateral weights), and a choice of three. */
const machine: NetworkSpecification = {
  areas: [
    { id: 'input', shape: [3], topDownBias: true },
    { id: 'hidden1', shape: [3], activation: 'logistic' },
    { id: 'hidden2', shape: [2], activation: 'logistic' },
    { id: 'output', shape: [3] },
  ],
  projections: [
    { from: 'input', to: 'hidden1' },
    { from: 'hidden1', to: 'hidden2' },
    { from: 'hidden2', to: 'output' },
    { from: 'input', to: 'output' },
    { from: 'hidden1', to: 'hidden1', kind: 'lateral', symmetric: true },
  ],
  input: 'input',
  objectives: [{ area: 'output', kind: 'cross-entropy' }],
};

/** The same machine with three output units that may be on together. */
const withoutChoice: NetworkSpecification = {
  ...machine,
  areas: machine.areas.map((area) => (area.id === 'output' ? { ...area, activation: 'logistic' } : area)),
  objectives: [{ area: 'output', kind: 'squared-error' }],
};

function binary(compute: Compute, size: number): Batch {
  const inputs = compute.allocate([size, 3]);
  compute.drawBernoulli(inputs, 0.5, 1, stream(3, 'examples'), 0);
  const targets = compute.allocate([size], 'i32');
  targets.set(Array.from({ length: size }, (_, example) => (example * 2) % 3));
  return { inputs, targets };
}

/** Draws weights and biases as large as those of a trained machine. */
function enliven(compute: Compute, learner: Learner): void {
  for (const { id, values, isSymmetric, mask } of learner.network.parameters) {
    compute.drawNormal(values, 0, 0.8, stream(5, id), 0);
    if (!isSymmetric) continue;
    const transposed = compute.allocate(values.shape);
    compute.transpose(transposed, values);
    compute.combine(values, values, transposed, 0.5, 0.5);
    if (mask) compute.multiply(values, values, mask);
    compute.free(transposed);
  }
}

const meanLogLikelihood = (learner: Learner, batch: Batch, modelled: Modelled): number => {
  let mean = NaN;
  learner.estimate(
    batch,
    0,
    () => undefined,
    (step) => {
      const all = logLikelihoods(step, modelled);
      mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    },
  );
  return mean;
};

test.each<Modelled>(['outputs', 'all'])(
  'enumeration gives the gradient of the likelihood of %s, compared with finite differences',
  (modelled) => {
    const compute = on('reference');
    const learner = learnerOf(compute, boltzmann, { specification: machine, options: { model: modelled } });
    enliven(compute, learner);
    const batch = binary(compute, 5);
    const exact = gradientsOf(compute, learner, batch, boltzmannReference(modelled));
    const size = 1e-5;
    for (const parameter of learner.network.parameters) {
      // The bias of the input does not learn while the input is clamped.
      if (modelled === 'outputs' && parameter.id === 'input.top-down.bias') continue;
      const { columns } = parameter.values;
      const data = parameter.values.data;
      const gradient = exact.get(parameter.id) ?? [];
      for (let index = 0; index < data.length; index++) {
        const partner = parameter.isSymmetric
          ? (index % columns) * columns + Math.floor(index / columns)
          : index;
        if (parameter.isSymmetric && partner === index) continue;
        const at = (change: number) => {
          const kept = [data[index] as number, data[partner] as number];
          data[index] = (kept[0] as number) + change;
          data[partner] = data[index] as number;
          const likelihood = meanLogLikelihood(learner, batch, modelled);
          [data[index], data[partner]] = kept as [number, number];
          return likelihood;
        };
        const slope = -(at(size) - at(-size)) / (2 * size);
        expect(Math.abs((gradient[index] ?? NaN) - slope), `${parameter.id}[${index}]`).toBeLessThan(1e-7);
      }
    }
    learner.dispose();
    release(compute, batch);
  },
);

test.each([
  { model: 'outputs', samples: 2000 },
  { model: 'all', samples: 2000 },
  { model: 'all', chains: 8000, settling: 30 },
])('sampled phases estimate that gradient: %o', (options) => {
  const compute = on('wasm');
  const learner = learnerOf(compute, boltzmann, {
    specification: machine,
    options: { settling: 20, average: 8, samples: 2000, ...options },
  });
  enliven(compute, learner);
  const batch = binary(compute, 4);
  expectOwnGradient(compute, learner, batch, 0.02);
  learner.dispose();
  release(compute, batch);
});

test('noisy clamping silences and fires clamped units with the given probabilities', () => {
  const compute = on('wasm');
  const batch = binary(compute, 4);
  const biases = [{ silenced: 0.15, fired: 0.05 }, {}].map((noise) => {
    const options = { model: 'all', samples: 4000, temperatures: [], settling: 2, average: 3, ...noise };
    const learner = learnerOf(compute, boltzmann, { specification: withoutChoice, options });
    enliven(compute, learner);
    const found = gradientsOf(compute, learner, batch).get('input.top-down.bias') as number[];
    learner.dispose();
    return found;
  });
  // Free phases use the same draws, so only the clamped phases differ: the terms descend −⟨s⟩⁺.
  const given = batch.inputs.toArray();
  for (let unit = 0; unit < 3; unit++) {
    const on = [0, 1, 2, 3].reduce((sum, example) => sum + (given[3 * example + unit] as number), 0) / 4;
    const noisy = 0.05 + (1 - 0.15 - 0.05) * on;
    expect((biases[0]?.[unit] as number) - (biases[1]?.[unit] as number)).toBeCloseTo(on - noisy, 2);
  }
  release(compute, batch);
  const noisy = parseOptions(boltzmann, { silenced: 0.1 });
  expect(boltzmann.network?.refuses?.(machine, noisy)).toMatch(/"output" makes a choice/);
  expect(boltzmann.network?.refuses?.(withoutChoice, noisy)).toBeUndefined();
});

test('chains persist from update to update and are part of a checkpoint', () => {
  const compute = on('wasm');
  const options = { model: 'all', chains: 7 };
  const learner = learnerOf(compute, boltzmann, { specification: machine, options });
  const batch = binary(compute, 4);
  const chains = () => learner.tensors().get('rule/chains of input')?.toArray();
  expect(chains()).toHaveLength(21);
  learner.learn(batch, 0, 0);
  const first = chains();
  learner.learn(batch, 1, 0);
  expect(chains()).not.toEqual(first);
  learner.dispose();
  release(compute, batch);
});

test('a machine with too many states is not enumerated', () => {
  const compute = on('wasm');
  const large = {
    ...machine,
    areas: machine.areas.map((area) => (area.id === 'hidden1' ? { ...area, shape: [12] } : area)),
  };
  const learner = learnerOf(compute, boltzmann, { specification: large });
  expect(learner.reference).toBeUndefined();
  const batch = binary(compute, 2);
  const count = (step: LearningStep) => void logLikelihoods(step, 'outputs');
  expect(() => learner.estimate(batch, 0, () => undefined, count)).toThrow(/12 of "hidden1".*at most 4096/s);
  learner.dispose();
  release(compute, batch);
});
