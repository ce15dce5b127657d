import type {
  Area,
  Config,
  Examples,
  Network,
  Projection,
  Task,
} from '../../src/entries/browser-internals.ts';
import type { AreaShape, NetworkShape, TaskInfo } from '../protocol.ts';

/** Number of steps that are shown of a stream. */
const STREAM_STEPS = 32;

/** Number of steps that are shown of a test example; 1 without a time axis. */
export const shownSteps = ({ test, dataset }: Examples): number =>
  dataset.time?.kind === 'stream' ? Math.min(STREAM_STEPS, test.steps) : test.steps;

/** Returns the shape in which an example is drawn: that of the data, or in time a row per step. */
export const drawnShape = (examples: Examples): readonly number[] =>
  examples.dataset.time ? [shownSteps(examples), examples.inputUnits] : examples.dataset.inputShape;

/** Returns the areas and projections of a network as the page draws them. */
export function shapeOf(network: Network, inputShape: readonly number[] | undefined): NetworkShape {
  const outputs = new Set(network.objectives.map(({ area }) => area));
  return {
    areas: network.areas.map((area): AreaShape => {
      const role = area.isInput ? 'input' : outputs.has(area) ? 'output' : 'hidden';
      return {
        id: area.id,
        units: area.units,
        grid: gridOf(area, role === 'input' ? inputShape : undefined),
        role,
        activation: area.activation.name,
        isSigned: area.activation.bounds[0] < 0,
      };
    }),
    projections: network.projections.map((projection) => ({
      id: projection.id,
      kind: projection.kind,
      from: projection.from.id,
      to: projection.to.id,
      plastic: projection.plastic,
      hasWeights: projection.hasWeights,
      synapses: projection.values.size,
      feedback: projection.feedback?.id,
    })),
  };
}

/** Returns rows and columns to draw an area: pictures keep their shape, feature maps are tiled, others are nearly square. */
export function gridOf(
  { units, shape }: Pick<Area, 'units' | 'shape'>,
  picture?: readonly number[],
): readonly [rows: number, columns: number] {
  const [first = units, second, third] = picture && picture.length > 1 ? picture : shape;
  if (third !== undefined && second !== undefined) {
    // Channels × height × width: the maps form a nearly square grid.
    const across = Math.ceil(Math.sqrt(first));
    return [Math.ceil(first / across) * second, across * third];
  }
  if (second !== undefined) return [first, second];
  if (units <= 16) return [1, units];
  const columns = Math.ceil(Math.sqrt(units));
  return [Math.ceil(units / columns), columns];
}

/** Returns the first incoming forward projection with weights. */
export const incomingOf = (area: Area): Projection | undefined =>
  area.incoming.find(({ kind, hasWeights }) => kind === 'forward' && hasWeights);

/** Number of training points shown on the plane. */
const POINTS = 400;

export function describeTask(task: Task, config: Config): TaskInfo {
  const { examples, id, title, about, cites } = task;
  const { inputUnits, dataset } = examples ?? {};
  const isPlane = examples && inputUnits === 2 && dataset?.task === 'classification' && !dataset.time;
  const [rows, columns] = examples ? drawnShape(examples) : [];
  return {
    kind: config.task.environment === undefined ? 'examples' : 'actions',
    id,
    title,
    about,
    data: examples?.dataset,
    picture: rows !== undefined && columns !== undefined ? [rows, columns] : undefined,
    cites,
    points: isPlane
      ? Float32Array.from(
          Array.from({ length: Math.min(POINTS, examples.train.count) }, (_, index) => {
            const [x = 0, y = 0] = Array.from(examples.train.input(index));
            return [x, y, examples.train.label(index)];
          }).flat(),
        )
      : undefined,
    testCount: examples?.test.count ?? 0,
  };
}
