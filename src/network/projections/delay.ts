import { ApicalError } from '../../errors.ts';
import { Sequence, stream } from '../../random/stream.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Delay } from '../area.ts';
import type { ProjectionSpecification } from '../specification.ts';
import { projectionId } from '../specification.ts';

/** Returns the delay of a projection. Drawn delays depend on the seed and the id of the projection alone. */
export function delayOf(
  compute: Compute,
  specification: ProjectionSpecification,
  units: number,
  seed: number,
): Delay {
  const [minimum, maximum] = rangeOf(specification);
  if (minimum === maximum) return { longest: maximum, groups: [{ steps: maximum, units: undefined }] };
  const draws = new Sequence(stream(seed, `delay ${projectionId(specification)}`));
  const delays = Array.from({ length: units }, () => minimum + draws.below(maximum - minimum + 1));
  const groups = [...new Set(delays)]
    .sort((a, b) => a - b)
    .map((steps) => ({
      steps,
      units: compute.allocate([units]).set(delays.map((delay) => (delay === steps ? 1 : 0))),
    }));
  return { longest: Math.max(...delays), groups };
}

/** Whether a projection carries activity of the same step, so that the areas it joins have an order. */
export const isImmediate = (projection: ProjectionSpecification): boolean =>
  (projection.kind ?? 'forward') === 'forward' ||
  (projection.delay !== undefined && rangeOf(projection)[0] === 0);

/** Whether a projection has another delay than projections of its kind have by default. */
export const isDelayed = (projection: ProjectionSpecification): boolean => {
  const [minimum, maximum] = rangeOf(projection);
  const usual = defaultOf(projection);
  return minimum !== usual || maximum !== usual;
};

/** Throws `network.delay` if a delay is no whole number of steps, or its range is empty. */
export function checkDelay(projection: ProjectionSpecification): void {
  const [minimum, maximum] = rangeOf(projection);
  const isWhole = (steps: number) => Number.isInteger(steps) && steps >= 0;
  if (isWhole(minimum) && isWhole(maximum) && minimum <= maximum) return;
  throw new ApicalError(
    'network.delay',
    `Projection "${projectionId(projection)}" has the delay ${minimum === maximum ? minimum : `${minimum} to ${maximum}`}, but a delay is a whole number of steps from 0, or a range from a smaller to a larger one.`,
    { projection: projectionId(projection), minimum, maximum },
  );
}

function rangeOf(projection: ProjectionSpecification): readonly [minimum: number, maximum: number] {
  const { delay = defaultOf(projection) } = projection;
  return typeof delay === 'number' ? [delay, delay] : [delay.minimum, delay.maximum];
}

const defaultOf = ({ kind }: ProjectionSpecification): number => (kind === 'lateral' ? 1 : 0);
