// A ring whose activity gathers in one bump (Amari 1977): `npx jiti examples/open-core/bump.ts`, after `npm run build`.
import { Learner, openBackend, plainDescent } from 'apical/rules';
import { network, settle, UNITS } from './ring.ts';

const STEPS = 150;

const compute = await openBackend({ backend: 'wasm' });
const learner = new Learner(compute, {
  ...{ specification: network, rule: settle, options: {}, seed: 1, epochs: 1 },
  optimiserOf: () => plainDescent(0.1),
});

/** A strong and a weak input on top of noise; the strong one jumps to the other side of the ring half-way. */
const inputAt = (step: number, unit: number): number => {
  const near = (place: number) => {
    const distance = learner.network.input.sheet?.distance(unit, place) ?? 0;
    return Math.exp(-(distance ** 2) / (2 * 0.05 ** 2));
  };
  return near(step < STEPS / 2 ? 30 : 80) + 0.5 * near(55) + 0.1 * Math.sin(12.9898 * unit);
};
const inputs = compute.allocate([STEPS, UNITS]);
inputs.set(Array.from({ length: STEPS * UNITS }, (_, i) => inputAt(Math.floor(i / UNITS), i % UNITS)));
learner.respond(
  inputs,
  (phase) => {
    const activity = phase.activity(learner.network.area('cortex'));
    for (const step of [0, 5, 20, 74, 80, 100, 149]) {
      const bars = activity.rowRange(step, 1).toArray();
      const drawn = bars.map((rate) => ' .:-=+*#%@'.charAt(Math.round(9 * rate))).join('');
      process.stdout.write(`step ${String(step).padStart(3)} |${drawn}|\n`);
    }
  },
  { steps: STEPS, count: STEPS, continues: false, first: 0 },
);
