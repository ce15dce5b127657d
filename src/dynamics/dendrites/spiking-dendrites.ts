import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { withDropout } from '../dropout.ts';
import type { Setting } from '../phase.ts';
import { compartmentPhaseOf } from '../record.ts';
import type { Accepts, Dynamics } from '../step.ts';
import { cellsOf, CONDUCTANCES, predictionsOf, receiveBy, recordOf, sharesOf, show } from './cells.ts';
import type { Cells, DendriticOptions, DendriticPhase, Teaching } from './cells.ts';

/** How cells spike, and which part of a phase is averaged. Times are in the unit of a step's size. */
export interface Spiking {
  /** Spikes per unit of time of a cell whose rate is 1. */
  readonly maximalRate: number;
  /** Time constants of the rise and the decay of a postsynaptic potential. */
  readonly rise: number;
  readonly fall: number;
  /** Number of last steps over which a phase averages. */
  readonly averaged: number;
}

/** Phase options of spiking cells with dendrites. */
export interface SpikingDendritesOptions extends DendriticOptions {
  readonly spiking: Spiking;
  /** Δt: size of a step. Default 1. */
  readonly stepSize?: number | undefined;
  /** Conductances that draw the somata of an area towards potentials. */
  readonly teach?: ((area: Area) => Teaching | undefined) | undefined;
}

/**
 * Cells with dendrites (see `Cells`) that send spikes, a Poisson process at λ_max times the rate, in steps of Δt:
 *
 *   a spike in a step with probability λ_max Δt f(u),   PSP(t) = Σ_spikes κ(t − t_spike) / λ_max
 *   κ(t) = ( e^{−t/τ_fall} − e^{−t/τ_rise} ) / ( τ_fall − τ_rise ),   v_B = PSP W + b,   v_A = PSP_above W
 *   u ← u_∞ + ( u − u_∞ ) e^{−g Δt},   u_∞ = ( g_B v_B + g_A v_A + g_T E ) / g,   with a teacher where there is one
 *
 * PSPs are divided by λ_max, so on average they are rates, and weights mean the same as for cells that send rates.
 * A phase begins at rest. It returns means over its last `averaged` steps: of the signals sent (PSPs), the dendritic
 * potentials and u; its rates are f of the mean u, as in the source.
 *
 * Source: Guerguiev, Lillicrap & Richards (2017), eLife 6.
 */
export const spikingDendrites: Dynamics<SpikingDendritesOptions, DendriticPhase> = {
  id: 'spiking-dendrites',
  title: 'Spiking cells between basal and apical dendrites',
  accepts: {
    values: true,
    steps: true,
    stepSize: true,
    spiking: true,
    teach: true,
    conductances: true,
    sendsProbabilities: true,
  } satisfies Accepts<SpikingDendritesOptions>,
  compartments: ['basal', 'apical', 'prediction'],
  run: spike,
};

/** The postsynaptic potentials that an area's spikes evoke; tensors (batch, units). */
interface Synapses {
  readonly area: Area;
  /** f(u); for the input, the example. */
  readonly rate: Tensor;
  readonly falling: Tensor;
  readonly rising: Tensor;
  readonly psp: Tensor;
}

function spike(setting: Setting, name: string, options: SpikingDendritesOptions): DendriticPhase {
  const { compute, network, inputs } = setting;
  const { steps = 0, stepSize = 1, conductances = CONDUCTANCES, spiking } = options;
  const input = withDropout(setting, network.input, setting.inputOf(network.input));
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
  for (const cell of cells) {
    silent(cell.potential);
    // The PSP is sent instead of the rate.
    synapses.set(cell.area, traces(cell.area, cell.activity, compute.temporary(cell.rate.shape)));
  }
  const psp = (area: Area): Tensor => (synapses.get(area) as Synapses).psp;
  const means = new Map<Tensor, Tensor>();
  const meanOf = (tensor: Tensor): Tensor => {
    let mean = means.get(tensor);
    if (!mean) means.set(tensor, (mean = silent(compute.temporary(tensor.shape))));
    return mean;
  };
  const averaged = cells.map((cell): Cells => {
    const apical = cell.apical && meanOf(cell.apical);
    return {
      ...cell,
      apical,
      basal: meanOf(cell.basal),
      potential: meanOf(cell.potential),
      activity: meanOf(psp(cell.area)),
    };
  });
  const meanInput = meanOf(psp(network.input));

  for (let step = 1; step <= steps; step++) {
    for (const cell of cells) show(compute, cell);
    for (const synapse of synapses.values())
      fire(setting, synapse, name, setting.step * steps + step, stepSize, spiking);
    for (const cell of cells) {
      receiveBy(compute, cell.basal, cell.below, psp, options, cell.area.bias);
      if (cell.apical) receiveBy(compute, cell.apical, cell.above, psp, options);
      const { total, basal, apical } = sharesOf(cell.area, conductances);
      const teaching = options.teach?.(cell.area);
      const open = total + (teaching?.conductance ?? 0);
      const { potential } = cell;
      const kept = Math.exp(-stepSize * open);
      const taken = (1 - kept) / open;
      compute.combine(potential, potential, cell.basal, kept, taken * total * basal);
      if (cell.apical) compute.addScaled(potential, cell.apical, taken * total * apical);
      if (teaching) {
        compute.addScaled(potential, teaching.potential, taken * teaching.conductance);
      }
    }
    if (step <= steps - spiking.averaged) continue;
    const share = 1 / Math.min(steps, spiking.averaged);
    for (const [tensor, mean] of means) compute.addScaled(mean, tensor, share);
  }
  for (const { area, potential, rate } of averaged) {
    compute.activate(rate, potential, undefined, area.activation);
  }
  const predictions = predictionsOf(compute, averaged, conductances);
  const sent = { activity: meanInput, gain: input.gain };
  const { pass, compartments } = recordOf(setting, averaged, predictions, sent);
  return compartmentPhaseOf(compute, name, pass, compartments);
}

/** Draws the spikes of one step, and adds them to the PSPs. */
function fire(
  { compute, stream }: Setting,
  { area, rate, falling, rising, psp }: Synapses,
  name: string,
  step: number,
  size: number,
  { maximalRate, rise, fall }: Spiking,
): void {
  const [kept, keptOfRise] = [Math.exp(-size / fall), Math.exp(-size / rise)];
  // Makes the sum of one spike's PSP over the steps equal the integral of κ over time.
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
