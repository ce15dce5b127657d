import { langevin } from '../../../dynamics/sampling/langevin.ts';
import { plainDescent } from '../../../network/optimiser.ts';
import type { NetworkSpecification } from '../../../network/specification.ts';
import { stream } from '../../../random/stream.ts';
import { equilibriumPropagation } from '../../../rules/equilibrium/equilibrium-propagation.ts';
import { Learner } from '../../../learning/learner.ts';
import { parseOptions } from '../../../learning/rule.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { seedsUpTo } from '../../fixtures/statistics.ts';

const CHAINS = 4000;
const STEP_SIZE = 0.02;
const BURN_IN = 1000;
const STEPS = 3000;
const EVERY = 20;
/** Points of the quadrature on each axis, from −BOUND to BOUND. */
const POINTS = 81;
const BOUND = 7;

interface Machine {
  readonly id: string;
  readonly units: number;
  readonly temperature: number;
  /** Symmetric weights (units, units), including the diagonal. */
  readonly weights: readonly number[];
  readonly biases: readonly number[];
}

const MACHINES: readonly Machine[] = [
  // Two tanh units that excite themselves: four wells; the two where the units agree are deeper.
  { id: 'double-well', units: 2, temperature: 0.5, weights: [2.2, 0.3, 0.3, 2.2], biases: [0.1, 0] },
  {
    id: 'hopfield',
    units: 3,
    temperature: 1,
    weights: [0, 0.9, -0.7, 0.9, 0, 0.5, -0.7, 0.5, 0],
    biases: [0.3, -0.2, 0.4],
  },
];

/** Computes ⟨s_i⟩ and ⟨s_i s_j⟩, i ≤ j, of the density ∝ exp(−E/T). */
function quadrature({ units, temperature, weights, biases }: Machine): number[] {
  const moments = new Array<number>(units + (units * (units + 1)) / 2).fill(0);
  let normaliser = 0;
  const state = new Array<number>(units).fill(0);
  for (let index = 0; index < POINTS ** units; index++) {
    for (let unit = 0; unit < units; unit++) {
      const place = Math.floor(index / POINTS ** unit) % POINTS;
      state[unit] = -BOUND + (2 * BOUND * place) / (POINTS - 1);
    }
    const rates = state.map(Math.tanh);
    let energy = 0;
    for (const [i, s] of state.entries()) {
      energy += 0.5 * s * s - (biases[i] as number) * (rates[i] as number);
      for (const [j, rate] of rates.entries()) {
        energy -= 0.5 * (weights[i * units + j] as number) * (rates[i] as number) * rate;
      }
    }
    const density = Math.exp(-energy / temperature);
    normaliser += density;
    for (const [at, value] of productsOf(state).entries()) {
      moments[at] = (moments[at] as number) + density * value;
    }
  }
  return moments.map((moment) => moment / normaliser);
}

const productsOf = (state: readonly number[]): number[] => [
  ...state,
  ...state.flatMap((s, i) => state.slice(i).map((other) => s * other)),
];

/** Estimates the same moments from samples drawn by Langevin dynamics. */
function sampled(compute: Compute, machine: Machine, seed: number): number[] {
  const { units, temperature, weights, biases } = machine;
  const specification: NetworkSpecification = {
    areas: [
      { id: 'input', shape: [1] },
      { id: 'units', shape: [units], activation: 'tanh', bias: true },
    ],
    projections: [{ from: 'units', to: 'units', kind: 'lateral', symmetric: true, selfConnections: true }],
    input: 'input',
    objectives: [],
  };
  const learner = new Learner(compute, {
    specification,
    rule: equilibriumPropagation,
    options: parseOptions(equilibriumPropagation, {}),
    optimiserOf: () => plainDescent(0),
    seed,
    epochs: 1,
  });
  const { network } = learner;
  network.projections[0]?.weights.set([...weights]);
  const area = network.area('units');
  area.bias?.values.set([...biases]);
  const sums = new Array<number>(units + (units * (units + 1)) / 2).fill(0);
  let count = 0;
  compute.scope(() => {
    const inputs = compute.temporary([CHAINS, 1]);
    compute.fill(inputs, 0);
    const start = compute.temporary([CHAINS, units]);
    compute.drawNormal(start, 0, 1, stream(seed, 'start'), 0);
    learner.observe({ inputs, targets: inputs }, 0, (step) => {
      step.run(langevin, 'chains', {
        start: () => start,
        ...{ steps: BURN_IN + STEPS, stepSize: STEP_SIZE, temperature },
        each(moment) {
          if (moment.step <= BURN_IN || moment.step % EVERY !== 0) return;
          const data = moment.state(area).data;
          for (let row = 0; row < CHAINS; row++) {
            const state = Array.from(data.subarray(row * units, (row + 1) * units));
            for (const [at, value] of productsOf(state).entries()) sums[at] = (sums[at] as number) + value;
          }
          count += CHAINS;
        },
      });
    });
  });
  learner.dispose();
  return sums.map((sum) => sum / count);
}

const moments: Claim = {
  id: 'neal2011-langevin',
  title: 'Langevin dynamics sample the Gibbs density of a Hopfield network',
  systems: ['S16'],
  checks: [],
  source: 'neal2011',
  provenance: 'derived',
  statement:
    'States that descend the energy with noise of variance 2εT have the density ∝ exp(−E/T): their moments are those found by quadrature.',
  tier: 'quick',
  backend: 'wasm',
  seeds: seedsUpTo(5),
  conditions: MACHINES.map(({ id, units }) => ({
    id,
    statement: `Largest deviation of a first or second moment of ${units} tanh units from quadrature, over the root mean square state, largest over the seeds`,
    unit: '%',
    expected: { maximum: 2, text: 'at most 2' },
  })) as unknown as Claim['conditions'],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    for (const [index, seed] of seeds.entries()) {
      const values: Record<string, number> = {};
      for (const [which, machine] of MACHINES.entries()) {
        const exact = quadrature(machine);
        const found = sampled(compute, machine, seed);
        const { units } = machine;
        const squares = diagonal(units).map((at) => exact[at] as number);
        const meanSquare = squares.reduce((sum, square) => sum + square, 0) / units;
        const scale = (at: number) => (at < units ? Math.sqrt(meanSquare) : meanSquare);
        values[machine.id] = Math.max(
          ...found.map((moment, at) => (100 * Math.abs(moment - (exact[at] as number))) / scale(at)),
        );
        await progress((index + (which + 1) / MACHINES.length) / seeds.length);
      }
      perSeed.push({ seed, values });
    }
    return {
      measured: Object.fromEntries(
        MACHINES.map(({ id }) => [id, Math.max(...perSeed.map(({ values }) => values[id] as number))]),
      ),
      perSeed,
      note: `${CHAINS} chains, ε ${STEP_SIZE}, ${STEPS} steps after ${BURN_IN}; the bias is of order ε.`,
    };
  },
};

/** Returns the indices of the squares ⟨s_i²⟩ among the moments. */
function diagonal(units: number): number[] {
  const places: number[] = [];
  let at = units;
  for (let unit = 0; unit < units; unit++) {
    places.push(at);
    at += units - unit;
  }
  return places;
}

export const neal2011Langevin: readonly Claim[] = [moments];
