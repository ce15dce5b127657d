import type { Network } from '../../../network/network.ts';
import { recurrentBackpropagateBy } from '../../../dynamics/settling/recurrent-backpropagation.ts';
import { vectorField } from '../../../dynamics/settling/vector-field.ts';
import { vectorFieldEquilibriumPropagation } from '../../../rules/equilibrium/vector-field-ep.ts';
import type { Compute } from '../../../tensor/compute.ts';
import type { Claim, SeedValues } from '../../claim.ts';
import { mean, seedsUpTo } from '../../fixtures/statistics.ts';
import { compareGradients, LONG, SettledNetwork, twelveUnits } from '../../fixtures/settled-network.ts';

/** Solves A x = b by Gaussian elimination with partial pivoting. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, index) => [...row, right[index] as number]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    const from = rows.slice(column);
    const pivot =
      column +
      from.reduce(
        (best, row, i) =>
          Math.abs(row[column] as number) > Math.abs(from[best]?.[column] as number) ? i : best,
        0,
      );
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    const pivotRow = rows[column] as number[];
    for (const row of rows.slice(column + 1)) {
      const factor = (row[column] as number) / (pivotRow[column] as number);
      for (let i = column; i <= size; i++) row[i] = (row[i] as number) - factor * (pivotRow[i] as number);
    }
  }
  const x = new Array<number>(size).fill(0);
  for (let unknown = size - 1; unknown >= 0; unknown--) {
    const row = rows[unknown] as number[];
    const known = x.reduce((sum, value, i) => sum + value * (row[i] as number), 0);
    x[unknown] = ((row[size] as number) - known) / (row[unknown] as number);
  }
  return x;
}

/**
 * Computes −ν = −C_s (μ_sᵀ)⁻¹ μ_W for every parameter from its definition: with x = μ_s⁻¹ C_sᵀ, an entry of ν is
 * ρ_i ρ′_j x_j, averaged over the examples. For logistic units; μ_s is written out from the weights.
 */
function formula({ learner, batch }: SettledNetwork): ReadonlyMap<string, readonly number[]> {
  const { network } = learner;
  const areas = network.areas.filter((area) => !area.isInput);
  const offsets = new Map<string, number>();
  let size = 0;
  for (const area of areas) {
    offsets.set(area.id, size);
    size += area.units;
  }
  const gradients = new Map(
    network.parameters.map(({ id, values }) => [id, new Array<number>(values.size).fill(0)]),
  );
  const rows = batch.inputs.rows;
  learner.respond(batch.inputs, (phase) => {
    const rates = new Map(network.areas.map((area) => [area.id, phase.rate(area).toArray()]));
    const states = new Map(network.areas.map((area) => [area.id, phase.state(area).toArray()]));
    const targets = batch.targets.toArray();
    for (let row = 0; row < rows; row++) {
      const rate = (id: string, unit: number, units: number) => rates.get(id)?.[row * units + unit] as number;
      const slopes = areas.flatMap(({ id, units }) =>
        Array.from({ length: units }, (_, unit) => rate(id, unit, units) * (1 - rate(id, unit, units))),
      );
      const jacobian = Array.from({ length: size }, () => new Array<number>(size).fill(0));
      const add = (i: number, j: number, value: number) => {
        const row = jacobian[i] as number[];
        row[j] = (row[j] as number) + value;
      };
      for (const { id, units } of areas) {
        for (let unit = 0; unit < units; unit++) {
          const at = (offsets.get(id) as number) + unit;
          const state = states.get(id)?.[row * units + unit] as number;
          // ρ″ a = (1 − 2ρ) ρ′ a, and ρ′ a = s at the fixed point.
          add(at, at, (1 - 2 * rate(id, unit, units)) * state - 1);
        }
      }
      for (const { from, to, weights } of network.projections) {
        const [source, target] = [offsets.get(from.id), offsets.get(to.id)];
        if (source === undefined || target === undefined) continue;
        for (let i = 0; i < from.units; i++) {
          for (let j = 0; j < to.units; j++) {
            const [sender, receiver] = [source + i, target + j];
            add(
              receiver,
              sender,
              (slopes[receiver] as number) *
                (weights.data[i * to.units + j] as number) *
                (slopes[sender] as number),
            );
          }
        }
      }
      const cost = new Array<number>(size).fill(0);
      const output = areas.at(-1) as (typeof areas)[number];
      for (let unit = 0; unit < output.units; unit++) {
        const at = (offsets.get(output.id) as number) + unit;
        const error = rate(output.id, unit, output.units) - (targets[row * output.units + unit] as number);
        cost[at] = error * (slopes[at] as number);
      }
      const x = solve(jacobian, cost);
      const post = (id: string, unit: number) => {
        const at = (offsets.get(id) as number) + unit;
        return (slopes[at] as number) * (x[at] as number);
      };
      addTo(gradients, network, (id, unit, units) => rate(id, unit, units), post, -1 / rows);
    }
  });
  return gradients;
}

