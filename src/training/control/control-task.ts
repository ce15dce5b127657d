import { actionSize } from '../../environments/index.ts';
import type { Environment } from '../../environments/index.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Task } from '../task.ts';
import { auditControl } from './audit.ts';
import { CONTROL_SOURCES, ControlTraining } from './control-training.ts';

/** Returns the task of acting in an environment. */
export function controlTask(compute: Compute, environment: Environment): Task {
  const { id, title, actions, timeLimit } = environment;
  const choice =
    actions.kind === 'discrete'
      ? plural(actions.count, 'action')
      : `continuous actions of ${plural(actions.low.length, 'dimension')}`;
  return {
    id,
    title,
    about: `${plural(environment.observations, 'observation')}, ${choice}, episodes of at most ${plural(timeLimit, 'step')}`,
    description: environment.solvedAt === undefined ? {} : { solvedAt: environment.solvedAt },
    data: {
      ...{ id, title, inputScale: 1 },
      task: actions.kind === 'discrete' ? 'classification' : 'regression',
      inputShape: [environment.observations],
      targetSize: actionSize(actions),
    },
    cites: [...environment.cites, ...CONTROL_SOURCES],
    begin: (config, { rule, critic = rule }, record) =>
      new ControlTraining({ compute, environment, config, rules: { actor: rule, critic }, record }),
    audit: (config, { rule, critic = rule }) =>
      auditControl(compute, environment, config, { actor: rule, critic }),
    dispose: () => undefined,
  };
}

const plural = (amount: number, word: string) => `${amount} ${word}${amount === 1 ? '' : 's'}`;
