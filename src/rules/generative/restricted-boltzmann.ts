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

/** A restricted Boltzmann machine in a stack: an area and the areas below it that it is joined with. */
export interface Machine {
  readonly upper: Area;
  readonly lowers: readonly Area[];
  readonly projections: readonly Projection[];
}

/** Returns the machines of a network, from the lowest up. */
export const machinesOf = (network: Network): readonly Machine[] =>
  untaughtAreas(network).map((upper) => {
    const projections = upper.incoming.filter(({ kind, hasWeights }) => kind === 'forward' && hasWeights);
    return { upper, lowers: [...new Set(projections.map(({ from }) => from))], projections };
  });

/** Returns why a network is not a stack of machines, worded to end a sentence; undefined if it is. */
export function refuseMachines(specification: NetworkSpecification): string | undefined {
  for (const projection of specification.projections) {
    const id = projectionId(projection);
    if (projection.kind === 'lateral') {
      return `"${id}" is lateral, and the units within an area of a restricted machine are independent. Rules that do: boltzmann`;
    }
  }
  return undefined;
}

/** Length and start of the sampling in contrastive divergence. */
export interface ContrastiveDivergence {
  /** k: Gibbs steps per update. */
  readonly steps: number;
  /** Number of persistent chains; 0: sampling starts at the data. */
  readonly chains: number;
}

/** Declares the state of the persistent chains, for `Rule.learning.state`. */
export const chainsOf = (network: Network, { chains }: ContrastiveDivergence): readonly StateDeclaration[] =>
  machinesOf(network).flatMap(({ upper }) =>
    chains > 0 ? [{ name: chainOf(upper), shape: [chains, upper.units], scope: 'chain' as const }] : [],
  );

const chainOf = (area: Area) => `chains of ${area.id}`;

/** Returns the name of the metric of an area's reconstruction error. */
export const reconstructionOf = (area: Area) => `reconstruction of ${area.id}`;

/**
 * Emits the terms of contrastive divergence for one machine, with v its lower areas and h its upper area:
 *
 *   ΔW = η ( ⟨v h⟩⁰ − ⟨v h⟩ᵏ ),     Δa = η ( ⟨v⟩⁰ − ⟨v⟩ᵏ ),     Δb = η ( ⟨h⟩⁰ − ⟨h⟩ᵏ )
 *
 * ⟨v h⟩⁰ is taken at the data, with h the probabilities, and ⟨v h⟩ᵏ after k Gibbs steps from a draw of h there. `data` is
 * a phase of the upward pass. The last h are probabilities, and so is v if k = 1 (Hinton 2010); all others are drawn.
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

/** Measures ‖v⁰ − v‖² of each example, summed over the lower areas. */
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

/** Measures ‖v − reconstruction‖² of every machine, for one step with probabilities from a phase of the upward pass. */
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

/** Steps of Gibbs sampling before a fantasy is shown. */
const FANTASY_STEPS = 500;

/**
 * Returns fantasies of a stack: the topmost machine samples for many steps, starting at held-out examples, and the
 * result is propagated down with probabilities. Returns undefined if the stack is empty or does not reach the input.
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
  const generated = new Map(top.lowers.map((area) => [area, drawn.rate(area)]));
  for (const { upper, lowers } of machines.slice(0, -1).toReversed()) {
    const above = generated.get(upper);
    if (!above) continue;
    const down = step.run(gibbs, 'fantasies, down', {
      ...{ within: [...lowers, upper], freeInput: true, steps: 1 },
      clamp: (area) => (area === upper ? above : undefined),
    });
    for (const lower of lowers) generated.set(lower, down.rate(lower));
  }
  const inputs = generated.get(step.network.input);
  return (
    inputs && {
      inputs,
      caption: `Probabilities of the input after ${FANTASY_STEPS} steps of Gibbs sampling in the topmost machine, starting at test examples.`,
    }
  );
}

/** Draws units, (batch, units): 1 with the given probability, otherwise 0. `name` is that of the random stream. */
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

/** Emits factor · v h for the synapses of a machine, and factor · v and factor · h for its biases, with h probabilities. */
function emitMachine(step: LearningStep, phase: Phase, machine: Machine, factor: number): void {
  const { upper, lowers, projections } = machine;
  const post = expectedActivity(step, phase, upper);
  for (const projection of projections) {
    const pre = phase.activity(projection.from);
    if (projection.plastic) step.emit(projection, { kind: 'outer', pre, post, factor });
    // Feedback that reconstructs the lower area stays the transpose of the projection it answers.
    const { feedback } = projection;
    if (feedback?.plastic) step.emit(feedback, { kind: 'outer', pre: post, post: pre, factor });
  }
  if (upper.bias) step.emit(upper.bias, { kind: 'outer', post, factor });
  for (const lower of lowers) {
    const bias = lower.topDownBias;
    if (bias) step.emit(bias, { kind: 'outer', post: phase.activity(lower), factor });
  }
}

/** Returns probability ⊙ gain, (batch, units): less noisy than the draws that an area sends. */
function expectedActivity({ compute }: LearningStep, phase: Phase, area: Area): Tensor {
  const gain = phase.gain(area);
  if (!gain) return phase.rate(area);
  const activity = compute.temporary(gain.shape);
  compute.multiply(activity, phase.rate(area), gain);
  return activity;
}

/** Returns why a network with pooling cannot be generated top-down, worded to end a sentence; undefined without pooling. */
export function refusePooling(specification: NetworkSpecification): string | undefined {
  const pooling = specification.projections.find(
    (projection) => connectionOf(specification, projection).kind === 'pooling',
  );
  return (
    pooling &&
    `"${projectionId(pooling)}" pools, and pooling cannot be inverted to generate the area below. Rules that do: backprop, contrastive-divergence, autoencoder`
  );
}
