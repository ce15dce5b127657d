// A sparse random network of 4000 units: `npx jiti examples/open-core/sparse-random-network.ts`, after `npm run build`.
import { backpropagation, Learner, openBackend, parseOptions, plainDescent } from 'apical/rules';
import type { NetworkSpecification } from 'apical/rules';

const UNITS = 4000;

/** 16 inputs excite 4000 units, which reach 4000 more through one synapse in fifty; a readout sees all of them. */
const specification: NetworkSpecification = {
  areas: [
    { id: 'input', shape: [16] },
    { id: 'first', shape: [UNITS], activation: 'tanh' },
    { id: 'second', shape: [UNITS], activation: 'tanh' },
    { id: 'output', shape: [2] },
  ],
  projections: [
    { from: 'input', to: 'first' },
    { from: 'first', to: 'second', density: 0.02 },
    { from: 'second', to: 'output' },
  ],
  input: 'input',
  objectives: [{ area: 'output', kind: 'cross-entropy' }],
};

const compute = await openBackend({ backend: 'wasm', threads: 1 });
const learner = new Learner(compute, {
  specification,
  rule: backpropagation,
  options: parseOptions(backpropagation, {}),
  optimiserOf: () => plainDescent(0.01),
  seed: 1,
  epochs: 1,
});
const { storage, weights } = learner.network.projection('first→second');
process.stdout.write(`${weights.size} of ${UNITS ** 2} possible synapses, stored as ${storage} weights\n`);

const inputs = compute.allocate([8, 16]).set(Array.from({ length: 128 }, (_, i) => Math.sin(i)));
const targets = compute.allocate([8], 'i32').set([0, 1, 0, 1, 0, 1, 0, 1]);
for (let step = 0; step < 20; step++) {
  learner.resetTally();
  learner.learn({ inputs, targets }, step, 0);
  if (step % 5 === 4)
    process.stdout.write(`step ${step + 1}: loss ${(learner.tally().loss / 8).toFixed(3)}\n`);
}
