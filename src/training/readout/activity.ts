import type { Phase } from '../../dynamics/index.ts';
import { ApicalError } from '../../errors.ts';
import type { Batch, Learner } from '../../learning/learner.ts';
import type { Area } from '../../network/area.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The features of examples, and what they stand for. */
export interface Features {
  /** (examples, units of all areas). */
  readonly features: Tensor;
  /** Class labels (examples) i32, or values (examples, size). */
  readonly targets: Tensor;
}

/**
 * Reads the activity of areas as features: the rates of the phase in which the network answers, without noise. In time each
 * step at which a target is due is an example of its own, with the activity of that step or its mean since the first.
 */
export class ActivityReader {
  readonly units: number;
  readonly #compute: Compute;
  readonly #learner: Learner;
  readonly #areas: readonly Area[];
  readonly #takesMean: boolean;
  /** Sums over the steps of each series so far, (series × units). */
  #sums = new Float64Array(0);

  constructor(compute: Compute, learner: Learner, areas: readonly Area[], activity: 'last' | 'mean') {
    this.#compute = compute;
    this.#learner = learner;
    this.#areas = areas;
    this.#takesMean = activity === 'mean';
    this.units = areas.reduce((sum, { units }) => sum + units, 0);
  }

  /**
   * Returns the features of a batch as temporaries of the open scope; undefined if no target is due in it. Throws
   * `readout.activity` if an area takes no part, or its activity is not finite.
   */
  read({ inputs, targets, time }: Batch): Features | undefined {
    if (!targets) return undefined;
    const due = time?.due?.data;
    const rows = Array.from({ length: inputs.rows }, (_, row) => row).filter((row) => due?.[row] !== 0);
    const compute = this.#compute;
    // Steps before the first target still count towards a mean.
    const features = compute.temporary([Math.max(1, rows.length), this.units]);
    this.#learner.respond(
      inputs,
      (phase) => {
        if (time && this.#takesMean) this.#meanRows(phase, rows, features, inputs.rows / time.steps, time);
        else this.#rows(phase, rows, features);
      },
      time,
      true,
    );
    return rows.length === 0 ? undefined : { features, targets: this.#targetsAt(targets, rows) };
  }

  /** Copies rows of the areas side by side. */
  #rows(phase: Phase, rows: readonly number[], { data }: Tensor): void {
    let first = 0;
    for (const area of this.#areas) {
      const rate = rateOf(phase, area);
      for (const [index, row] of rows.entries()) {
        data.set(rate.subarray(row * area.units, (row + 1) * area.units), index * this.units + first);
      }
      first += area.units;
    }
  }

  #meanRows(
    phase: Phase,
    rows: readonly number[],
    { data }: Tensor,
    series: number,
    { steps, first, continues }: NonNullable<Batch['time']>,
  ): void {
    const { units } = this;
    if (!continues) this.#sums = new Float64Array(series * units);
    const sums = this.#sums;
    const rates = this.#areas.map((area) => ({ rate: rateOf(phase, area), own: area.units }));
    let next = 0;
    for (let row = 0; row < steps * series; row++) {
      let at = (row % series) * units;
      for (const { rate, own } of rates) {
        for (let unit = 0; unit < own; unit++) {
          sums[at] = (sums[at] as number) + (rate[row * own + unit] as number);
          at += 1;
        }
      }
      if (rows[next] !== row) continue;
      const taken = first + Math.floor(row / series) + 1;
      for (let unit = 0; unit < units; unit++) {
        data[next * units + unit] = (sums[(row % series) * units + unit] as number) / taken;
      }
      next += 1;
    }
  }

  #targetsAt(targets: Tensor, rows: readonly number[]): Tensor {
    const compute = this.#compute;
    const indices = compute.temporary([rows.length], 'i32').set(rows);
    if (targets.type === 'i32') {
      const labels = compute.temporary([rows.length], 'i32');
      return labels.set(rows.map((row) => targets.data[row] as number));
    }
    const values = compute.temporary([rows.length, targets.columns]);
    compute.gatherRows(values, targets, indices, 1);
    return values;
  }
}

function rateOf(phase: Phase, area: Area): Float32Array | Float64Array {
  const fail = (reason: string): never => {
    throw new ApicalError('readout.activity', `The readout cannot read area "${area.id}": ${reason}.`, {
      area: area.id,
    });
  };
  if (!phase.takesPart(area)) {
    return fail('it takes no part in the phase in which the network answers. Choose other readout.areas');
  }
  const rate = phase.rate(area).data as Float32Array | Float64Array;
  if (!rate.every(Number.isFinite)) {
    return fail(
      'its activity is not finite. Lower optimiser.rate, or bound weights with optimiser.maximumNorm',
    );
  }
  return rate;
}
