import { outputArea, compareDirections, isLogits, materialise } from '../../src/entries/browser-internals.ts';
import type {
  Area,
  Batch,
  Compute,
  Examples,
  Learner,
  Parameter,
  Phase,
  Tensor,
  Term,
} from '../../src/entries/browser-internals.ts';
import type { ErrorSignal, LaneView, Watch } from '../protocol.ts';
import { tileCount, tileOf } from './history.ts';
import type { WeightHistory } from './history.ts';
import { incomingOf, shownSteps } from './shapes.ts';

const MOST_TILES = 48;
const MOST_PAIRS = 1200;
const SURFACE_SIDE = 60;
/** The plane covers −1.25 to 1.25 on both axes. */
export const SURFACE_REACH = 1.25;

/** The run that is viewed. Views never change its numbers. */
export interface Subject {
  readonly compute: Compute;
  readonly learner: Learner;
  readonly step: number;
  readonly history: WeightHistory;
  /** Absent for tasks that answer actions. */
  readonly examples: Examples | undefined;
}

/** Returns the views of a run that the page shows. */
export function look(subject: Subject, watch: Watch): LaneView {
  const { compute, learner, examples } = subject;
  const { network } = learner;
  const picture = examples?.dataset.inputShape;
  const area = network.areas.find(({ id }) => id === watch.area);
  const incoming = area && incomingOf(area);
  const shown = compute.scope(() => lookAtExample(subject, watch));
  return {
    ...shown,
    gallery:
      examples && answersClasses(subject) && watch.gallery.length > 0
        ? answersOf(subject, examples, watch.gallery)
        : undefined,
    tiles: incoming
      ? Array.from({ length: Math.min(MOST_TILES, tileCount(incoming)) }, (_, unit) =>
          tileOf(incoming, unit, incoming.from.isInput ? picture : undefined),
        )
      : [],
    unit:
      incoming && watch.unit !== null
        ? {
            tile: tileOf(incoming, watch.unit, incoming.from.isInput ? picture : undefined),
            history: watch.history ? subject.history.of(incoming.to.id, watch.unit, picture) : [],
          }
        : undefined,
    pairs: watch.projection === null ? undefined : pairsOf(subject, watch.projection),
    surface: watch.surface && answersClasses(subject) ? surfaceOf(subject) : undefined,
  };
}

/** Returns the selected example, the start of a stream, or a drawing as a batch of one. */
function batchOf({ compute, examples }: Subject, example: Watch['example']): Batch | undefined {
  if (!examples) return undefined;
  const { test, dataset, inputUnits } = examples;
  const steps = shownSteps(examples);
  const window = { first: 0, steps, continues: false };
  if (typeof example === 'number') {
    if (test.count === 0) return undefined;
    if (dataset.time?.kind === 'stream') return test.gatherStreams([0], window);
    return test.gather(compute.temporary([1], 'i32').set([Math.min(example, test.count - 1)]));
  }
  if (example.length !== steps * inputUnits) return undefined;
  const inputs = compute.temporary([steps, inputUnits]);
  inputs.set(Array.from(example, (value) => value * dataset.inputScale));
  // A drawing has no label, so its target is never used.
  const targets = compute.temporary([steps], 'i32').set(new Array<number>(steps).fill(0));
  return { inputs, targets, ...(dataset.time ? { time: { ...window, count: steps } } : {}) };
}

/** Passes to `visit` the activity of all areas for a batch; dynamics in time keep it for all steps on request. */
function respond({ learner }: Subject, batch: Batch, visit: (phase: Phase) => void): void {
  const { dynamics } = learner.rule;
  if (dynamics.inTime && 'history' in dynamics.accepts) {
    learner.observe(batch, 0, (step) => visit(step.run('evaluation', { history: true } as object)));
  } else learner.respond(batch.inputs, visit, batch.time);
}

function lookAtExample(
  subject: Subject,
  { example, errors }: Watch,
): Pick<LaneView, 'activities' | 'errors' | 'answer'> {
  const { compute, learner } = subject;
  const { network } = learner;
  const output = outputArea(network);
  const batch: Batch =
    batchOf(subject, example) ??
    (() => {
      const inputs = compute.temporary([1, network.input.units]);
      compute.fill(inputs, 0);
      return { inputs };
    })();
  const activities: Record<string, Float32Array> = {};
  let answer = new Float32Array();
  // Inputs are shown at all steps, other areas at the last step of the example.
  const { examples } = subject;
  const last = typeof example === 'number' && batch.time && examples ? lastShown(examples, example) : -1;
  respond(subject, batch, (phase) => {
    const lastOf = ({ data, columns, rows }: Tensor) => {
      const row = last < 0 ? rows - 1 : last;
      return Float32Array.from(data.subarray(row * columns, (row + 1) * columns));
    };
    for (const area of network.areas) {
      if (area === network.input) activities[area.id] = Float32Array.from(batch.inputs.data);
      else if (phase.takesPart(area)) activities[area.id] = lastOf(phase.activity(area));
    }
    answer = lastOf(shares(subject, phase.output(output)));
  });
  const hasTarget = errors && typeof example === 'number' && subject.examples !== undefined;
  return { activities, errors: hasTarget ? errorSignals(subject, batch) : {}, answer };
}

/** Returns the number of the last step that is shown of a test example. */
const lastShown = (examples: Examples, example: number): number =>
  Math.min(examples.test.lastStep(Math.min(example, examples.test.count - 1)), shownSteps(examples) - 1);

