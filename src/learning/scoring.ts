import type { BatchTime, Phase } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import { Area } from '../network/area.ts';
import { errorOf, lossesOf, tallyLosses } from '../network/objectives/objective.ts';
import type { Objective, Scored } from '../network/objectives/objective.ts';
import { EXAMPLE, OWN_TARGET } from '../network/objectives/targets.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What the objectives of a step are scored with. */
export interface ScoringContext {
  readonly compute: Compute;
  readonly objectives: readonly Objective[];
  /** A row of four f64 for each objective. */
  readonly tally: readonly Tensor[];
  readonly inputs: Tensor;
  /** The targets of the batch, and further ones by name. */
  readonly targets: Tensor | undefined;
  readonly named: Readonly<Record<string, Tensor>> | undefined;
  readonly weights: Tensor | undefined;
  /** Number of examples, sequences or streams. */
  readonly batch: number;
  readonly time: BatchTime | undefined;
  readonly views: number;
  nameOf(row: number): string;
}

/**
 * Scores the phases of one step: errors, losses, and the tally of the first phase that is scored. Of a phase in time,
 * each step is tallied once.
 */
export class Scoring {
  readonly #context: ScoringContext;
  #scored: object | undefined;
  /** Objectives, or names of a step and an objective in time. */
  readonly #tallied = new Set<Objective | string>();

  constructor(context: ScoringContext) {
    this.#context = context;
  }

  /** error ← ∂L/∂output of an objective, with the weights of the examples. Tallies the first phase. */
  error(phase: Phase, objective: Objective): Tensor {
    const output = phase.output(objective.area);
    const error = this.#context.compute.temporary(output.shape);
    const tally = this.#tallyFor(phase, objective);
    errorOf(objective, this.#scoredAt(objective, output, phase), error, tally);
    this.#weigh(error);
    return error;
  }

  /** error ← ∂L/∂output at activity that is still changing. It is never tallied. */
  pull(objective: Objective, output: Tensor, error: Tensor): void {
    errorOf(objective, this.#scoredAt(objective, output), error);
    this.#weigh(error);
  }

  /** Returns the loss of each row, over these objectives, with the weights of the examples. Tallies the first phase. */
  losses(phase: Phase, objectives: readonly Objective[]): Tensor {
    const { compute, weights } = this.#context;
    const rows = objectives[0] ? phase.output(objectives[0].area).rows : this.#rowsOf(phase);
    const total = compute.temporary([rows]);
    compute.fill(total, 0);
    for (const objective of objectives) {
      const scored = this.#scoredAt(objective, phase.output(objective.area), phase);
      const own = lossesOf(objective, scored);
      const tally = this.#tallyFor(phase, objective);
      if (tally) tallyLosses(objective, scored, tally, own);
      compute.add(total, total, own);
    }
    if (weights) compute.multiply(total, total, weights);
    return total;
  }

  /** Returns the target of an objective as values, (rows, units). */
  values(objective: Objective, phase?: Phase): Tensor {
    const target = this.#target(objective, phase);
    if (!target) {
      throw new ApicalError(
        'objective.target',
        `The objective "${objective.id}" compares its area with nothing, so there is no target to ask for.`,
        { objective: objective.id },
      );
    }
    return asValues(this.#context.compute, target, objective.area.units);
  }

  /** Returns the tally of an objective for the first phase that is scored; undefined for others. */
  #tallyFor(phase: Phase, objective: Objective): Tensor | undefined {
    const run = phase.run ?? phase;
    this.#scored ??= run;
    const key = phase.time === undefined ? objective : `${phase.time} ${objective.id}`;
    if (run !== this.#scored || this.#tallied.has(key)) return undefined;
    this.#tallied.add(key);
    const { tally, objectives } = this.#context;
    return tally[objectives.indexOf(objective)];
  }

  #scoredAt(objective: Objective, output: Tensor, phase?: Phase): Scored {
    const { compute, views, nameOf, time, batch } = this.#context;
    const { area, loss } = objective;
    const target = this.#target(objective, phase);
    const step = phase?.time ?? 0;
    return {
      compute,
      area: area.id,
      output,
      target: target && loss.target === 'values' ? this.#values(objective, target, area.units) : target,
      labels: target?.type === 'i32' ? target : undefined,
      views,
      nameOf: (row) => nameOf(time ? (step * batch + row) % batch : row),
      counted: time?.due && this.#rowsIn(time.due, phase),
    };
  }

  /** Returns the target of an objective as the batch holds it; undefined for an objective without one. */
  #target(objective: Objective, phase?: Phase): Tensor | undefined {
    const { inputs, targets, named = {} } = this.#context;
    const { target, loss, id, area } = objective;
    if (target === undefined) return undefined;
    if (target instanceof Area) {
      if (phase) return phase.output(target);
      throw new ApicalError(
        'objective.target',
        `The objective "${id}" compares "${area.id}" with "${target.id}", so its target depends on a phase, which must be given.`,
        { objective: id },
      );
    }
    // A further target may have any name, also that of a method of objects.
    const further = Object.hasOwn(named, target) ? named[target] : undefined;
    const found = further ?? (target === OWN_TARGET ? targets : target === EXAMPLE ? inputs : undefined);
    if (!found) {
      const known = [...(targets ? [OWN_TARGET] : []), ...Object.keys(named), EXAMPLE]
        .map((name) => `"${name}"`)
        .join(', ');
      throw new ApicalError(
        'objective.target',
        `The objective "${id}" needs the target "${target}", which the batch lacks. The batch has ${known}.`,
        { objective: id, target },
      );
    }
    if (loss.target === 'labels' && found.type !== 'i32') {
      throw new ApicalError(
        'objective.target',
        `The objective "${id}" (${loss.name}) needs class labels, but the target "${target}" holds values. Use a loss on values, such as squared-error.`,
        { objective: id, target },
      );
    }
    return this.#rowsIn(found, phase);
  }

  #values({ id }: Objective, target: Tensor, units: number): Tensor {
    const values = asValues(this.#context.compute, target, units);
    if (values.columns === units) return values;
    throw new ApicalError(
      'objective.target',
      `The objective "${id}" needs a target of ${units} values per example, but it has ${values.columns}.`,
      { objective: id, expected: units, found: values.columns },
    );
  }

  /** Returns the rows of a tensor in time that belong to a phase: all, or those of its step. */
  #rowsIn(tensor: Tensor, phase?: Phase): Tensor {
    const { batch } = this.#context;
    if (phase?.time === undefined) return tensor;
    const isVector = tensor.shape.length === 1;
    const rows = isVector ? tensor.reshape([tensor.size, 1]) : tensor;
    const part = rows.rowRange(phase.time * batch, batch);
    return isVector ? part.reshape([batch]) : part;
  }

  #rowsOf({ time }: Phase): number {
    return time === undefined ? this.#context.inputs.rows : this.#context.batch;
  }

  #weigh(error: Tensor): void {
    const { compute, weights } = this.#context;
    if (weights) compute.scaleRows(error, error, weights, 1, 0);
  }
}

/** Returns target values (rows, units); class labels become one-hot rows. */
function asValues(compute: Compute, target: Tensor, units: number): Tensor {
  if (target.type !== 'i32') return target;
  const values = compute.temporary([target.size, units]);
  compute.oneHot(values, target);
  return values;
}
