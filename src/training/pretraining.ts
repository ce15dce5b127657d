import { ApicalError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import { untaughtProjections } from '../rules/generative/readout.ts';
import type { Compute } from '../tensor/compute.ts';
import { parseConfig } from '../config/config.ts';
import type { Config, Pretraining } from '../config/config.ts';

/**
 * Returns the config of the run before a run with `pretraining`: the same network, data and seed, under a rule that trains
 * the areas one after the other, each for the same number of epochs. Throws `config.pretraining` if there is no hidden area.
 */
export function pretrainingConfig(
  { pretraining, ...config }: Config & { readonly pretraining: Pretraining },
  specification: NetworkSpecification,
): Config {
  const { rule, ruleOptions, epochs, optimiser } = pretraining;
  const areas = new Set(untaughtProjections(specification).map(({ to }) => to)).size;
  if (areas === 0) {
    throw new ApicalError(
      'config.pretraining',
      'pretraining trains hidden areas, but this network has none: add some (network.hidden), or leave pretraining out.',
    );
  }
  if ('epochsPerArea' in ruleOptions) {
    throw new ApicalError(
      'config.pretraining',
      'pretraining.ruleOptions.epochsPerArea cannot be set: use pretraining.epochs, the number of epochs per area.',
    );
  }
  return parseConfig(
    {
      ...config,
      rule,
      ruleOptions: { ...ruleOptions, epochsPerArea: epochs },
      epochs: epochs * areas,
      optimiser: { ...config.optimiser, projections: {}, ...optimiser },
      // These rules do not descend the loss, and their machines are too large to enumerate.
      probe: { ...config.probe, every: 0 },
      workers: 1,
      readout: undefined,
    },
    'pretraining',
  );
}

/** Copies the forward weights, including readouts, and the biases that pretraining has found to another network. */
export function takeOver(compute: Compute, from: Network, to: Network): void {
  const found = new Map(from.parameters.map((parameter) => [parameter.id, parameter]));
  const wanted = [
    ...to.projections.filter(({ kind }) => kind === 'forward'),
    ...to.areas.flatMap(({ bias, topDownBias }) => [bias, topDownBias]),
  ];
  for (const parameter of wanted) {
    const learned = parameter && found.get(parameter.id);
    if (parameter && learned) compute.copy(parameter.values, learned.values);
  }
}
