import { ApicalError } from '../errors.ts';
import { convolutionalStack } from '../network/convolutional-stack.ts';
import type { ConvolutionalLayer } from '../network/convolutional-stack.ts';
import type { Initialisation } from '../network/initialisation.ts';
import { stack } from '../network/specification.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import type { Config } from './config.ts';
import type { Examples } from './examples.ts';

/** The network that a config asks for, given the data's sizes. Throws `config.network` and `network.kernel`. */
export function networkFor(
  config: Config,
  examples: Pick<Examples, 'dataset' | 'inputUnits'>,
): NetworkSpecification {
  const { dataset, inputUnits } = examples;
  const { graph, network } = config;
  const objective =
    config.objective ?? (dataset.task === 'classification' ? 'cross-entropy' : 'squared-error');
  if (objective === 'cross-entropy' && dataset.task === 'regression') {
    throw new ApicalError(
      'config.objective',
      `objective: cross-entropy needs class labels, but ${dataset.title} has values as targets. Use "squared-error".`,
    );
  }
  if (!graph) {
    const { hidden, activation, outputActivation, dropout, inputDropout, density, bias, initialisation } =
      network;
    const common = {
      activation,
      outputActivation,
      objective,
      dropout,
      inputDropout,
      density,
      bias,
      ...(initialisation ? { initialisation: withoutUndefined(initialisation) as Initialisation } : {}),
    };
    const { convolutions = [] } = network;
    if (convolutions.length === 0) {
      return stack({ ...common, layers: [inputUnits, ...hidden, dataset.targetSize] });
    }
    return convolutionalStack({
      ...common,
      input: pictureOf(dataset),
      convolutions: convolutions.map((layer) => withoutUndefined(layer) as ConvolutionalLayer),
      hidden,
      outputs: dataset.targetSize,
    });
  }
  const specification = withoutUndefined(graph) as NetworkSpecification;
  const unitsOf = (id: string) =>
    specification.areas
      .find((area) => area.id === id)
      ?.shape.reduce((product, length) => product * length, 1);
  if (unitsOf(graph.input) !== inputUnits) {
    throw new ApicalError(
      'config.network',
      `graph.input: area "${graph.input}" has ${unitsOf(graph.input) ?? 'no'} units, but an example of ${dataset.title} has ${inputUnits} values.`,
    );
  }
  for (const { area } of graph.objectives) {
    if (unitsOf(area) !== dataset.targetSize) {
      throw new ApicalError(
        'config.network',
        `graph.objectives: area "${area}" has ${unitsOf(area) ?? 'no'} units, but ${dataset.title} has ${dataset.targetSize} ${dataset.task === 'classification' ? 'classes' : 'target values'}.`,
      );
    }
  }
  return specification;
}

/** Channels, height and width of an example; a grey picture may do without its channel. Throws `config.network`. */
function pictureOf({ title, inputShape }: Examples['dataset']): readonly number[] {
  if (inputShape.length === 2) return [1, ...inputShape];
  if (inputShape.length === 3) return inputShape;
  throw new ApicalError(
    'config.network',
    `network.convolutions needs pictures, (height, width) or (channels, height, width), but an example of ${title} has the shape (${inputShape.join(', ')}).`,
  );
}

/** Optional keys that are absent rather than undefined, as exact optional types want them. */
export function withoutUndefined<Value extends object>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
