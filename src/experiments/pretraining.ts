import { ApicalError } from '../errors.ts';
import { connectionOf } from '../network/connection.ts';
import type { Network } from '../network/network.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import type { Compute } from '../tensor/compute.ts';
import { parseConfig } from './config.ts';
import type { Config, Pretraining } from './config.ts';

/**
 * The run that comes before a run with `pretraining`: the same network, data and seed under a rule that teaches areas one
 * after the other, each for as many epochs. Throws `config.pretraining` where no area is to be taught.
 */
export function pretrainingConfig(
  { pretraining, ...config }: Config & { readonly pretraining: Pretraining },
  specification: NetworkSpecification,
): Config {
  const { rule, ruleOptions, epochs, optimiser } = pretraining;
  const areas = areasBelowReadouts(specification);
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

/** Areas that receive by weights and have no objective. */
function areasBelowReadouts(specification: NetworkSpecification): number {
  const readouts = new Set(specification.objectives.map(({ area }) => area));
  const taught = specification.projections.filter(
    (projection) =>
      (projection.kind ?? 'forward') === 'forward' &&
      !readouts.has(projection.to) &&
      connectionOf(specification, projection).kind !== 'pooling',
  );
  return new Set(taught.map(({ to }) => to)).size;
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
