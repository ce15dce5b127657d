import { gibbs } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import { connectionOf } from '../../network/projections/connection.ts';
import type { Network } from '../../network/network.ts';
import { projectionId } from '../../network/specification.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { untaughtAreas } from './readout.ts';
import type { Fantasies, StateDeclaration } from '../../learning/rule.ts';

/** A restricted Boltzmann machine in a stack: an area, and those below that it is joined with. */
export interface Machine {
  readonly upper: Area;
  readonly lowers: readonly Area[];
  readonly projections: readonly Projection[];
}

/** The machines of a network, from the lowest up. */
export const machinesOf = (network: Network): readonly Machine[] =>
  untaughtAreas(network).map((upper) => {
    const projections = upper.incoming.filter(({ kind, hasWeights }) => kind === 'forward' && hasWeights);
    return { upper, lowers: [...new Set(projections.map(({ from }) => from))], projections };
  });

/** Why a network is no stack of machines, as the end of a sentence. */
export function refuseMachines(specification: NetworkSpecification): string | undefined {
  for (const projection of specification.projections) {
    const id = projectionId(projection);
    if (projection.kind === 'lateral') {
      return `"${id}" joins units side by side, and in a restricted machine those of one area are independent. boltzmann can do with it`;
    }
  }
  return undefined;
}

export interface ContrastiveDivergence {
  /** k: Gibbs steps from the data, or of the chains. */
  readonly steps: number;
  /** Chains that go on from update to update; 0: they begin at the data. */
  readonly chains: number;
}

export const chainsOf = (network: Network, { chains }: ContrastiveDivergence): readonly StateDeclaration[] =>
  machinesOf(network).flatMap(({ upper }) =>
    chains > 0 ? [{ name: chainOf(upper), shape: [chains, upper.units], scope: 'chain' as const }] : [],
  );

const chainOf = (area: Area) => `chains of ${area.id}`;
/** What the machine's rule measures of it. */
export const reconstructionOf = (area: Area) => `reconstruction of ${area.id}`;

/**
 * Contrastive divergence for one machine, v its lower areas and h the upper one:
 *
 *   ΔW = η ( ⟨v h⟩⁰ − ⟨v h⟩ᵏ ),     Δa = η ( ⟨v⟩⁰ − ⟨v⟩ᵏ ),     Δb = η ( ⟨h⟩⁰ − ⟨h⟩ᵏ )
 *
 * ⁰ at the data, with h the probabilities; ᵏ after k Gibbs steps from what h draws there. `data` is a phase that went up.
 * The last h are probabilities, and so is v where k = 1 (Hinton 2010); else all are drawn.
 * Returns the phase after the k steps.
 */
export function emitContrastiveDivergence(
  step: LearningStep,
  data: Phase,
  machine: Machine,
  { steps, chains }: ContrastiveDivergence,
): Phase {
  const { compute, inputs } = step;
  const { upper, lowers } = machine;
  const within = [...lowers, upper];
  emitMachine(step, data, machine, -1 / inputs.rows);
  const name = `reconstruction by ${upper.id}`;
  if (chains > 0) {
    const chain = step.state(chainOf(upper));
    const phase = step.run(gibbs, name, {
      ...{ within, freeInput: true, steps },
      sample: true,
      start: (area) => (area === upper ? chain : undefined),
    });
    emitMachine(step, phase, machine, 1 / chains);
    compute.copy(chain, phase.state(upper));
    return phase;
  }
  const drawn = drawUnits(step, `${name}, start`, data.rate(upper));
  const phase = step.run(gibbs, name, {
    ...{ within, freeInput: true, steps },
    sample: steps > 1,
    start: (area) => (area === upper ? drawn : undefined),
  });
  emitMachine(step, phase, machine, 1 / inputs.rows);
  measureReconstruction(step, machine, data, phase);
  return phase;
}

/** ‖v⁰ − v‖² of every example, over the lower areas. */
function measureReconstruction(
  step: LearningStep,
  { upper, lowers }: Pick<Machine, 'upper' | 'lowers'>,
  data: Phase,
  reconstructed: Pick<Phase, 'rate'>,
): void {
  const { compute, inputs } = step;
  compute.scope(() => {
    const total = compute.temporary([inputs.rows]);
    compute.fill(total, 0);
    for (const lower of lowers) {
      const difference = compute.temporary(data.rate(lower).shape);
      compute.subtract(difference, data.rate(lower), reconstructed.rate(lower));
      const squares = compute.temporary([inputs.rows]);
      compute.dotRows(squares, difference, difference);
      compute.add(total, total, squares);
    }
    step.measure(reconstructionOf(upper), total);
  });
}

