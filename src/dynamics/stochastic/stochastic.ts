import type { Area } from '../../network/area.ts';
import { hasActivation } from '../../tensor/activation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { withDropout } from '../dropout.ts';
import type { PhaseOptions, Setting } from '../phase.ts';
import { receivedRate } from '../received.ts';
import { phaseOf } from '../record.ts';
import type { Accepts, Dynamics, Reference } from '../step.ts';
import { drawsIn } from './draws.ts';
import type { Sampling } from './draws.ts';
import { configurationsOf, enumerateBy, MOST_CONFIGURATIONS } from './enumeration.ts';
import { isStochastic } from './units.ts';

/** Phase options of a pass of stochastic units. A clamped area's draw is what it is clamped to. */
export type StochasticOptions = Pick<PhaseOptions, 'inputs' | 'clamp' | 'drive' | 'values'> & Sampling;

/**
 * A feedforward pass of stochastic units:
 *
 *   p_l = σ( Σ_projections h_{l−1} W + b ),   h_l ~ Bernoulli(p_l),   and at a linear output one choice ~ softmax(a)
 *
 * In a phase that samples, areas send what they drew, and an objective judges the draw of its area: a choice is
 * one-hot, so both cross-entropy and squared error count it as right or wrong, up to a factor and a constant.
 * Otherwise units pass on their probabilities, and a linear output its potentials. Draws are keyed by row.
 *
 * Source: Williams (1992), Machine Learning 8, sections 4 and 6.
 */
export const stochastic: Dynamics<StochasticOptions> = {
  id: 'stochastic',
  title: 'Stochastic units',
  accepts: { clamp: true, drive: true, values: true, sample: true } satisfies Accepts<StochasticOptions>,
  severalInputs: true,
  activations: ['logistic'],
  reference: (network) => (configurationsOf(network) <= MOST_CONFIGURATIONS ? enumerate : undefined),

  run(setting, name, options) {
    const { compute, network, inputOf } = setting;
    const rates: Tensor[] = [];
    const outputs: Tensor[] = [];
    const activities: Tensor[] = [];
    const gains: (Tensor | undefined)[] = [];
    const potentials: (Tensor | undefined)[] = [];

    for (const area of network.areas) {
      const rate = area.isInput
        ? inputOf(area)
        : receivedRate(setting, area, activities, options, potentials);
      const draws = drawsIn(options, area) && !area.isInput && isStochastic(network, area);
      if (draws && hasActivation(area, 'linear')) compute.softmax(rate, rate);
      const output = options.clamp?.(area) ?? (draws ? draw(setting, area, rate) : rate);
      const { activity, gain } = withDropout(setting, area, output);
      rates.push(rate);
      outputs.push(output);
      activities.push(activity);
      gains.push(gain);
    }

    return phaseOf(compute, name, { activities, rates, outputs, gains, potentials });
  },
};

/** Emits the exact gradient of the expected loss. */
const enumerate: Reference = (step) => enumerateBy(stochastic, step);

function draw({ compute, inputs, step, stream }: Setting, area: Area, probability: Tensor): Tensor {
  const drawn = compute.temporary(probability.shape);
  const source = stream(`units ${area.id}`);
  if (hasActivation(area, 'logistic')) {
    compute.drawUniform(drawn, 0, 1, source, step);
    compute.below(drawn, drawn, probability);
  } else {
    const uniform = compute.temporary([inputs.rows, 1]);
    compute.drawUniform(uniform, 0, 1, source, step);
    compute.choose(drawn, probability, uniform);
  }
  return drawn;
}
