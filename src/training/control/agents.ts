import type { Environment } from '../../environments/index.ts';
import { actionSize } from '../../environments/index.ts';
import { ApicalError } from '../../errors.ts';
import type { Initialisation } from '../../network/initialisation.ts';
import type { LossName } from '../../network/objectives/known-losses.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { stack } from '../../network/specification.ts';
import { stream } from '../../random/index.ts';
import { Learner } from '../../learning/learner.ts';
import { parseOptions } from '../../learning/rule.ts';
import type { Rule } from '../../learning/rule.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { Config } from '../../config/config.ts';
import { checkOverrides, optimiserFor } from '../checks.ts';
import { activationFor } from '../of-config/activation-of-config.ts';
import type { ActivationSetting } from '../of-config/activation-of-config.ts';
import { withoutUndefined } from '../of-config/network-of-config.ts';
import { criticOptions } from './critic-of-config.ts';

/**
 * Creates the network that chooses actions. It has one output per discrete action (a logit) or per dimension (a mean).
 * With network.outputActivation=tanh the mean stays within the bounds, beyond which nothing is learned.
 */
export function makeActor(compute: Compute, environment: Environment, config: Config, rule: Rule): Learner {
  const { actions } = environment;
  const { outputActivation } = config.network;
  if (actions.kind === 'discrete' && outputActivation !== 'linear') {
    throw new ApicalError(
      'config.network',
      `network.outputActivation is ${JSON.stringify(outputActivation)}, but the outputs of an actor with discrete actions are logits: use "linear".`,
    );
  }
  const actor = new Learner(compute, {
    specification: networkOf(
      config,
      [environment.observations, ...config.network.hidden, actionSize(actions)],
      actions.kind === 'discrete' ? 'cross-entropy' : 'squared-error',
      outputActivation,
    ),
    rule,
    options: parseOptions(rule, config.ruleOptions),
    optimiserOf: ({ id }) => optimiserFor(config, id),
    seed: config.seed,
    epochs: config.epochs,
  });
  checkOverrides(config, actor);
  return actor;
}

/** Creates the critic, whose output predicts the return. Its random numbers are independent of those of the actor. */
export function makeCritic(compute: Compute, environment: Environment, config: Config, rule: Rule): Learner {
  const critic = config.control?.critic;
  const hidden = critic?.hidden ?? config.network.hidden;
  const own = withoutUndefined({
    ...config.optimiser,
    ...critic?.optimiser,
    projections: {},
  }) as Config['optimiser'];
  const { key0, key1 } = stream(config.seed, 'critic');
  return new Learner(compute, {
    specification: networkOf(config, [environment.observations, ...hidden, 1], 'squared-error'),
    rule,
    options: parseOptions(rule, criticOptions(config)),
    optimiserOf: ({ id }) => optimiserFor({ ...config, optimiser: own }, id),
    seed: key0 * 2 ** 21 + (key1 >>> 11),
    epochs: config.epochs,
  });
}

function networkOf(
  { network }: Config,
  layers: readonly number[],
  objective: LossName,
  outputActivation: ActivationSetting = 'linear',
): NetworkSpecification {
  const { activation, dropout, inputDropout, density, bias, initialisation, storage } = network;
  return stack({
    layers,
    activation: activationFor(activation),
    outputActivation: activationFor(outputActivation),
    objective,
    dropout,
    inputDropout,
    density,
    bias,
    ...(storage === undefined ? {} : { storage }),
    ...(initialisation ? { initialisation: withoutUndefined(initialisation) as Initialisation } : {}),
  });
}
