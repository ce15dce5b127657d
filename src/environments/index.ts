import { completeNumbers } from '../datasets/index.ts';
import type { DatasetOption } from '../datasets/index.ts';
import { didYouMean } from '../suggest.ts';
import { ApicalError } from '../errors.ts';
import { bandit } from './bandit.ts';
import type { BanditOptions } from './bandit.ts';
import { cartPole } from './cart-pole.ts';
import type { Environment } from './environment.ts';
import { pendulum } from './pendulum.ts';

export { actionSize } from './environment.ts';
export type { Actions, Environment, State, Transition } from './environment.ts';
export { checkEnvironment } from './check.ts';
export { banditMeans } from './bandit.ts';

interface EnvironmentEntry {
  readonly id: string;
  readonly options: readonly DatasetOption[];
  make(options: Readonly<Record<string, number>>): Environment;
}

/** The environments known by name. Others are opened by the path of a file that exports one. */
const ENTRIES: readonly EnvironmentEntry[] = [
  { id: 'cart-pole', options: [], make: () => cartPole },
  {
    id: 'pendulum',
    options: [whole('substeps', 'Runge–Kutta steps for each torque', 5, 1, 1000)],
    make: (options) => pendulum(options as { substeps: number }),
  },
  {
    id: 'bandit',
    options: [
      whole('contexts', 'contexts, seen as one-hot inputs', 8, 1, 10_000),
      whole('arms', 'arms to choose from', 4, 2, 1000),
      {
        name: 'noise',
        meaning: 'standard deviation of a reward',
        default: 0.1,
        minimum: 0,
        maximum: 1000,
        whole: false,
      },
    ],
    make: (options) => bandit(options as unknown as BanditOptions),
  },
];

export const environmentIds: readonly string[] = ENTRIES.map(({ id }) => id);

/** The environment of this id. Throws `environment.unknown`, with the nearest known id, or `environment.option`. */
export function environmentById(id: string, options: Readonly<Record<string, number>> = {}): Environment {
  const entry = ENTRIES.find((known) => known.id === id);
  if (!entry) {
    throw new ApicalError(
      'environment.unknown',
      `There is no environment "${id}".${didYouMean(id, environmentIds)} Known are ${environmentIds.join(', ')}; ` +
        'a file that exports one is opened by its path, such as ./mine.ts.',
      { id, known: environmentIds },
    );
  }
  return entry.make(completeNumbers(`environment "${id}"`, 'environment.option', entry.options, options));
}

function whole(
  name: string,
  meaning: string,
  value: number,
  minimum: number,
  maximum: number,
): DatasetOption {
  return { name, meaning, default: value, minimum, maximum, whole: true };
}
