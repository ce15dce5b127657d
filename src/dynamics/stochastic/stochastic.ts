import type { Area } from '../../network/area.ts';
import type { Network } from '../../network/network.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { withDropout } from '../dropout.ts';
import { drawsIn, phaseOf } from '../phase.ts';
import type { Dynamics, Setting } from '../phase.ts';
import { receivedRate } from '../received.ts';

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
export const stochastic: Dynamics = {
  id: 'stochastic',
  title: 'Stochastic units',
  activations: ['logistic'],

  run(setting, name, options = {}) {
    const { network, inputs } = setting;
    const rates: Tensor[] = [];
    const outputs: Tensor[] = [];
    const activities: Tensor[] = [];
    const gains: (Tensor | undefined)[] = [];

    for (const area of network.areas) {
      const rate = area === network.input ? inputs : receivedRate(setting, area, activities, options);
      const draws = drawsIn(options, area) && area !== network.input && isStochastic(network, area);
      if (draws && area.activation === 'linear') setting.compute.softmax(rate, rate);
      const output = options.clamp?.(area) ?? (draws ? draw(setting, area, rate) : rate);
      const { activity, gain } = withDropout(setting, area, output);
      rates.push(rate);
      outputs.push(output);
      activities.push(activity);
      gains.push(gain);
    }

    return phaseOf(name, { activities, rates, outputs, gains });
  },
};

/** Logistic areas fire or are silent; a linear area with an objective makes one choice. Others are deterministic. */
export function isStochastic(network: Network, area: Area): boolean {
  if (area.activation === 'logistic') return true;
  return area.activation === 'linear' && network.objectives.some((objective) => objective.area === area);
}

function draw({ compute, inputs, step, stream }: Setting, area: Area, probability: Tensor): Tensor {
  const drawn = compute.temporary(probability.shape);
  const source = stream(`units ${area.id}`);
  if (area.activation === 'logistic') {
    compute.drawUniform(drawn, 0, 1, source, step);
    compute.below(drawn, drawn, probability);
  } else {
    const uniform = compute.temporary([inputs.rows, 1]);
    compute.drawUniform(uniform, 0, 1, source, step);
    compute.choose(drawn, probability, uniform);
  }
  return drawn;
}
