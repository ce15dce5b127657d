import type { DataDescription } from '../../datasets/dataset.ts';
import { ApicalError } from '../../errors.ts';
import { convolutionalStack } from '../../network/convolutional-stack.ts';
import type { ConvolutionalLayer } from '../../network/convolutional-stack.ts';
import type { Initialisation } from '../../network/initialisation.ts';
import type { LossName } from '../../network/objectives/known-losses.ts';
import type { Loss } from '../../network/objectives/loss.ts';
import { lossOf } from '../../network/objectives/resolve.ts';
import { OWN_TARGET } from '../../network/objectives/targets.ts';
import type { NetworkSpecification } from '../../network/specification.ts';
import { withRecurrence } from '../../network/recurrence.ts';
import { stack } from '../../network/specification.ts';
import type { Config } from '../../config/config.ts';
import { activationFor } from './activation-of-config.ts';
import type { Examples } from '../examples.ts';

/** Returns the network of a config for the sizes of the data. Throws `config.network`, `config.objective` and `network.kernel`. */
export function networkFor(
  config: Config,
  examples: { dataset: DataDescription } & Pick<Examples, 'inputUnits' | 'loss'>,
): NetworkSpecification {
  const { dataset, inputUnits, loss } = examples;
  const { graph, network } = config;
  const objective = objectiveOf(config, examples);
  const isRecurrent = isRecurrentFor(config, dataset);
  const hints = { batch: config.batch, exampleShape: dataset.inputShape };
  if (!graph) {
    const { activation, outputActivation, dropout, inputDropout, density, bias, initialisation } = network;
    const { hidden: sizes, convolutions = [], excitatory, storage } = network;
    // Without an objective, the stack ends with its last hidden area; without targets, its last area has the objective.
    const hidden = objective && dataset.task === 'none' ? sizes.slice(0, -1) : sizes;
    const outputs = !objective ? 1 : dataset.task === 'none' ? (sizes.at(-1) ?? 1) : dataset.targetSize;
    const finished = (built: NetworkSpecification): NetworkSpecification => {
      const specification = { ...(objective ? built : withoutOutput(built)), ...hints };
      return isRecurrent ? withRecurrence(specification) : specification;
    };
    const common = {
      activation: activationFor(activation),
      outputActivation: activationFor(outputActivation),
      objective: objective ?? 'squared-error',
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
      const layers = [inputUnits, ...hidden, outputs];
      return finished(stack({ ...common, ...given, layers }));
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
    const convolutional = convolutionalStack({
      ...common,
      input: pictureOf(dataset),
      convolutions: convolutions.map((layer) => withoutUndefined(layer) as ConvolutionalLayer),
      hidden,
      outputs,
    });
    return finished(convolutional);
  }
  const { objectives: named, ...plain } = withoutUndefined(graph);
  const areas = plain.areas.map(({ activation, ...area }) => ({
    ...area,
    ...(activation === undefined ? {} : { activation: activationFor(activation) }),
  }));
  const objectives = named.map((each) => ({ ...each, kind: each.kind === 'black-box' ? loss : each.kind }));
  const specification = { ...plain, areas, objectives, ...hints } as NetworkSpecification;
  checkGraph(specification, dataset, inputUnits);
  return specification;
}

/** Throws `config.network` if the input or output areas of a graph have other sizes than the data. */
function checkGraph(
  { areas, input, objectives }: NetworkSpecification,
  { title, targetSize, task }: DataDescription,
  inputUnits: number,
): void {
  const areaOf = (id: string) => areas.find((area) => area.id === id);
  const unitsOf = (id: string) => areaOf(id)?.shape.reduce((product, length) => product * length, 1);
  if (!areaOf(input)?.part && unitsOf(input) !== inputUnits) {
    throw new ApicalError(
      'config.network',
      `graph.input: area "${input}" has ${unitsOf(input) ?? 'no'} units, but an example of ${title} has ${inputUnits} values.`,
    );
  }
  for (const { area, kind, target = OWN_TARGET } of objectives) {
    const needsTarget = target === OWN_TARGET && lossOf({ area, kind }).target !== 'none';
    if (task === 'none' || !needsTarget || unitsOf(area) === targetSize) continue;
    throw new ApicalError(
      'config.network',
      `graph.objectives: area "${area}" has ${unitsOf(area) ?? 'no'} units, but ${title} has ${targetSize} ${task === 'classification' ? 'classes' : 'target values'}.`,
    );
  }
}

/** The objective of a stack, by what the targets of the data are. */
const DEFAULT_OBJECTIVES = {
  classification: 'cross-entropy',
  regression: 'squared-error',
  none: 'none',
} as const;

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

/** Returns the stack without its output area. Throws `config.network` if it has no other area. */
function withoutOutput(specification: NetworkSpecification): NetworkSpecification {
  const { areas, projections } = specification;
  const kept = areas.slice(0, -1);
  if (kept.length === 1) {
    throw new ApicalError(
      'config.network',
      'network.hidden is empty, and without an objective there is no output area, so the network has nothing to learn. Give hidden areas, such as network.hidden=[100].',
    );
  }
  const has = (id: string) => kept.some((area) => area.id === id);
  return {
    ...specification,
    areas: kept,
    projections: projections.filter(({ to }) => has(to)),
    objectives: [],
  };
}

/**
 * Returns the loss of a stack; undefined for a stack without an objective. Throws `config.objective` if it, or one of a
 * graph, does not fit the data.
 */
function objectiveOf(
  { objective, graph }: Config,
  { dataset, loss }: { dataset: DataDescription } & Pick<Examples, 'loss'>,
): LossName | Loss | undefined {
  const named = objective ?? DEFAULT_OBJECTIVES[dataset.task];
  const own = loss ?? (named === 'none' ? undefined : (named as LossName));
  const objectives = graph
    ? graph.objectives.map((each) => (each.kind === 'black-box' ? loss : each.kind))
    : own === undefined
      ? []
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