/** Of every machine ‖v − reconstruction‖², by one step of probabilities from a phase that went up. */
export function measureMachines(step: LearningStep, phase: Phase): void {
  for (const machine of machinesOf(step.network)) {
    const { upper, lowers } = machine;
    const reconstructed = step.run(gibbs, 'reconstruction', {
      ...{ within: [...lowers, upper], freeInput: true, steps: 1 },
      start: (area) => (area === upper ? phase.rate(upper) : undefined),
    });
    measureReconstruction(step, machine, phase, reconstructed);
  }
}

/** Steps of Gibbs sampling before a fantasy is looked at. */
const FANTASY_STEPS = 500;

/**
 * What a stack makes: its topmost machine draws for a long time, from what held-out examples bring about there, and what
 * it comes to goes down by probabilities.
 */
export function fantasiesOf(step: LearningStep): Fantasies | undefined {
  const machines = machinesOf(step.network);
  const top = machines.at(-1);
  if (!top) return undefined;
  const data = step.run('evaluation');
  const start = drawUnits(step, 'fantasies, start', data.rate(top.upper));
  const drawn = step.run(gibbs, 'fantasies', {
    ...{ within: [...top.lowers, top.upper], freeInput: true, steps: FANTASY_STEPS },
    sample: true,
    start: (area) => (area === top.upper ? start : undefined),
  });
  const made = new Map(top.lowers.map((area) => [area, drawn.rate(area)]));
  for (const { upper, lowers } of machines.slice(0, -1).toReversed()) {
    const above = made.get(upper);
    if (!above) continue;
    const down = step.run(gibbs, 'fantasies, down', {
      ...{ within: [...lowers, upper], freeInput: true, steps: 1 },
      clamp: (area) => (area === upper ? above : undefined),
    });
    for (const lower of lowers) made.set(lower, down.rate(lower));
  }
  const inputs = made.get(step.network.input);
  return (
    inputs && {
      inputs,
      caption: `Probabilities of the input after ${FANTASY_STEPS} steps of Gibbs sampling in the topmost machine, begun at test examples.`,
    }
  );
}

/** 1 with the given probability, else 0. */
export function drawUnits(
  { compute, stream, step }: LearningStep,
  name: string,
  probability: Tensor,
): Tensor {
  const drawn = compute.temporary(probability.shape);
  compute.drawUniform(drawn, 0, 1, stream(name), step);
  compute.below(drawn, drawn, probability);
  return drawn;
}

/** factor · v h for the synapses of a machine and factor · v, factor · h for its thresholds, h the probabilities. */
function emitMachine(step: LearningStep, phase: Phase, machine: Machine, factor: number): void {
  const { upper, lowers, projections } = machine;
  const sent = (area: Area) => sentOf(step, phase, area);
  const post = sent(upper);
  for (const projection of projections) {
    const pre = phase.activity(projection.from);
    if (projection.plastic) step.emit(projection, { kind: 'outer', pre, post, factor });
    // What makes the lower area again keeps the weights that it answers.
    const { feedback } = projection;
    if (feedback?.plastic) step.emit(feedback, { kind: 'outer', pre: post, post: pre, factor });
  }
  if (upper.bias) step.emit(upper.bias, { kind: 'outer', post, factor });
  for (const lower of lowers) {
    const bias = lower.topDownBias;
    if (bias) step.emit(bias, { kind: 'outer', post: phase.activity(lower), factor });
  }
}

/** What the probabilities of an area would send: less noisy than what it drew. */
function sentOf({ compute }: LearningStep, phase: Phase, area: Area): Tensor {
  const gain = phase.gain(area);
  if (!gain) return phase.rate(area);
  const sent = compute.temporary(gain.shape);
  compute.multiply(sent, phase.rate(area), gain);
  return sent;
}

/** Why what pools cannot be made from above, as the end of a sentence. */
export function refusePooling(specification: NetworkSpecification): string | undefined {
  const pooling = specification.projections.find(
    (projection) => connectionOf(specification, projection).kind === 'pooling',
  );
  return (
    pooling &&
    `"${projectionId(pooling)}" pools, and what was pooled cannot be made from above. Rules that learn through pooling: backprop, contrastive-divergence, autoencoder`
  );
}
