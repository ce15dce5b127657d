import type { Area } from '../../network/area.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { withDropout } from '../dropout.ts';
import type { Moment, Setting } from '../phase.ts';
import { compartmentPhaseOf, momentOf } from '../record.ts';
import type { Accepts, Dynamics } from '../step.ts';
import {
  cellsOf,
  CONDUCTANCES,
  predictionsOf,
  pullBy,
  receiveBy,
  recordOf,
  sharesOf,
  show,
} from './cells.ts';
import type { Cells, DendriticCompartment, DendriticOptions, DendriticPhase } from './cells.ts';

/** Phase options of cells with dendrites in continuous time. */
export interface DendritesInTimeOptions extends DendriticOptions {
  /** Δt: size of a step, in units of time. Default 0.1. */
  readonly stepSize?: number | undefined;
  /** τ_0: time constant with which the input area follows the example. Default 0: without delay. */
  readonly inputTime?: number | undefined;
  /** β: how strongly objectives pull. Default 0. */
  readonly nudge?: number | undefined;
  /** Called after every step. */
  readonly each?: ((moment: Moment<DendriticCompartment>) => void) | undefined;
}

/**
 * Cells with dendrites (see `Cells`) in continuous time, by Euler's method, all areas side by side:
 *
 *   u ← u + Δt ( g_B v_B + g_A v_A − g u ),   outputs besides − Δt β ∂C/∂r,   r_0 ← r_0 + Δt/τ_0 ( example − r_0 )
 *
 * Everything begins at rest: potentials at 0 and the input silent. `stepSize` is Δt in units of time, and must be below
 * the shortest time constant, 1/g.
 */
export const dendritesInTime: Dynamics<DendritesInTimeOptions, DendriticPhase> = {
  id: 'dendrites-in-time',
  title: 'Somata between basal and apical dendrites, in time',
  accepts: {
    values: true,
    steps: true,
    stepSize: true,
    inputTime: true,
    nudge: true,
    conductances: true,
    sendsProbabilities: true,
    each: true,
  } satisfies Accepts<DendritesInTimeOptions>,
  compartments: ['basal', 'apical', 'prediction'],
  hint: 'take smaller steps (ruleOptions.timeStep)',
  run: live,
};

function live(setting: Setting, name: string, options: DendritesInTimeOptions): DendriticPhase {
  const { compute, network, inputs } = setting;
  const { steps = 0, stepSize = 0.1, inputTime = 0, conductances = CONDUCTANCES, each } = options;
  const example = withDropout(setting, network.input, setting.inputOf(network.input));
  const input = inputTime > 0 ? compute.temporary(inputs.shape) : example.activity;
  if (inputTime > 0) compute.fill(input, 0);
  const cells = cellsOf(setting, options);
  const byArea = new Map(cells.map((cell) => [cell.area, cell]));
  const activity = (area: Area): Tensor => byArea.get(area)?.activity ?? input;
  for (const cell of cells) {
    compute.fill(cell.potential, 0);
    show(compute, cell);
  }
  const receiveAll = () => {
    for (const { area, basal, apical, below, above } of cells) {
      receiveBy(compute, basal, below, activity, options, area.bias);
      if (apical) receiveBy(compute, apical, above, activity, options);
    }
  };
  receiveAll();
  const predictions = predictionsOf(compute, cells, conductances);
  const sent = { activity: input, gain: example.gain };
  const { pass, compartments } = recordOf(setting, cells, predictions, sent);
  // Interneurons receive from the cells that they answer as these were before the step.
  const inOrder = [...cells.filter(({ answers }) => answers), ...cells.filter(({ answers }) => !answers)];
  for (let step = 1; step <= steps; step++) {
    if (inputTime > 0)
      compute.combine(input, input, example.activity, 1 - stepSize / inputTime, stepSize / inputTime);
    for (const cell of inOrder) advance(setting, cell, byArea, options, stepSize);
    for (const cell of cells) show(compute, cell);
    receiveAll();
    for (const cell of cells) {
      compute.scale(
        predictions.get(cell.area) as Tensor,
        cell.basal,
        sharesOf(cell.area, conductances).basal,
      );
    }
    each?.(momentOf(step, stepSize, pass, compartments));
  }
  const { outputs } = recordOf(setting, cells, predictions, sent).pass;
  return compartmentPhaseOf(compute, name, { ...pass, outputs }, compartments);
}

/** u ← u + Δt du/dt, from the previous potentials of the dendrites. */
function advance(
  setting: Setting,
  cell: Cells,
  byArea: ReadonlyMap<Area, Cells>,
  options: DendritesInTimeOptions,
  size: number,
): void {
  const { compute } = setting;
  const { conductances = CONDUCTANCES, nudge = 0 } = options;
  const { area, basal, apical, potential, answers } = cell;
  const { total, ...shares } = sharesOf(area, conductances);
  const teaching = answers ? (conductances.teaching ?? 0) : 0;
  const leak = total + teaching;
  // The error belongs to the current rates, which follow from the potential before this step.
  pullBy(setting, cell, (size * nudge) / (1 - size * leak));
  compute.combine(potential, potential, basal, 1 - size * leak, size * total * shares.basal);
  if (apical) compute.addScaled(potential, apical, size * total * shares.apical);
  if (answers) {
    const above = byArea.get(answers) as Cells;
    compute.addScaled(potential, above.potential, size * teaching);
  }
}
