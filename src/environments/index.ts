import { completeNumbers, realOption, wholeOption } from '../datasets/options.ts';
import type { DatasetOption } from '../datasets/options.ts';
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

/** The built-in environments. Others are opened by the path of a file that exports an environment. */
const ENTRIES: readonly EnvironmentEntry[] = [
  { id: 'cart-pole', options: [], make: () => cartPole },
  {
    id: 'pendulum',
    options: [wholeOption('substeps', 'Runge–Kutta steps per torque', 5, 1, 1000)],
    make: (options) => pendulum(options as { substeps: number }),
  },
  {
    id: 'bandit',
    options: [
      wholeOption('contexts', 'number of contexts, observed as one-hot vectors', 8, 1, 10_000),
      wholeOption('arms', 'number of arms', 4, 2, 1000),
      realOption('noise', 'standard deviation of a reward', 0.1, 0, 1000),
    ],
    make: (options) => bandit(options as unknown as BanditOptions),
  },
];

/** The ids of the built-in environments. */
export const environmentIds: readonly string[] = ENTRIES.map(({ id }) => id);

/**
 * Returns a built-in environment. Throws `environment.unknown`, which lists the known ids, or `environment.option`.
 *
 * @example
 * ```ts
 * import { environmentById, Sequence, stream } from 'apical/rules';
 *
 * const draws = new Sequence(stream(1, 'episode'));
 * const cartPole = environmentById('cart-pole');
 * const { state, reward } = cartPole.step(cartPole.reset(draws), [1], draws);
 * ```
 */
export function environmentById(id: string, options: Readonly<Record<string, number>> = {}): Environment {
  const entry = ENTRIES.find((known) => known.id === id);
  if (!entry) {
    throw new ApicalError(
      'environment.unknown',
      `There is no environment "${id}"; use ${environmentIds.join(', ')}, or the path of a file that exports one, such ` +
        `as ./mine.ts.${didYouMean(id, environmentIds)}`,
      { id, known: environmentIds },
    );
  }
  return entry.make(completeNumbers(`environment "${id}"`, 'environment.option', entry.options, options));
}
