import { hasDerivative } from '../../network/derivative.ts';
import type { Dynamics } from '../step.ts';
import type { FeedbackGainOptions } from './options.ts';
import { recurrentBackpropagateBy } from './recurrent-backpropagation.ts';
import { relax } from './relaxation.ts';
import type { SettlingDynamics } from './relaxation.ts';

/** Makes dynamics of a relaxation. Their exact reference is recurrent backpropagation. */
export function settlingDynamics<Options extends FeedbackGainOptions>(
  parts: Omit<SettlingDynamics<Options>, 'run' | 'reference'>,
): SettlingDynamics<Options> {
  const dynamics: SettlingDynamics<Options> = {
    ...parts,
    reference: ({ objectives }) =>
      objectives.every(hasDerivative) ? recurrentBackpropagateBy(dynamics) : undefined,
    run: (setting, name, options) => relax(parts.relaxation, setting, name, options),
  };
  return dynamics;
}

/** Whether activity settles under these dynamics. */
export const isSettling = (dynamics: Dynamics): dynamics is SettlingDynamics => 'relaxation' in dynamics;
