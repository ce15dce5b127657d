import type { Area } from '../../network/area.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { cellsOf, predictionsOf, pullBy, receiveBy, recordOf, sharesOf, show } from './cells.ts';
import type { Cells } from './cells.ts';
import { withDropout } from '../dropout.ts';
import { phaseOf } from '../phase.ts';
import type { Conductances, Dynamics, Phase, PhaseOptions, Setting } from '../phase.ts';

/** Where a phase does not say: those of Sacramento et al. (2018), by which a soma follows its basal dendrite. */
export const CONDUCTANCES: Conductances = { leak: 0.1, basal: 1, apical: 0.8, interneuron: 1, teaching: 0.5 };

/**
 * Cells with dendrites (see `Cells`) where they rest, found in sweeps rather than in time:
 *
 *   u = ( g_B v_B + g_A v_A ) / ( g_lk + g_B + g_A ),   u_I = ( g_D v_I + g_SI u_{k+1} ) / ( g_lk + g_D + g_SI )
 *   u_output = ( g_B v_B − β ∂C/∂r ) / ( g_lk + g_B )
 *
 * A pass up takes every area from the basal dendrites alone. Each of `steps` sweeps goes down, area by area, by what is
 * above now, and from the second on up again before. What an area is said to send is what it sent on its last way up,
 * which is what the basal dendrites above received. One sweep is a pass up and a pass down; with more, cells come to where
 * they rest, with an error that shrinks from sweep to sweep by about g_A/g times what goes round. A phase that starts
 * from another takes over what the input sent.
 */
export const dendrites: Dynamics = {
  id: 'dendrites',
  title: 'Somata between basal and apical dendrites',
  compartments: ['basal', 'apical', 'prediction'],
  run: rest,
};

function rest(setting: Setting, name: string, options: PhaseOptions = {}): Phase {
  const { compute, network, inputs } = setting;
  const { steps = 0, conductances = CONDUCTANCES } = options;
  const input = withDropout(setting, network.input, inputs);
  const cells = cellsOf(setting, options);
  const byArea = new Map(cells.map((its) => [its.area, its]));
  const activity = (area: Area): Tensor => byArea.get(area)?.activity ?? input.activity;
  const pyramidal = cells.filter(({ answers }) => !answers);
  const interneurons = cells.filter(({ answers }) => answers);
  const besides = new Map(interneurons.map((its) => [its.area.incoming[0]?.from, its]));
  const receiveBasal = (its: Cells) =>
    receiveBy(compute, its.basal, its.below, activity, options, its.area.bias);
  // What the input alone reaches does not change, and an earlier phase of the step may have it.
  const isFixed = (its: Cells) => its.below.every(({ from }) => from === network.input);
  const known = typeof options.start === 'object' ? options.start : undefined;

  const ascended = new Map<Area, Tensor>();
  const up = (isFirst: boolean) => {
    for (const its of pyramidal) {
      if (!isFixed(its) || (isFirst && !known)) receiveBasal(its);
      else if (isFirst && known) compute.copy(its.basal, known.compartment(its.area, 'basal'));
      settle(setting, its, options, isFirst);
      const beside = besides.get(its.area);
      if (beside) receiveBasal(beside);
    }
    for (const its of interneurons) hear(setting, its, byArea, conductances);
  };
  const down = () => {
    for (const its of [...pyramidal].reverse()) {
      const beside = besides.get(its.area);
      if (beside) hear(setting, beside, byArea, conductances);
      if (its.apical) receiveBy(compute, its.apical, its.above, activity, options);
      settle(setting, its, options, false);
    }
  };
  up(true);
  for (let sweep = 1; sweep <= steps; sweep++) {
    if (sweep > 1) up(false);
    if (sweep === steps) for (const its of pyramidal) keepAscended(compute, its, ascended);
    down();
  }
  for (const { apical } of cells) if (apical && steps === 0) compute.fill(apical, 0);
  const predictions = predictionsOf(compute, cells, conductances);
  const record = recordOf(setting, cells, predictions, input);
  const activities = network.areas.map((area, index) => ascended.get(area) ?? record.activities[index]);
  return phaseOf(name, { ...record, activities });
}

/** u where it rests, and what the cells send. `isAlone`: nothing has come down yet. */
function settle(setting: Setting, its: Cells, options: PhaseOptions, isAlone: boolean): void {
  const { compute } = setting;
  const { conductances = CONDUCTANCES, nudge = 0, teach } = options;
  const { area, basal, apical, potential } = its;
  const shares = sharesOf(area, conductances);
  if (apical && !isAlone) compute.combine(potential, basal, apical, shares.basal, shares.apical);
  else compute.scale(potential, basal, shares.basal);
  const teaching = teach?.(area);
  if (teaching) {
    const share = teaching.conductance / (shares.total + teaching.conductance);
    compute.combine(potential, potential, teaching.potential, 1 - share, share);
  }
  if (its.objective && nudge !== 0) {
    if (isAlone) show(compute, its);
    // The error is that of the rates until now: from sweep to sweep the two come together.
    pullBy(setting, its, nudge / shares.total);
  }
  show(compute, its);
}

/** Keeps what an area sends until now, where that goes further up. */
function keepAscended(compute: Compute, { area, activity }: Cells, kept: Map<Area, Tensor>): void {
  if (!area.outgoing.some(({ kind }) => kind !== 'feedback')) return;
  const copy = compute.temporary(activity.shape);
  compute.copy(copy, activity);
  kept.set(area, copy);
}

/** u_I between what its dendrite predicts and the cell above that it answers. */
function hear(
  { compute }: Setting,
  its: Cells,
  byArea: ReadonlyMap<Area, Cells>,
  conductances: Conductances,
): void {
  const above = byArea.get(its.answers as Area) as Cells;
  const { total } = sharesOf(its.area, conductances);
  const { interneuron = 0, teaching = 0 } = conductances;
  const whole = total + teaching;
  compute.combine(its.potential, its.basal, above.potential, interneuron / whole, teaching / whole);
  show(compute, its);
}
