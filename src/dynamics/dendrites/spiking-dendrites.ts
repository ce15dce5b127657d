import { ApicalError } from '../../errors.ts';
import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { cellsOf, predictionsOf, receiveBy, recordOf, sharesOf, show } from './cells.ts';
import type { Cells } from './cells.ts';
import { CONDUCTANCES } from './dendrites.ts';
import { withDropout } from '../dropout.ts';
import { phaseOf } from '../phase.ts';
import type { Dynamics, Phase, PhaseOptions, Setting, Spiking } from '../phase.ts';

/**
 * Cells with dendrites (see `Cells`) that send spikes, a Poisson process at λ_max times the rate, in steps of Δt:
 *
 *   a spike in a step with probability λ_max Δt f(u),   PSP(t) = Σ_spikes κ(t − t_spike) / λ_max
 *   κ(t) = ( e^{−t/τ_fall} − e^{−t/τ_rise} ) / ( τ_fall − τ_rise ),   v_B = PSP W + b,   v_A = PSP_above W
 *   u ← u_∞ + ( u − u_∞ ) e^{−g Δt},   u_∞ = ( g_B v_B + g_A v_A + g_T E ) / g,   with a teacher where there is one
 *
 * PSPs are divided by λ_max, so that on average they are rates, and weights mean what they mean where cells send rates.
 * A phase begins at rest. It gives the means of its last `averaged` steps: of what is sent (PSP), of dendrites and of u;
 * its rates are f of mean u, as the authors take them.
 *
 * Source: Guerguiev, Lillicrap & Richards (2017), eLife 6.
 */
export const spikingDendrites: Dynamics = {
  id: 'spiking-dendrites',
  title: 'Spiking cells between basal and apical dendrites',
  compartments: ['basal', 'apical', 'prediction'],
  run: spike,
};

/** What an area sends of its spikes; tensors (batch, units). */
interface Synapses {
  readonly area: Area;
  /** f(u), of the input the example. */
  readonly rate: Tensor;
  readonly falling: Tensor;
  readonly rising: Tensor;
  readonly psp: Tensor;
}

function spike(setting: Setting, name: string, options: PhaseOptions = {}): Phase {
  const { compute, network, inputs } = setting;
  const { steps = 0, stepSize = 1, conductances = CONDUCTANCES, spiking } = options;
  if (!spiking) throw new ApicalError('dynamics.spiking', `Phase "${name}" spikes, but nothing says how.`);
  const input = withDropout(setting, network.input, inputs);
  const silent = (tensor: Tensor): Tensor => {
    compute.fill(tensor, 0);
    return tensor;
  };
  const traces = (area: Area, rate: Tensor, psp: Tensor): Synapses => {
    const make = () => silent(compute.temporary(rate.shape));
    return { area, rate, psp: silent(psp), falling: make(), rising: make() };
  };
  const cells = cellsOf(setting, options);
  const synapses = new Map<Area, Synapses>([
    [network.input, traces(network.input, input.activity, compute.temporary(inputs.shape))],
  ]);
  for (const its of cells) {
    silent(its.potential);
    // What is sent is the PSP in place of the activity, which is a tensor of its own in these cells.
    synapses.set(its.area, traces(its.area, its.activity, compute.temporary(its.rate.shape)));
  }
  const psp = (area: Area): Tensor => (synapses.get(area) as Synapses).psp;
  const means = new Map<Tensor, Tensor>();
  const meanOf = (tensor: Tensor): Tensor => {
    let mean = means.get(tensor);
    if (!mean) means.set(tensor, (mean = silent(compute.temporary(tensor.shape))));
    return mean;
  };
  const averaged = cells.map((its): Cells => {
    const apical = its.apical && meanOf(its.apical);
    return {
      ...its,
      apical,
      basal: meanOf(its.basal),
      potential: meanOf(its.potential),
      activity: meanOf(psp(its.area)),
    };
  });
  const meanInput = meanOf(psp(network.input));

  for (let step = 1; step <= steps; step++) {
    for (const its of cells) show(compute, its);
    for (const its of synapses.values())
      fire(setting, its, name, setting.step * steps + step, stepSize, spiking);
    for (const its of cells) {
      receiveBy(compute, its.basal, its.below, psp, options, its.area.bias);
      if (its.apical) receiveBy(compute, its.apical, its.above, psp, options);
      const { total, basal, apical } = sharesOf(its.area, conductances);
      const teaching = options.teach?.(its.area);
      const open = total + (teaching?.conductance ?? 0);
      const { potential } = its;
      const kept = Math.exp(-stepSize * open);
      const taken = (1 - kept) / open;
      compute.combine(potential, potential, its.basal, kept, taken * total * basal);
      if (its.apical) compute.combine(potential, potential, its.apical, 1, taken * total * apical);
      if (teaching) {
        compute.combine(potential, potential, teaching.potential, 1, taken * teaching.conductance);
      }
    }
    if (step <= steps - spiking.averaged) continue;
    const share = 1 / Math.min(steps, spiking.averaged);
    for (const [tensor, mean] of means) compute.combine(mean, mean, tensor, 1, share);
  }
  for (const { area, potential, rate } of averaged) {
    compute.activate(rate, potential, undefined, area.activation);
  }
  const predictions = predictionsOf(compute, averaged, conductances);
  return phaseOf(name, recordOf(setting, averaged, predictions, { activity: meanInput, gain: input.gain }));
}

/** Spikes of one step, and the PSPs that they add to. */
function fire(
  { compute, stream }: Setting,
  { area, rate, falling, rising, psp }: Synapses,
  name: string,
  step: number,
  size: number,
  { maximalRate, rise, fall }: Spiking,
): void {
  const [kept, keptOfRise] = [Math.exp(-size / fall), Math.exp(-size / rise)];
  // So that the PSP of one spike has the same sum over steps as κ has over time.
  const whole = kept / (1 - kept) - keptOfRise / (1 - keptOfRise);
  const height = 1 / (whole * maximalRate * size);
  compute.scope(() => {
    const spikes = compute.temporary(rate.shape);
    const probability = compute.temporary(rate.shape);
    compute.scale(probability, rate, maximalRate * size);
    compute.drawUniform(spikes, 0, 1, stream(`spikes ${name} ${area.id}`), step);
    compute.below(spikes, spikes, probability);
    compute.combine(falling, falling, spikes, kept, kept);
    compute.combine(rising, rising, spikes, keptOfRise, keptOfRise);
    compute.combine(psp, falling, rising, height, -height);
  });
}