function addTo(
  gradients: ReadonlyMap<string, number[]>,
  network: Network,
  pre: (id: string, unit: number, units: number) => number,
  post: (id: string, unit: number) => number,
  factor: number,
): void {
  for (const { id, from, to } of network.projections) {
    const gradient = gradients.get(id) ?? [];
    for (let i = 0; i < from.units; i++) {
      for (let j = 0; j < to.units; j++) {
        const at = i * to.units + j;
        gradient[at] = (gradient[at] as number) + factor * pre(from.id, i, from.units) * post(to.id, j);
      }
    }
  }
  for (const { id, bias } of network.areas) {
    const gradient = (bias && gradients.get(bias.id)) ?? [];
    for (let unit = 0; unit < gradient.length; unit++) {
      gradient[unit] = (gradient[unit] as number) + factor * post(id, unit);
    }
  }
}

function measure(compute: Compute, seed: number, nudge: number) {
  const options = { ...LONG, nudgedSteps: 4000, nudge, sides: 'symmetric' };
  const network = new SettledNetwork(
    compute,
    vectorFieldEquilibriumPropagation,
    twelveUnits(),
    options,
    seed,
  );
  const update = network.gradients();
  const { error } = compareGradients(update, formula(network));
  const { cosine } = compareGradients(update, network.gradients(recurrentBackpropagateBy(vectorField)));
  network.dispose();
  return { error, angle: (Math.acos(Math.min(1, cosine)) * 180) / Math.PI };
}

const theorem: Claim = {
  id: 'scellier2018-vector-field',
  title: 'The update of equilibrium propagation in a vector field',
  systems: ['S20'],
  checks: [16],
  source: 'scellier2018',
  provenance: 'derived',
  statement:
    'Where forward and feedback weights differ, the update is C_s (μ_sᵀ)⁻¹ μ_W, which differs from the gradient only by the transposition.',
  tier: 'exact',
  backend: 'reference',
  seeds: seedsUpTo(10),
  conditions: [
    {
      id: 'error',
      statement:
        'Relative error of the update at β = ±0.0001 with respect to the formula, solved by elimination: 4-5-3 logistic units with independent feedback weights, largest over the seeds',
      unit: '',
      expected: { maximum: 1e-6, text: 'below 1e-6' },
    },
  ],
  async run({ compute, seeds, progress }) {
    const perSeed: SeedValues[] = [];
    const angles: number[] = [];
    for (const seed of seeds) {
      const { error, angle } = measure(compute, seed, 1e-4);
      perSeed.push({ seed, values: { error } });
      angles.push(angle);
      await progress(perSeed.length / seeds.length);
    }
    return {
      measured: { error: Math.max(...perSeed.map(({ values }) => values['error'] as number)) },
      perSeed,
      details: {
        'angle of the update to the gradient, mean': mean(angles),
        'angle of the update to the gradient, largest': Math.max(...angles),
      },
      note: 'Angles in degrees. Forward and feedback weights are drawn independently; the update is a gradient only if feedback is close to the transposed forward weights.',
    };
  },
};

export const scellier2018VectorField: readonly Claim[] = [theorem];
