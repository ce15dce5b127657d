import { z } from 'zod';
import { emitIncoming, feedforward } from '../../dynamics/index.ts';
import type { LearningStep, Phase } from '../../dynamics/index.ts';
import type { Area, Projection } from '../../network/area.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import type { ActivationReference } from '../../tensor/activation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { chainOf, drawnLike, refuseBranches } from '../shared/chain.ts';
import { inverseHints, inverseOptimisers, inversionErrors, withTopDownPath } from '../shared/inverses.ts';
import { outputOf } from '../shared/reconstruction.ts';
import {
  measureReconstruction,
  recirculate,
  recirculationOptions,
  topDownPotential,
} from './recirculation.ts';
import type { TopDownInputs } from './recirculation.ts';
import { defineRule } from '../../learning/rule.ts';
import { descentOf, emitOutputGradient } from '../shared/targets.ts';

/** The id of an area beside the output that codes information absent from the label, such as pose. */
const CODE = 'code';

/**
 * Two top-down passes: an axon carries the activity of a unit, and the change of this activity in time carries the error.
 *
 * 1. A stack of autoencoders learns by recirculation, so that top-down reconstructions resemble the activity of the
 *    upward pass. The top of the stack is the output y and a code z, which reconstruct the area below.
 * 2. An upward pass is followed by a top-down pass from the prediction, and a second top-down pass from the prediction
 *    moved a little towards the target:
 *
 *      y′ = y + t (target − y),   x_l = [ r_{l+1} V + c ],   r_l = f(x_l),      and x′, r′ from y′
 *
 * 3. Every synapse changes by pre × the change of post, as spike-timing-dependent plasticity does:
 *
 *      ΔW_l = η h_{l−1}ᵀ · (change of the unit) / t,   change = f(a_l + x′_l − x_l) − f(a_l)   or   f′(h_l) ⊙ (x′_l − x_l)
 *
 * If feedback weights are transposed forward weights, dx_l/dt = −∂E/∂h_l at every level. The first form does not compute
 * the slope f′ but measures it: the input of the unit changes a little, and the output shows the effect. a_l is the
 * potential of the upward pass.
 *
 * Autoencoders learn with the sign reversed, pre × (old − new), so that activity stops changing as it recirculates. The
 * two kinds of change occur at different times. The feedback weights V are learned (`learned`), random and fixed
 * (`fixed`), or the transposed forward weights (`tied`).
 *
 * Source: Hinton's lectures "Can the brain do back-propagation?" (2007–2016); recirculation: Hinton & McClelland (1988).
 */
