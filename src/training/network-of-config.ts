import type { DataDescription } from '../datasets/dataset.ts';
import { ApicalError } from '../errors.ts';
import { convolutionalStack } from '../network/convolutional-stack.ts';
import type { ConvolutionalLayer } from '../network/convolutional-stack.ts';
import type { Initialisation } from '../network/initialisation.ts';
import type { LossName } from '../network/objectives/known-losses.ts';
import type { Loss } from '../network/objectives/loss.ts';
import { lossOf } from '../network/objectives/resolve.ts';
import type { NetworkSpecification, ProjectionSpecification } from '../network/specification.ts';
import { stack } from '../network/specification.ts';
import type { Config } from '../config/config.ts';
import { activationFor } from './activation-of-config.ts';
import type { Examples } from './examples.ts';

/** Returns the network of a config for the sizes of the data. Throws `config.network`, `config.objective` and `network.kernel`. */
export function networkFor(
  config: Config,
  examples: { dataset: DataDescription } & Pick<Examples, 'inputUnits' | 'loss'>,
): NetworkSpecification {
  const { dataset, inputUnits, loss } = examples;
  const { graph, network } = config;
  const objective = objectiveOf(config, examples);
  const isRecurrent = isRecurrentFor(config, dataset);
  if (!graph) {
    const { hidden, activation, outputActivation, dropout, inputDropout, density, bias, initialisation } =
      network;
    const { convolutions = [], excitatory, storage } = network;
    const common = {
      activation: activationFor(activation),
      outputActivation: activationFor(outputActivation),
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
      const specification = { ...stack({ ...common, ...given, layers }), batch: config.batch };
      return isRecurrent ? withRecurrence(specification) : specification;
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
    const specification = convolutionalStack({
      ...common,
      input: pictureOf(dataset),
      convolutions: convolutions.map((layer) => withoutUndefined(layer) as ConvolutionalLayer),
      hidden,
      outputs: dataset.targetSize,
    });
    return isRecurrent ? withRecurrence(specification) : specification;
  }
  const { objectives: named, ...plain } = withoutUndefined(graph);
  const areas = plain.areas.map(({ activation, ...area }) => ({
    ...area,
    ...(activation === undefined ? {} : { activation: activationFor(activation) }),
  }));
  const objectives = named.map((each) => ({ ...each, kind: each.kind === 'black-box' ? loss : each.kind }));
  const specification = { ...plain, areas, objectives, batch: config.batch } as NetworkSpecification;
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

/** Returns whether hidden areas project to themselves. Throws `config.network` if the data have no time axis. */
function isRecurrentFor({ network, graph }: Config, { title, time }: DataDescription): boolean {
  const { recurrent = time !== undefined } = network;
  if (!recurrent || (time && !graph) || network.recurrent === undefined) return recurrent;
  throw new ApicalError(
    'config.network',
    graph
      ? 'network.recurrent has no place beside graph: give its areas lateral projections instead.'
      : `network.recurrent is true, but ${title} has no time axis. Leave it out.`,
  );
}

/** Returns the stack with a lateral projection from each dense hidden area to itself. */
function withRecurrence(specification: NetworkSpecification): NetworkSpecification {
  const { areas, projections, input, objectives } = specification;
  const hidden = areas.filter(
    ({ id, shape }) => shape.length === 1 && id !== input && !objectives.some(({ area }) => area === id),
  );
  return {
    ...specification,
    projections: [
      ...projections,
      ...hidden.map(({ id }): ProjectionSpecification => {
        const { density, excitatory, initialisation } = projections.find(({ to }) => to === id) ?? {};
        return {
          ...{ id: `${id}→${id}`, from: id, to: id, kind: 'lateral' },
          ...(density === undefined ? {} : { density }),
          ...(excitatory === undefined ? {} : { excitatory }),
          ...(initialisation === undefined ? {} : { initialisation }),
        };
      }),
    ],
  };
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
