import { z } from 'zod';
import { emitIncoming, feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { Activation } from '../../tensor/kernels.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { chainOf, drawnLike, refuseBranches } from '../shared/chain.ts';
import { hintsOnInverses, inverseOptimisers, inversionErrors, wireDown } from '../shared/inverses.ts';
import { outputOf } from '../shared/reconstruction.ts';
import { measureReconstruction, potentialBelow, recirculate, recirculationOptions } from './recirculation.ts';
import { defineRule } from '../../learning/rule.ts';
import { emitOutput, lackOf } from '../shared/targets.ts';

/** Units beside the output that code what the label leaves out: its pose, say. */
const CODE = 'code';

/**
 * Two top-down passes: one axon carries what a unit says, and as its change in time the error.
 *
 * 1. A stack of autoencoders is learned by recirculation, so that what comes down looks like what went up. Its top is
 *    the output y and a code z, from which the area below is reconstructed.
 * 2. An upward pass; a pass down from the prediction; a second one from the prediction moved a little towards the target,
 *
 *      y′ = y + t (target − y),   x_l = [ r_{l+1} V + c ],   r_l = f(x_l),      and x′, r′ from y′
 *
 * 3. Every synapse changes by pre × the change of post, as a spike-timing rule reads it off:
 *
 *      ΔW_l = η h_{l−1}ᵀ · (change of the unit) / t,   change = f(a_l + x′_l − x_l) − f(a_l)   or   f′(h_l) ⊙ (x′_l − x_l)
 *
 * because, where the way down carries transposed weights, dx_l/dt = −∂E/∂h_l at every level: the first form does not
 * compute the slope, it measures it, by letting the unit's input change a little and looking at its output. a_l is the
 * potential of the pass up.
 *
 * Autoencoders have signs reversed (pre × old − new), so that learning makes activity stop changing on its way round; the
 * two kinds of change are told apart by when they come. What comes down is heard through the inverse's weights V,
 * learned (`learned`), random and fixed (`fixed`), or the transposed way up (`tied`).
 *
 * Source: Hinton's lectures "Can the brain do back-propagation?" (2007–2016); recirculation: Hinton & McClelland (1988).
 */
export const twoPass = defineRule({
  id: 'two-pass',
  family: 'Error as a change in time',
  title: 'Two top-down passes',
  summary:
    'Comes down twice, from the prediction and from the prediction moved towards the target, and learns from what changed.',
  equation: String.raw`\Delta W_l = \frac{\eta}{t} \left[ f(a_l + x'_l - x_l) - f(a_l) \right] h_{l-1}^\top, \qquad x_l = V_{l+1} r_{l+1}, \quad y' = y + t\,(\hat y - y)`,
  cites: ['hinton2007', 'hinton1988'],
  options: z.strictObject({
    ...recirculationOptions,
    blend: z
      .number()
      .gt(0)
      .max(1)
      .default(0.1)
      .describe('t: how far the prediction is moved towards the target'),
    code: z
      .int()
      .min(0)
      .max(1e6)
      .default(100)
      .describe('units beside the output that help to reconstruct what is below; 0 for the labels alone'),
    topDown: z
      .enum(['learned', 'fixed', 'tied'])
      .default('learned')
      .describe(
        'weights of the way down: learned by reconstruction, random and fixed, or the transposed way up',
      ),
    slope: z
      .enum(['measured', 'formula'])
      .default('measured')
      .describe('whether a unit’s slope is seen in what a small change of its input does, or computed'),
    autoencoding: z
      .number()
      .min(0)
      .max(1e3)
      .default(0.1)
      .describe('how much the way up learns to be an autoencoder, beside what it learns from targets'),
    noise: z
      .number()
      .min(0)
      .max(1e3)
      .default(0)
      .describe('σ of noise in what areas hear from above, drawn anew in each pass down'),
    delay: z
      .int()
      .min(0)
      .max(1e9)
      .default(0)
      .describe('updates in which only autoencoders and the output learn, before targets come down'),
  }),
  dynamics: feedforward,
  network: {
    refuses: (specification) =>
      refuseBranches(specification, 'predictive-coding, feedback-alignment, backprop'),
    wire: (specification, options) =>
      wireDown(withCode(specification, options.code), options, { outputs: true, input: true }),
  },
  learning: {
    optimisers: (network, optimiserOf, options) => inverseOptimisers(network, optimiserOf, options),
  },
  report: {
    hints: hintsOnInverses,
    measures: inversionErrors,
    evaluate(step, phase) {
      for (const up of chainOf(step.network)) {
        const ways = waysDown(step, phase, up, outputOf(step, phase, up.to));
        measureReconstruction(step, phase, ways, step.options);
      }
    },
  },

  learn(step) {
    const { compute, network, inputs, options } = step;
    const { blend, delay, slope } = options;
    const chain = chainOf(network);
    const output = chain.at(-1) as Projection;
    const phase = step.run('forward');
    learnAutoencoders(step, phase, chain);
    emitOutput(step, phase, output);
    if (chain.length === 1 || step.step < delay) return;

    const said = outputOf(step, phase, output.to);
    const blended = compute.temporary(said.shape);
    compute.combine(blended, said, lackOf(step, phase, output.to), 1, blend);
    const before = comeDown(step, phase, chain, said, 'first');
    const after = comeDown(step, phase, chain, blended, 'second');
    for (const { to } of chain.slice(0, -1)) {
      const change = compute.temporary([inputs.rows, to.units]);
      compute.subtract(change, after.get(to) as Tensor, before.get(to) as Tensor);
      if (slope === 'measured') measureChange(step, phase, to, change);
      else compute.multiplyBySlope(change, change, phase.rate(to), undefined, to.activation);
      const gain = phase.gain(to);
      if (gain) compute.multiply(change, change, gain);
      emitIncoming(step, phase, to, change, -1 / (blend * inputs.rows));
    }
  },
});

type Step = LearningStep<Readonly<{ regression: number; visible: Activation; autoencoding: number }>>;

const isCode = ({ id }: Area): boolean => id === CODE;

/** The projection from the last hidden area to the code, where there is one. */
const codeOf = (output: Projection): Projection | undefined =>
  output.from.outgoing.find(({ kind, to }) => kind === 'forward' && isCode(to));

/** Every area below the output is reconstructed from the one above it, the last from the output and the code. */
function learnAutoencoders(step: Step, phase: Phase, chain: readonly Projection[]): void {
  const { options } = step;
  const strength = options.autoencoding;
  for (const up of chain.slice(0, -1)) {
    recirculate(step, phase, [{ up, said: phase.activity(up.to), strength }], options);
  }
  const output = chain.at(-1) as Projection;
  if (chain.length === 1) return;
  // What the label says is learned from targets alone; the code is there to reconstruct.
  const label = { up: output, said: outputOf(step, phase, output.to), strength: 0 };
  const code = codeOf(output);
  recirculate(step, phase, code ? [label, { up: code, said: phase.activity(code.to) }] : [label], options);
}

/** By what an area hears from above when the one there says this: below the output, the code's own words too. */
function waysDown(
  step: LearningStep,
  phase: Phase,
  up: Projection,
  said: Tensor,
): Parameters<typeof potentialBelow>[1] {
  const isTop = step.network.objectives.some(({ area }) => area === up.to);
  const code = isTop ? codeOf(up) : undefined;
  return code
    ? [
        { up, said },
        { up: code, said: phase.activity(code.to) },
      ]
    : [{ up, said }];
}

/** What every hidden area hears from above when the output says `top`, by area: x_l, (batch, units). */
function comeDown(
  step: LearningStep<Readonly<{ noise: number }>>,
  phase: Phase,
  chain: readonly Projection[],
  top: Tensor,
  pass: 'first' | 'second',
): ReadonlyMap<Area, Tensor> {
  const { compute, options } = step;
  const heard = new Map<Area, Tensor>();
  let said = top;
  for (const up of chain.slice(1).reverse()) {
    const below = potentialBelow(step, waysDown(step, phase, up, said));
    if (options.noise > 0) {
      const noise = compute.temporary(below.shape);
      compute.drawNormal(noise, 0, options.noise, step.stream(`${pass} pass to ${up.from.id}`), step.step);
      compute.add(below, below, noise);
    }
    heard.set(up.from, below);
    said = compute.temporary(below.shape);
    compute.activate(said, below, undefined, up.from.activation);
  }
  return heard;
}

/** change ← f(a + change) − f(a), with a the potential of the pass up. */
function measureChange({ compute }: LearningStep, phase: Phase, area: Area, change: Tensor): void {
  const [up] = area.incoming.filter(({ kind }) => kind === 'forward');
  const potential = compute.temporary(change.shape);
  up?.send(compute, potential, phase.activity(up.from));
  if (area.bias) compute.activate(potential, potential, area.bias.values, 'linear');
  compute.add(potential, potential, change);
  compute.activate(change, potential, undefined, area.activation);
  compute.subtract(change, change, phase.rate(area));
}

/** Adds a code above the last hidden area, of units like those below it. */
function withCode(specification: NetworkSpecification, units: number): NetworkSpecification {
  const { areas, projections, objectives, input } = specification;
  const output = projections.find(
    ({ kind = 'forward', to }) => kind === 'forward' && to === objectives[0]?.area,
  );
  if (units === 0 || !output || output.from === input) return specification;
  const activation = areas.find(({ id }) => id === output.from)?.activation ?? 'linear';
  return {
    ...specification,
    areas: [...areas, { id: CODE, shape: [units], activation }],
    projections: [...projections, drawnLike(output, CODE)],
  };
}