export const twoPass = defineRule({
  id: 'two-pass',
  family: 'Error as a change in time',
  title: 'Two top-down passes',
  summary:
    'Learns from the change between two top-down passes: from the prediction, and from the prediction moved towards the target.',
  equation: String.raw`\Delta W_l = \frac{\eta}{t} \left[ f(a_l + x'_l - x_l) - f(a_l) \right] h_{l-1}^\top, \qquad x_l = V_{l+1} r_{l+1}, \quad y' = y + t\,(\hat y - y)`,
  cites: ['hinton2007', 'hinton1988'],
  options: z.strictObject({
    ...recirculationOptions,
    blend: z
      .number()
      .gt(0)
      .max(1)
      .default(0.1)
      .describe('t: fraction of the way from the prediction to the target at which the second pass starts'),
    code: z
      .int()
      .min(0)
      .max(1e6)
      .default(100)
      .describe(
        'number of code units beside the output that help to reconstruct the area below; 0: the output alone',
      ),
    topDown: z
      .enum(['learned', 'fixed', 'tied'])
      .default('learned')
      .describe(
        'weights of the feedback path: learned by reconstruction, random and fixed, or transposed forward weights',
      ),
    slope: z
      .enum(['measured', 'formula'])
      .default('measured')
      .describe(
        'slope f′ of a unit: measured from the effect of a small change of input, or computed by formula',
      ),
    autoencoding: z
      .number()
      .min(0)
      .max(1e3)
      .default(0.1)
      .describe('strength of autoencoder learning in the forward path, relative to learning from targets'),
    noise: z
      .number()
      .min(0)
      .max(1e3)
      .default(0)
      .describe('σ of the noise in top-down inputs, drawn anew in each top-down pass'),
    delay: z
      .int()
      .min(0)
      .max(1e9)
      .default(0)
      .describe(
        'number of updates before the two passes begin, in which only autoencoders and the output learn',
      ),
  }),
  dynamics: feedforward,
  network: {
    refuses: (specification) =>
      refuseBranches(specification, 'predictive-coding, feedback-alignment, backprop'),
    wire: (specification, options) =>
      withTopDownPath(withCode(specification, options.code), options, { outputs: true, input: true }),
  },
  learning: {
    optimisers: (network, optimiserOf, options) => inverseOptimisers(network, optimiserOf, options),
  },
  report: {
    hints: inverseHints,
    measures: inversionErrors,
    evaluate(step, phase) {
      for (const projection of chainOf(step.network)) {
        const above = topDownInputs(step, phase, projection, outputOf(step, phase, projection.to));
        measureReconstruction(step, phase, above, step.options);
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
    emitOutputGradient(step, phase, output);
    if (chain.length === 1 || step.step < delay) return;

    // y′ = y + t (target − y)
    const prediction = outputOf(step, phase, output.to);
    const blended = step.like(output.to);
    compute.combine(blended, prediction, descentOf(step, phase, output.to), 1, blend);
    // x_l from y, and x′_l from y′.
    const before = topDownPass(step, phase, chain, prediction, 'first');
    const after = topDownPass(step, phase, chain, blended, 'second');
    for (const { to } of chain.slice(0, -1)) {
      // f(a_l + x′_l − x_l) − f(a_l), or f′(h_l) ⊙ (x′_l − x_l).
      const change = step.like(to);
      compute.subtract(change, after.get(to) as Tensor, before.get(to) as Tensor);
      if (slope === 'measured') measureChange(step, phase, to, change);
      else phase.slope(to, change, { out: change, gain: false });
      const gain = phase.gain(to);
      if (gain) compute.multiply(change, change, gain);
      // −h_{l−1} ⊗ change / t
      emitIncoming(step, phase, to, change, -1 / (blend * inputs.rows));
    }
  },
});

type Step = LearningStep<
  Readonly<{ regression: number; visible: ActivationReference; autoencoding: number }>
>;

const isCode = ({ id }: Area): boolean => id === CODE;

/** Returns the projection from the last hidden area to the code; undefined without a code. */
const codeOf = (output: Projection): Projection | undefined =>
  output.from.outgoing.find(({ kind, to }) => kind === 'forward' && isCode(to));

/** Emits the terms of all autoencoders. The output and the code together reconstruct the last hidden area. */
function learnAutoencoders(step: Step, phase: Phase, chain: readonly Projection[]): void {
  const { options } = step;
  const strength = options.autoencoding;
  for (const projection of chain.slice(0, -1)) {
    const signal = phase.activity(projection.to);
    recirculate(step, phase, [{ projection, signal, strength }], options);
  }
  const output = chain.at(-1) as Projection;
  if (chain.length === 1) return;
  // The output learns from targets alone; only the code learns to reconstruct.
  const label = { projection: output, signal: outputOf(step, phase, output.to), strength: 0 };
  const code = codeOf(output);
  const codeInput = code && { projection: code, signal: phase.activity(code.to) };
  recirculate(step, phase, codeInput ? [label, codeInput] : [label], options);
}

/** Returns the top-down inputs of the area below a projection. Below the output they include the code. */
function topDownInputs(
  step: LearningStep,
  phase: Phase,
  projection: Projection,
  signal: Tensor,
): TopDownInputs {
  const isTop = step.network.objectives.some(({ area }) => area === projection.to);
  const code = isTop ? codeOf(projection) : undefined;
  return code
    ? [
        { projection, signal },
        { projection: code, signal: phase.activity(code.to) },
      ]
    : [{ projection, signal }];
}

/**
 * Returns the top-down potentials x_l, (batch, units), of every hidden area, when the output is `top`:
 *
 *   x_l = r_{l+1} V + c,   r_l = f(x_l),   r_L = top
 */
function topDownPass(
  step: LearningStep<Readonly<{ noise: number }>>,
  phase: Phase,
  chain: readonly Projection[],
  top: Tensor,
  pass: 'first' | 'second',
): ReadonlyMap<Area, Tensor> {
  const { compute, options } = step;
  const potentials = new Map<Area, Tensor>();
  let activity = top;
  for (const projection of chain.slice(1).reverse()) {
    const { from } = projection;
    const potential = topDownPotential(step, topDownInputs(step, phase, projection, activity));
    if (options.noise > 0) {
      const noise = compute.temporary(potential.shape);
      compute.drawNormal(noise, 0, options.noise, step.stream(`${pass} pass to ${from.id}`), step.step);
      compute.add(potential, potential, noise);
    }
    potentials.set(from, potential);
    activity = compute.temporary(potential.shape);
    compute.activate(activity, potential, undefined, from.activation);
  }
  return potentials;
}

/** Overwrites `change` with f(a + change) − f(a), where a is the potential of the upward pass. */
function measureChange({ compute }: LearningStep, phase: Phase, area: Area, change: Tensor): void {
  const [incoming] = area.incoming.filter(({ kind }) => kind === 'forward');
  const potential = compute.temporary(change.shape);
  incoming?.send(compute, potential, phase.activity(incoming.from));
  if (area.bias) compute.activate(potential, potential, area.bias.values, 'linear');
  compute.add(potential, potential, change);
  compute.activate(change, potential, undefined, area.activation);
  compute.subtract(change, change, phase.rate(area));
}

/** Adds a code area beside the output, whose units have the activation function of the last hidden area. */
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
