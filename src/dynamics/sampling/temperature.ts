import { ApicalError } from '../../errors.ts';

/** Phase options of dynamics with a temperature. */
export interface Annealing {
  /** Number of steps or sweeps. Default: 10, or one for each temperature. */
  readonly steps?: number | undefined;
  /** T of all steps, or of each in turn. Default 1. */
  readonly temperature?: number | readonly number[] | undefined;
}

const STEPS = 10;

/**
 * Returns the temperature of each step: one temperature `steps` times, or a list as it is, whose length is the number
 * of steps. Throws `dynamics.temperature` for a temperature that is not a positive number.
 *
 * @example
 * ```ts
 * import { temperaturesOf } from 'apical/rules';
 *
 * console.log(temperaturesOf({ steps: 3, temperature: 0.5 })); // [0.5, 0.5, 0.5]
 * console.log(temperaturesOf({ temperature: [4, 2, 1, 1] })); // [4, 2, 1, 1]
 * ```
 */
export function temperaturesOf({ temperature = 1, steps = STEPS }: Annealing): readonly number[] {
  const all = typeof temperature === 'number' ? new Array<number>(steps).fill(temperature) : temperature;
  const wrong = all.find((value) => !(value > 0 && Number.isFinite(value)));
  if (wrong === undefined) return all;
  throw new ApicalError(
    'dynamics.temperature',
    `A temperature is ${wrong}, but it must be above 0. To reach the lowest energy nearby, let it fall towards 0, for example to 0.01.`,
    { temperature: wrong },
  );
}
