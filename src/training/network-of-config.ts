import type { DataDescription } from '../datasets/dataset.ts';
import { ApicalError } from '../errors.ts';
import { convolutionalStack } from '../network/convolutional-stack.ts';
import type { ConvolutionalLayer } from '../network/convolutional-stack.ts';
import type { Initialisation } from '../network/initialisation.ts';
import type { LossName } from '../network/objectives/known-losses.ts';
import type { Loss } from '../network/objectives/loss.ts';
import { lossOf } from '../network/objectives/resolve.ts';
import type { NetworkSpecification } from '../network/specification.ts';
import { stack } from '../network/specification.ts';
import type { Config } from '../config/config.ts';
import type { Examples } from './examples.ts';

/** Returns the network of a config for the sizes of the data. Throws `config.network`, `config.objective` and `network.kernel`. */
export function networkFor(
  config: Config,
  examples: { dataset: DataDescription } & Pick<Examples, 'inputUnits' | 'loss'>,
): NetworkSpecification {
  const { dataset, inputUnits, loss } = examples;
  const { graph, network } = config;
  const objective = objectiveOf(config, examples);
  if (!graph) {
    const { hidden, activation, outputActivation, dropout, inputDropout, density, bias, initialisation } =
      network;
    const { convolutions = [], excitatory, storage } = network;
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
    if (convolutions.length === 0) {
      const given = {
        ...(excitatory === undefined ? {} : { excitatory }),
        ...(storage === undefined ? {} : { storage }),
      };
      const layers = [inputUnits, ...hidden, dataset.targetSize];
      return { ...stack({ ...common, ...given, layers }), batch: config.batch };
    }
    if (excitatory !== undefined) {
      throw new ApicalError(
        'config.network',
        `network.excitatory is ${excitatory}, but kernels are shared by excitatory and inhibitory units: leave out network.excitatory or network.convolutions.`,
      );
    }
    if (storage === 'sparse') {
      throw new ApicalError(
        'config.network',
        'network.storage is "sparse", but kernels are stored as matrices: leave out network.storage or network.convolutions.',
      );
    }
    return convolutionalStack({
      ...common,
      input: pictureOf(dataset),
      convolutions: convolutions.map((layer) => withoutUndefined(layer) as ConvolutionalLayer),
      hidden,
      outputs: dataset.targetSize,
    });
  }
  const { objectives: named, ...plain } = withoutUndefined(graph);
  const specification = {
    ...plain,
    objectives: named.map((each) => ({ ...each, kind: each.kind === 'black-box' ? loss : each.kind })),
    batch: config.batch,
  } as NetworkSpecification;
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

/** Returns the loss of a stack. Throws `config.objective` if it, or one of a graph, does not fit the data. */
function objectiveOf(
  { objective, graph }: Config,
  { dataset, loss }: { dataset: DataDescription } & Pick<Examples, 'loss'>,
): LossName | Loss {
  const named = objective ?? (dataset.task === 'classification' ? 'cross-entropy' : 'squared-error');
  const own = loss ?? (named as LossName);
  const objectives = graph
    ? graph.objectives.map((each) => (each.kind === 'black-box' ? loss : each.kind))
    : [own];
  if (objectives.includes(undefined)) {
    throw new ApicalError(
      'config.objective',
      'graph.objectives: "black-box" needs a loss: set objective to the path of a file that exports (output, target) => number.',
    );
  }
  for (const kind of objectives) {
    const needed = lossOf({ area: '', kind: kind as LossName | Loss });
    if (needed.target !== 'labels' || dataset.task !== 'regression') continue;
    throw new ApicalError(
      'config.objective',
      `objective: ${needed.name} needs class labels, but ${dataset.title} has target values. Use "squared-error".`,
    );
  }
  return own;
}

/** Returns channels, height and width of an example; a grey picture may lack its channel. Throws `config.network`. */
function pictureOf({ title, inputShape }: DataDescription): readonly number[] {
  if (inputShape.length === 2) return [1, ...inputShape];
  if (inputShape.length === 3) return inputShape;
  throw new ApicalError(
    'config.network',
    `network.convolutions needs pictures of shape (height, width) or (channels, height, width), but an example of ${title} has the shape (${inputShape.join(', ')}). Leave convolutions out.`,
  );
}

/** Returns the value without undefined keys, as exact optional types require. */
export function withoutUndefined<Value extends object>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
