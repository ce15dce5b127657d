import { z } from 'zod';
import { emitReadouts, feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { refuseDisjointWiring } from '../shared/feedback.ts';
import { learningNow, withTopDownBias } from './readout.ts';
import { machinesOf, reconstructionOf, refuseMachines } from './restricted-boltzmann.ts';
import type { Machine } from './restricted-boltzmann.ts';
import { defineRule } from '../../learning/rule.ts';
import type { Fantasies } from '../../learning/rule.ts';
import { withGeneratingFeedback } from './top-down.ts';

/**
 * A stack of denoising autoencoders: each area learns to code the area below so that it can be reconstructed, even from
 * a corrupted copy.
 *
 *   h = f( x̃ W + b ),   r = g( h B + c ),   δ = ( (r − x) Bᵀ ) ⊙ f′
 *   ΔB = −η h ⊗ ( r − x ),   ΔW = −η x̃ ⊗ δ,   Δc = −η ( r − x ),   Δb = −η δ
 *
 * x̃ is x with a share of its units silenced, or with normal noise. The update is the gradient of the loss that matches
 * g: ½‖r − x‖² for linear units, cross-entropy for logistic ones. The error crosses only one projection. Tied weights,
 * B = Wᵀ, are one matrix, which receives both changes. Untied, with weight decay, W converges towards Bᵀ.
 *
 * With `epochsPerArea`, areas learn one after the other, from the lowest up; otherwise all at once. Areas with an
 * objective read out the area below by the delta rule. Metric: ‖x − r‖² of every autoencoder, on uncorrupted examples.
 *
 * Source: Vincent, Larochelle, Lajoie, Bengio & Manzagol (2010), JMLR 11.
 */
export const autoencoder = defineRule({
  id: 'autoencoder',
  family: 'Energy and equilibrium',
  title: 'Stacked autoencoders',
  summary:
    'Each area learns to reconstruct the area below from a corrupted copy; no error crosses more than one projection.',
  equation: String.raw`\Delta B = -\eta\,(r - x)\,h^\top, \qquad \Delta W = -\eta\,\left( \left(B^\top (r - x)\right) \odot f' \right) \tilde x^\top, \qquad r = g(B h + c)`,
  cites: ['vincent2010'],
  options: z.strictObject({
    tied: z.boolean().default(false).describe('whether the decoder is the transpose of the encoder'),
    noise: z
      .enum(['none', 'silence', 'normal'])
      .default('silence')
      .describe('corruption of examples: none, silenced units, or normal noise'),
    strength: z
      .number()
      .min(0)
      .max(1e3)
      .default(0.2)
      .describe('share of silenced units (below 1), or standard deviation of the noise'),
    decoder: z
      .enum(['linear', 'logistic', 'relu'])
      .default('linear')
      .describe(
        'activation of reconstructing units: linear (squared error), logistic (cross-entropy) or relu',
      ),
    epochsPerArea: z
      .number()
      .min(0)
      .max(1e6)
      .default(0)
      .describe('number of epochs each area learns, from the lowest up; 0: all areas learn at once'),
  }),
  dynamics: feedforward,
  network: {
    refuses: (specification, { noise, strength }) =>
      noise === 'silence' && strength >= 1
        ? `ruleOptions.strength is ${strength}, which silences every unit: choose a share below 1`
        : (refuseMachines(specification) ?? refuseDisjointWiring(specification)),
    wire: (specification, { tied }) => {
      const reconstructing = withTopDownBias(specification);
      return tied ? reconstructing : withGeneratingFeedback(reconstructing);
    },
  },
  learning: {
    reference: () => undefined,
  },
  report: {
    measures: (network) => machinesOf(network).map(({ upper }) => reconstructionOf(upper)),
    fantasies(step): Fantasies | undefined {
      const phase = step.run('evaluation');
      const { input } = step.network;
      const machine = machinesOf(step.network).find(({ lowers }) => lowers.includes(input));
      return (
        machine && {
          inputs: decoded(step, machine, input, phase.rate(machine.upper)),
          caption: 'Test examples as the lowest autoencoder reconstructs them.',
        }
      );
    },
    evaluate(step, phase) {
      for (const { upper, lowers, projections } of machinesOf(step.network)) {
        const { compute, inputs } = step;
        const total = compute.temporary([inputs.rows]);
        compute.fill(total, 0);
        for (const lower of lowers) {
          const error = decoded(step, { upper, lowers, projections }, lower, phase.rate(upper));
          compute.subtract(error, error, phase.rate(lower));
          addSquares(step, total, error);
        }
        step.measure(reconstructionOf(upper), total);
      }
    },
  },

  learn(step) {
    const { network, options } = step;
    const phase = step.run('forward');
    for (const machine of learningNow(step, machinesOf(network), options.epochsPerArea)) {
      learnReconstruction(step, phase, machine);
    }
    emitReadouts(step, phase);
  },
});

type Options = z.output<typeof autoencoder.options>;

/** Emits the terms of one autoencoder. */
function learnReconstruction(step: LearningStep<Options>, phase: Phase, machine: Machine): void {
  const { compute, options, inputs } = step;
  const { upper, lowers, projections } = machine;
  const factor = 1 / inputs.rows;
  const corrupted = new Map(lowers.map((lower) => [lower, corrupt(step, lower, phase.activity(lower))]));
  const rate = step.like(upper);
  compute.fill(rate, 0);
  for (const projection of upper.incoming) {
    if (projection.kind !== 'forward') continue;
    projection.send(compute, rate, corrupted.get(projection.from) ?? phase.activity(projection.from), 1);
  }
  const { activation, bias } = upper;
  // What f′ is a function of.
  let from = rate;
  if (activation.slope.from === 'potential') {
    from = compute.temporary(rate.shape);
    compute.activate(from, rate, bias?.values, 'linear');
    compute.activate(rate, from, undefined, activation);
  } else compute.activate(rate, rate, bias?.values, activation);

  const delta = compute.temporary(rate.shape);
  compute.fill(delta, 0);
  const total = compute.temporary([inputs.rows]);
  compute.fill(total, 0);
  for (const lower of lowers) {
    const encoders = projections.filter(({ from }) => from === lower);
    const error = decoded(step, machine, lower, rate);
    compute.subtract(error, error, phase.output(lower));
    addSquares(step, total, error);
    if (options.decoder === 'relu')
      compute.multiplyBySlope(error, error, decoded(step, machine, lower, rate), undefined, 'relu');
    for (const projection of encoders) {
      const { feedback } = projection;
      if (!options.tied && feedback) {
        feedback.sendBack(compute, delta, error, 1);
        if (feedback.plastic) step.emit(feedback, { kind: 'outer', pre: rate, post: error, factor });
      } else {
        projection.send(compute, delta, error, 1);
        if (projection.plastic) step.emit(projection, { kind: 'outer', pre: error, post: rate, factor });
      }
    }
    if (lower.topDownBias) step.emit(lower.topDownBias, { kind: 'outer', post: error, factor });
  }
  step.measure(reconstructionOf(upper), total);
  compute.multiplyBySlope(delta, delta, from, undefined, activation);
  for (const projection of projections) {
    if (!projection.plastic) continue;
    const pre = corrupted.get(projection.from) as Tensor;
    step.emit(projection, { kind: 'outer', pre, post: delta, factor });
  }
  if (bias) step.emit(bias, { kind: 'outer', post: delta, factor });
}

/** Returns the reconstruction r of a lower area, (batch, units). */
function decoded(
  { compute, options, inputs }: LearningStep<Options>,
  { projections }: Machine,
  lower: Area,
  rate: Tensor,
): Tensor {
  const out = compute.temporary([inputs.rows, lower.units]);
  compute.fill(out, 0);
  for (const projection of projections) {
    if (projection.from !== lower) continue;
    if (!options.tied && projection.feedback) projection.feedback.send(compute, out, rate, 1);
    else projection.sendBack(compute, out, rate, 1);
  }
  compute.activate(out, out, lower.topDownBias?.values, options.decoder);
  return out;
}

/** Returns x̃, the corrupted activity of an area, (batch, units). */
function corrupt(
  { compute, options, stream, step }: LearningStep<Options>,
  area: Area,
  activity: Tensor,
): Tensor {
  const { noise, strength } = options;
  if (noise === 'none' || strength === 0) return activity;
  const out = compute.temporary(activity.shape);
  const source = stream(`corruption of ${area.id}`);
  if (noise === 'normal') {
    compute.drawNormal(out, 0, strength, source, step);
    compute.add(out, out, activity);
  } else {
    compute.drawBernoulli(out, 1 - strength, 1, source, step);
    compute.multiply(out, out, activity);
  }
  return out;
}

/** Adds ‖error‖² of each row to `total`, (batch). */
function addSquares({ compute }: LearningStep<Options>, total: Tensor, error: Tensor): void {
  const squares = compute.temporary([error.rows]);
  compute.dotRows(squares, error, error);
  compute.add(total, total, squares);
}
