import type { DataDescription, TimeAxis } from '../../datasets/dataset.ts';
import type { Phase } from '../../dynamics/index.ts';
import { ApicalError } from '../../errors.ts';
import type { Learner } from '../../learning/learner.ts';
import type { Compute } from '../../tensor/compute.ts';
import { rowsOfSteps } from './batch-in-time.ts';
import { product } from '../own/own-numbers.ts';
import { readSeries } from '../own/own-sequences.ts';
import type { Inputs } from '../trained-network.ts';

/** Sequences, or one stream, to predict for: count × steps × values. */
export interface GivenSeries {
  readonly data: Float32Array | Uint8Array;
  readonly count: number;
  readonly steps: number;
  /** Number of steps of each; those after it are 0. */
  readonly lengths: readonly number[];
}

/** Reads inputs for a network that learned data in time. Throws `predict.shape`, `predict.values` and `dataset.…`. */
export function readSeriesFor(data: DataDescription, inputs: Inputs): GivenSeries {
  const { inputShape, time } = data;
  const units = product(inputShape);
  if (typeof inputs === 'object' && 'shape' in inputs) {
    const { shape } = inputs;
    const axes = time?.kind === 'stream' ? 1 : 2;
    const step = shape.slice(axes);
    const fits = step.join() === inputShape.join() || (product(step) === units && step.length <= 1);
    if (shape.length < axes || !fits) {
      throw new ApicalError(
        'predict.shape',
        `Inputs must have the shape (${[...(axes === 2 ? ['count'] : []), 'steps', ...inputShape].join(', ')}), but theirs is (${shape.join(', ')}).`,
        { expected: inputShape, found: shape },
      );
    }
    const [first = 1, second = 1] = shape;
    const [count, steps] = axes === 1 ? [1, first] : [first, second];
    const given = inputs.data instanceof Uint8Array ? inputs.data : Float32Array.from(inputs.data);
    return checked(readSeries(given, 'inputs', { steps, width: units }), count);
  }
  if (time?.kind === 'stream') {
    const isNested = Array.isArray(inputs) && typeof inputs[0] === 'object';
    const rows = isNested ? (inputs as readonly ArrayLike<number>[]) : undefined;
    const length = rows ? rows.length : (inputs as ArrayLike<number>).length / units;
    const nested = rows ? [rows] : inputs;
    return checked(readSeries(nested, 'inputs', { steps: Math.max(1, Math.floor(length)), width: units }));
  }
  const isFlat = !Array.isArray(inputs) || typeof inputs[0] !== 'object';
  const { length } = inputs as ArrayLike<number>;
  // Flat values are whole sequences, or a single one of another length.
  const known = (time?.steps ?? 1) * units;
  const steps = length % known === 0 ? time?.steps : Math.max(1, Math.floor(length / units));
  return checked(readSeries(inputs, 'inputs', { steps: isFlat ? steps : undefined, width: units }));
}

function checked(
  { values, count, steps, lengths }: ReturnType<typeof readSeries>,
  expected = count,
): GivenSeries {
  if (count === expected) return { data: values, count, steps, lengths };
  throw new ApicalError('predict.shape', `Inputs hold ${count} sequences, but their shape says ${expected}.`);
}

/** Rows of an output that are answers, with the number of each answer. */
export type AnswerRows = readonly (readonly [row: number, answer: number])[];

/** Number of steps computed at once, over all sequences. */
const MOST_STEPS = 16_384;

/**
 * Runs the sequences \`first\` to \`first + size − 1\` from rest, in windows. \`visit\` receives the phase of a window, and which
 * of its rows are answers, with their numbers.
 */
export function respondInTime(
  compute: Compute,
  learner: Learner,
  { inputShape, inputScale }: DataDescription,
  { data, steps, lengths }: GivenSeries,
  {
    first,
    size,
    targets,
  }: { readonly first: number; readonly size: number; readonly targets: TimeAxis['targets'] },
  visit: (phase: Phase, answers: AnswerRows) => void,
): void {
  const units = product(inputShape);
  const longest = Math.max(1, Math.floor(MOST_STEPS / size));
  for (let at = 0; at < steps; at += longest) {
    const window = { first: at, steps: Math.min(longest, steps - at), continues: at > 0 };
    compute.scope(() => {
      const rows = window.steps * size;
      const type = data instanceof Uint8Array ? 'u8' : compute.backend.float;
      const stored = compute.temporary([rows, units], type);
      const inputs = compute.temporary([rows, units]);
      const starts = Array.from({ length: size }, (_, index) => index * window.steps);
      const order = rowsOfSteps(compute, starts, { ...window, first: 0 });
      for (let index = 0; index < size; index++) {
        const from = ((first + index) * steps + at) * units;
        stored.data.set(data.subarray(from, from + window.steps * units), index * window.steps * units);
      }
      compute.gatherRows(inputs, stored, order, type === 'u8' ? inputScale : 1);
      const answers: (readonly [number, number])[] = [];
      for (let index = 0; index < size; index++) {
        for (let step = 0; step < window.steps; step++) {
          const now = at + step;
          if (targets !== 'last') answers.push([step * size + index, (first + index) * steps + now]);
          else if (now === (lengths[first + index] as number) - 1)
            answers.push([step * size + index, first + index]);
        }
      }
      const time = { ...window, count: window.steps * size };
      learner.respond(inputs, (phase) => visit(phase, answers), time);
    });
  }
}
