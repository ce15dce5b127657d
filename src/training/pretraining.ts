import { ApicalError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import { untaughtProjections } from '../rules/generative/readout.ts';
import type { Compute } from '../tensor/compute.ts';
import { parseConfig } from '../config/config.ts';
import type { Config, Pretraining } from '../config/config.ts';

/**
 * The run that comes before a run with `pretraining`: the same network, data and seed under a rule that teaches areas one
 * after the other, each for as many epochs. Throws `config.pretraining` where no area is to be taught.
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
      'pretraining teaches hidden areas, and this network has none: give it some (network.hidden), or leave pretraining out.',
    );
  }
  if ('epochsPerArea' in ruleOptions) {
    throw new ApicalError(
      'config.pretraining',
      'pretraining.ruleOptions.epochsPerArea has no place: pretraining.epochs is how long each area learns.',
    );
  }
  return parseConfig(
    {
      ...config,
      rule,
      ruleOptions: { ...ruleOptions, epochsPerArea: epochs },
      epochs: epochs * areas,
      optimiser: { ...config.optimiser, projections: {}, ...optimiser },
      // What such rules go down is not the loss, and their machines are too large to go through.
      probe: { ...config.probe, every: 0 },
      workers: 1,
    },
    'pretraining',
  );
}

/** Gives a network the weights of forward projections, readouts included, and the thresholds that pretraining has found. */
export function takeOver(compute: Compute, from: Network, to: Network): void {
  const found = new Map(from.parameters.map((parameter) => [parameter.id, parameter]));
  const wanted = [
    ...to.projections.filter(({ kind }) => kind === 'forward'),
    ...to.areas.flatMap(({ bias, topDownBias }) => [bias, topDownBias]),
  ];
  for (const parameter of wanted) {
    const its = parameter && found.get(parameter.id);
    if (parameter && its) compute.copy(parameter.values, its.values);
  }
}