/**
 * Returns the error signal of the rule in every area for one example, with the exact error signal. Both are read from
 * the terms for the biases of the area, since ∂L/∂bias is the error signal itself.
 */
function errorSignals({ compute, learner, step }: Subject, batch: Batch): Record<string, ErrorSignal> {
  const reference = learner.rule.dynamics.reference?.(learner.network);
  const areas = learner.network.areas.filter((area) => area !== learner.network.input && area.bias);
  const result: Record<string, ErrorSignal> = {};
  learner.estimate(batch, step, (terms) => {
    const own = areas.map((area) => signalOf(compute, area, terms));
    const finish = (exact?: readonly (Tensor | undefined)[]) => {
      areas.forEach((area, index) => {
        const signal = own[index];
        const reference = exact?.[index];
        if (!signal) return;
        result[area.id] = {
          rule: Float32Array.from(signal.data),
          exact: reference ? Float32Array.from(reference.data) : undefined,
          angle: reference ? compareDirections(compute, signal, reference).angle : null,
        };
      });
    };
    if (!reference) {
      finish();
      return;
    }
    learner.estimate(
      batch,
      step,
      (exact) => finish(areas.map((area) => signalOf(compute, area, exact))),
      reference,
    );
  });
  return result;
}

function signalOf(
  compute: Compute,
  { bias }: Area,
  terms: ReadonlyMap<Parameter, readonly Term[]>,
): Tensor | undefined {
  const emitted = bias && terms.get(bias);
  if (!emitted || emitted.length === 0) return undefined;
  const signal = compute.temporary(bias.values.shape);
  materialise(compute, bias, signal, emitted);
  return signal;
}

function answersOf(
  subject: Subject,
  { test }: Examples,
  indices: readonly number[],
): NonNullable<LaneView['gallery']> {
  const { compute, learner } = subject;
  return compute.scope(() => {
    const { inputs, time } = test.gather(compute.temporary([indices.length], 'i32').set([...indices]));
    const classes = new Uint8Array(indices.length);
    const confidences = new Float32Array(indices.length);
    const visit = (phase: Phase) => {
      const { data, columns } = shares(subject, phase.output(outputArea(learner.network)));
      for (const [row, index] of indices.entries()) {
        const at = test.lastStep(index) * indices.length + row;
        const [best, value] = largest(data, at * columns, columns);
        classes[row] = best;
        confidences[row] = value;
      }
    };
    learner.respond(inputs, visit, time);
    return { classes, confidences };
  });
}

/** Returns whether the output of a network is compared with class labels, so that it names a class. */
const answersClasses = ({ learner, examples }: Subject): boolean =>
  examples?.dataset.task === 'classification' &&
  learner.network.objectives.some(({ target }) => target === 'target');

function surfaceOf(subject: Subject): LaneView['surface'] {
  const { compute, learner } = subject;
  if (learner.network.input.units !== 2 || subject.examples?.dataset.time) return undefined;
  const side = SURFACE_SIDE;
  return compute.scope(() => {
    const points = new Float32Array(2 * side * side);
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        points[2 * (row * side + column)] = SURFACE_REACH * ((2 * column + 1) / side - 1);
        points[2 * (row * side + column) + 1] = SURFACE_REACH * (1 - (2 * row + 1) / side);
      }
    }
    const classes = new Uint8Array(side * side);
    const confidences = new Uint8Array(side * side);
    learner.respond(compute.temporary([side * side, 2]).set(points), (phase) => {
      const { data, columns } = shares(subject, phase.output(outputArea(learner.network)));
      for (let row = 0; row < classes.length; row++) {
        const [best, value] = largest(data, row * columns, columns);
        classes[row] = best;
        confidences[row] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
    });
    return { side, classes, confidences };
  });
}

/** Returns class probabilities if the outputs are logits, else the outputs as they are. */
function shares({ compute, learner, examples }: Subject, output: Tensor): Tensor {
  if (examples?.dataset.task !== 'classification' || !isLogits(learner, outputArea(learner.network)))
    return output;
  const result = compute.temporary(output.shape);
  compute.softmax(result, output);
  return result;
}

function largest(data: ArrayLike<number>, first: number, count: number): [index: number, value: number] {
  let best = 0;
  for (let unit = 1; unit < count; unit++) {
    if ((data[first + unit] as number) > (data[first + best] as number)) best = unit;
  }
  return [best, data[first + best] as number];
}

/** Returns evenly spaced pairs of a transposed forward weight and the corresponding feedback weight. */
function pairsOf({ compute, learner }: Subject, id: string): LaneView['pairs'] {
  const projection = learner.network.projections.find((candidate) => candidate.id === id);
  const feedback = projection?.feedback;
  if (!projection || !feedback) return undefined;
  return compute.scope(() => {
    const transposed = compute.temporary(feedback.weights.shape);
    projection.exactFeedback(compute, transposed);
    // An odd stride reaches all columns.
    const every = Math.max(1, Math.floor(feedback.weights.size / MOST_PAIRS)) | 1;
    const count = Math.ceil(feedback.weights.size / every);
    const pick = ({ data }: Tensor) =>
      Float32Array.from({ length: count }, (_, index) => data[index * every] as number);
    return { forward: pick(transposed), feedback: pick(feedback.weights) };
  });
}
