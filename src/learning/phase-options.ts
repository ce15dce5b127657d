import type { Dynamics, PhaseOptions } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import { list } from '../list.ts';
import { didYouMean } from '../suggest.ts';

/** Throws `dynamics.option` for an option that the dynamics do not understand. */
export function checkPhaseOptions({ id, accepts }: Dynamics, phase: string, options: PhaseOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === 'inputs' || Object.hasOwn(accepts, name)) continue;
    const known = [...Object.keys(accepts), 'inputs'];
    throw new ApicalError(
      'dynamics.option',
      `Phase "${phase}" of the dynamics "${id}" has no option "${name}".${didYouMean(name, known)} It understands ${list(known)}.`,
      { phase, dynamics: id, option: name },
    );
  }
}
