import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { cellsOf, predictionsOf, pullBy, receiveBy, recordOf, sharesOf, show } from './cells.ts';
import type { Cells } from './cells.ts';
import { CONDUCTANCES } from './dendrites.ts';
import { withDropout } from '../dropout.ts';
import { compartmentsOf, phaseOf } from '../phase.ts';
import type { Dynamics, Moment, Phase, PhaseOptions, Setting } from '../phase.ts';

/**
 * Cells with dendrites (see `Cells`) in continuous time, by Euler's method, all areas side by side:
 *
 *   u ← u + Δt ( g_B v_B + g_A v_A − g u ),   outputs besides − Δt β ∂C/∂r,   r_0 ← r_0 + Δt/τ_0 ( example − r_0 )
 *
 * Everything begins at rest: potentials at 0 and the input silent. `stepSize` is Δt in units of time, and must stay below
 * the shortest time constant, 1/g.
 */
export const dendritesInTime: Dynamics = {
  id: 'dendrites-in-time',
  title: 'Somata between basal and apical dendrites, in time',
  compartments: ['basal', 'apical', 'prediction'],
  advice: 'take smaller steps with ruleOptions.timeStep',
  run: live,
};

function live(setting: Setting, name: string, options: PhaseOptions = {}): Phase {
  const { compute, network, inputs } = setting;
  const { steps = 0, stepSize = 0.1, inputTime = 0, conductances = CONDUCTANCES, each } = options;
  const example = withDropout(setting, network.input, inputs);
  const input = inputTime > 0 ? compute.temporary(inputs.shape) : example.activity;
  if (inputTime > 0) compute.fill(input, 0);
  const cells = cellsOf(setting, options);
  const byArea = new Map(cells.map((its) => [its.area, its]));
  const activity = (area: Area): Tensor => byArea.get(area)?.activity ?? input;
  for (const its of cells) {
    compute.fill(its.potential, 0);
    show(compute, its);
  }
  const receiveAll = () => {
    for (const { area, basal, apical, below, above } of cells) {
      receiveBy(compute, basal, below, activity, options, area.bias);
      if (apical) receiveBy(compute, apical, above, activity, options);
    }
  };
  receiveAll();
  const predictions = predictionsOf(compute, cells, conductances);
  const record = recordOf(setting, cells, predictions, { activity: input, gain: example.gain });
  const compartment = compartmentsOf(record.compartments);
  // Interneurons hear the cells that they answer as those were before the step.
  const inOrder = [...cells.filter(({ answers }) => answers), ...cells.filter(({ answers }) => !answers)];
  for (let step = 1; step <= steps; step++) {
    if (inputTime > 0)
      compute.combine(input, input, example.activity, 1 - stepSize / inputTime, stepSize / inputTime);
    for (const its of inOrder) advance(setting, its, byArea, options, stepSize);
    for (const its of cells) show(compute, its);
    receiveAll();
    for (const its of cells) {
      compute.scale(predictions.get(its.area) as Tensor, its.basal, sharesOf(its.area, conductances).basal);
    }
    each?.(momentOf(step, stepSize, record, compartment));
  }
  const outputs = recordOf(setting, cells, predictions, { activity: input, gain: example.gain }).outputs;
  return phaseOf(name, { ...record, outputs });
}

/** u ← u + Δt du/dt, from what dendrites received before. */
function advance(
  setting: Setting,
  its: Cells,
  byArea: ReadonlyMap<Area, Cells>,
  options: PhaseOptions,
  size: number,
): void {
  const { compute } = setting;
  const { conductances = CONDUCTANCES, nudge = 0 } = options;
  const { area, basal, apical, potential, answers } = its;
  const { total, ...shares } = sharesOf(area, conductances);
  const teaching = answers ? (conductances.teaching ?? 0) : 0;
  const leak = total + teaching;
  // The error belongs to the rates of now, which follow from the potential that is still there.
  pullBy(setting, its, (size * nudge) / (1 - size * leak));
  compute.combine(potential, potential, basal, 1 - size * leak, size * total * shares.basal);
  if (apical) compute.combine(potential, potential, apical, 1, size * total * shares.apical);
  if (answers) {
    const above = byArea.get(answers) as Cells;
    compute.combine(potential, potential, above.potential, 1, size * teaching);
  }
}

const momentOf = (
  step: number,
  size: number,
  { activities, rates, states }: ReturnType<typeof recordOf>,
  compartment: Moment['compartment'],
): Moment => ({
  step,
  size,
  activity: ({ index }) => activities[index] as Tensor,
  rate: ({ index }) => rates[index] as Tensor,
  state: ({ index }) => states?.[index] as Tensor,
  compartment,
});
