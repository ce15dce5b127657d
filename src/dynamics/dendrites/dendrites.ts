import type { Area } from '../../network/area.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
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
import type { Cells, Conductances, DendriticOptions, DendriticPhase, Teaching } from './cells.ts';
import { withDropout } from '../dropout.ts';
import type { Setting } from '../phase.ts';
import { compartmentPhaseOf } from '../record.ts';
import type { Accepts, Dynamics } from '../step.ts';

/** Phase options of cells with dendrites at rest. */
export interface DendritesOptions extends DendriticOptions {
  /** A phase of the same step, whose signals of the input are reused. */
  readonly start?: DendriticPhase | undefined;
  /** β: how strongly objectives pull. Default 0. */
  readonly nudge?: number | undefined;
  /** Conductances that draw the somata of an area towards potentials. */
  readonly teach?: ((area: Area) => Teaching | undefined) | undefined;
}

/**
 * Cells with dendrites (see `Cells`) at rest, found in sweeps rather than in time:
 *
 *   u = ( g_B v_B + g_A v_A ) / ( g_lk + g_B + g_A ),   u_I = ( g_D v_I + g_SI u_{k+1} ) / ( g_lk + g_D + g_SI )
 *   u_output = ( g_B v_B − β ∂C/∂r ) / ( g_lk + g_B )
 *
 * A forward pass sets every area from its basal dendrites alone. Each of `steps` sweeps then goes down area by area, with
 * the current activity above; from the second sweep on, another forward pass precedes it. The phase's activity of an area
 * is that of its last forward pass, which the basal dendrites above received. One sweep is a pass up and a pass down;
 * with more, cells approach rest, and the error shrinks from sweep to sweep by about g_A/g times the loop gain. A phase
 * that starts from another reuses the signals of the input.
 */
export const dendrites: Dynamics<DendritesOptions, DendriticPhase> = {
  id: 'dendrites',
  title: 'Somata between basal and apical dendrites',
  accepts: {
    values: true,
    start: true,
    steps: true,
    nudge: true,
    teach: true,
    conductances: true,
    sendsProbabilities: true,
  } satisfies Accepts<DendritesOptions>,
  compartments: ['basal', 'apical', 'prediction'],
  run: rest,
};

function rest(setting: Setting, name: string, options: DendritesOptions): DendriticPhase {
  const { compute, network } = setting;
  const { steps = 0, conductances = CONDUCTANCES, start: known } = options;
  const input = withDropout(setting, network.input, setting.inputOf(network.input));
  const cells = cellsOf(setting, options);
  const byArea = new Map(cells.map((cell) => [cell.area, cell]));
  const activity = (area: Area): Tensor => byArea.get(area)?.activity ?? input.activity;
  const pyramidal = cells.filter(({ answers }) => !answers);
  const interneurons = cells.filter(({ answers }) => answers);
  const besides = new Map(interneurons.map((cell) => [cell.area.incoming[0]?.from, cell]));
  const receiveBasal = (cell: Cells) =>
    receiveBy(compute, cell.basal, cell.below, activity, options, cell.area.bias);
  // Where only the input projects, basal potentials stay fixed, and an earlier phase of the step may have them.
  const isFixed = (cell: Cells) => cell.below.every(({ from }) => from.isInput);

  const ascended = new Map<Area, Tensor>();
  const up = (isFirst: boolean) => {
    for (const cell of pyramidal) {
      if (!isFixed(cell) || (isFirst && !known)) receiveBasal(cell);
      else if (isFirst && known) compute.copy(cell.basal, known.compartment(cell.area, 'basal'));
      settle(setting, cell, options, isFirst);
      const beside = besides.get(cell.area);
      if (beside) receiveBasal(beside);
    }
    for (const cell of interneurons) hear(setting, cell, byArea, conductances);
  };
  const down = () => {
    for (const cell of [...pyramidal].reverse()) {
      const beside = besides.get(cell.area);
      if (beside) hear(setting, beside, byArea, conductances);
      if (cell.apical) receiveBy(compute, cell.apical, cell.above, activity, options);
      settle(setting, cell, options, false);
    }
  };
  up(true);
  for (let sweep = 1; sweep <= steps; sweep++) {
    if (sweep > 1) up(false);
    if (sweep === steps) for (const cell of pyramidal) keepAscended(compute, cell, ascended);
    down();
  }
  for (const { apical } of cells) if (apical && steps === 0) compute.fill(apical, 0);
  const predictions = predictionsOf(compute, cells, conductances);
  const { pass, compartments } = recordOf(setting, cells, predictions, input);
  const activities = network.areas.map((area, index) => ascended.get(area) ?? pass.activities[index]);
  return compartmentPhaseOf(compute, name, { ...pass, activities }, compartments);
}

/** Sets u at rest, and the activity from it. `isAlone`: there is no top-down input yet. */
function settle(setting: Setting, cell: Cells, options: DendritesOptions, isAlone: boolean): void {
  const { compute } = setting;
  const { conductances = CONDUCTANCES, nudge = 0, teach } = options;
  const { area, basal, apical, potential } = cell;
  const shares = sharesOf(area, conductances);
  if (apical && !isAlone) compute.combine(potential, basal, apical, shares.basal, shares.apical);
  else compute.scale(potential, basal, shares.basal);
  const teaching = teach?.(area);
  if (teaching) {
    const share = teaching.conductance / (shares.total + teaching.conductance);
    compute.combine(potential, potential, teaching.potential, 1 - share, share);
  }
  if (cell.objective && nudge !== 0) {
    if (isAlone) show(compute, cell);
    // The error is that of the previous rates; from sweep to sweep the two converge.
    pullBy(setting, cell, nudge / shares.total);
  }
  show(compute, cell);
}

/** Keeps the activity of an area's forward pass, for areas that send further up. */
function keepAscended(compute: Compute, { area, activity }: Cells, kept: Map<Area, Tensor>): void {
  if (!area.outgoing.some(({ kind }) => kind !== 'feedback')) return;
  const copy = compute.temporary(activity.shape);
  compute.copy(copy, activity);
  kept.set(area, copy);
}

/** Sets u_I between the prediction of its dendrite and the cell above that it answers. */
function hear(
  { compute }: Setting,
  cell: Cells,
  byArea: ReadonlyMap<Area, Cells>,
  conductances: Conductances,
): void {
  const above = byArea.get(cell.answers as Area) as Cells;
  const { total } = sharesOf(cell.area, conductances);
  const { interneuron = 0, teaching = 0 } = conductances;
  const whole = total + teaching;
  compute.combine(cell.potential, cell.basal, above.potential, interneuron / whole, teaching / whole);
  show(compute, cell);
}
