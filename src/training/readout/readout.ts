import type { ReadoutSettings } from '../../config/config.ts';
import type { DataDescription } from '../../datasets/dataset.ts';
import { ApicalError } from '../../errors.ts';
import type { Batch, Learner } from '../../learning/learner.ts';
import type { Area } from '../../network/area.ts';
import { outputArea } from '../../network/layout.ts';
import type { Network } from '../../network/network.ts';
import { didYouMean } from '../../suggest.ts';
import type { Compute } from '../../tensor/compute.ts';
import type { HeldOutScore, ReadoutScores } from '../records.ts';
import { ActivityReader } from './activity.ts';
import type { Features } from './activity.ts';
import type { Model } from './model.ts';
import { fitNeighbours } from './nearest-neighbours.ts';
import { normalisationOf } from './normalisation.ts';
import { fitRidge } from './ridge.ts';
import { fitSoftmax } from './softmax.ts';

/** A part of the data. */
export type Part = 'train' | 'validation' | 'test';

/**
 * Gathers a part of the data batch by batch, each in a scope, from rest in time; of the training examples at most `most`,
 * in an order that the seed decides. `visit` returns false to stop.
 */
export type GatherPart = (part: Part, most: number, visit: (batch: Batch) => boolean) => void;

/** What a readout is learned from. */
export interface ReadoutOptions {
  readonly compute: Compute;
  readonly learner: Learner;
  readonly settings: ReadoutSettings;
  readonly data: Pick<DataDescription, 'task' | 'targetSize'>;
  readonly seed: number;
  readonly gather: GatherPart;
}

/**
 * Learns the targets from the activity of areas on training examples, and returns the scores on held-out ones. It sends
 * nothing to the network and changes nothing in it: its weights, its state and its random numbers stay.
 */
export function readOut(options: ReadoutOptions): ReadoutScores {
  const { compute, learner, settings, data, gather } = options;
  const reader = new ActivityReader(
    compute,
    learner,
    areasOf(learner.network, settings.areas),
    settings.activity,
  );
  const training = collect(compute, reader, gather, settings.examples);
  let model: Model | undefined;
  const tally = compute.allocate([4], 'f64');
  try {
    const normalise = normalisationOf(settings.normalise, training.features);
    normalise(training.features);
    const fitted = (model = fit(options, training));
    const score = (part: Part): Required<HeldOutScore> | undefined => {
      tally.data.fill(0);
      gather(part, Infinity, (batch) => {
        const read = reader.read(batch);
        if (!read) return true;
        normalise(read.features);
        fitted.tally(read.features, read.targets, tally);
        return true;
      });
      const [loss = 0, wrong = 0, count = 0, power = 0] = tally.data;
      if (count === 0) return undefined;
      const isRegression = data.task === 'regression';
      const error = isRegression ? loss / (power || count) : wrong / count;
      return { loss: loss / count, error, errors: isRegression ? 0 : wrong, count };
    };
    const [validation, test] = [score('validation'), score('test')];
    return { ...(validation ? { validation } : {}), ...(test ? { test } : {}) };
  } finally {
    model?.dispose();
    compute.free(tally);
    compute.free(training.features);
    compute.free(training.targets);
  }
}

function fit({ compute, settings, data, seed }: ReadoutOptions, training: Features): Model {
  const { kind, regularisation, neighbours, epochs, rate } = settings;
  const outputs = data.targetSize;
  if (kind === 'ridge') return fitRidge(compute, training, { outputs, regularisation });
  if (kind === 'softmax') {
    return fitSoftmax(compute, training, { outputs, epochs, rate, regularisation, seed });
  }
  checkNeighbours(neighbours, training.features.rows);
  return fitNeighbours(compute, training, neighbours);
}

/** Returns the features of training examples on the heap. */
function collect(compute: Compute, reader: ActivityReader, gather: GatherPart, most: number): Features {
  const features: ArrayLike<number>[] = [];
  const targets: ArrayLike<number>[] = [];
  let rows = 0;
  let size: number | undefined;
  gather('train', most, (batch) => {
    const read = reader.read(batch);
    if (!read) return true;
    const taken = Math.min(read.features.rows, most - rows);
    size = read.targets.type === 'i32' ? undefined : read.targets.columns;
    features.push(read.features.data.slice(0, taken * reader.units));
    targets.push(read.targets.data.slice(0, taken * (size ?? 1)));
    rows += taken;
    return rows < most;
  });
  const result = {
    features: compute.allocate([rows, reader.units]),
    targets: size === undefined ? compute.allocate([rows], 'i32') : compute.allocate([rows, size]),
  };
  const fill = (data: { set(values: ArrayLike<number>, at: number): void }, parts: ArrayLike<number>[]) => {
    let at = 0;
    for (const part of parts) {
      data.set(part, at);
      at += part.length;
    }
  };
  fill(result.features.data, features);
  fill(result.targets.data, targets);
  return result;
}

/**
 * Checks the readout of a config, before anything is learned. Throws `config.readout` if an area does not exist, the data
 * have no targets, the kind does not fit them, or there are fewer training examples than neighbours.
 */
export function checkReadout(
  settings: ReadoutSettings,
  network: Network,
  { task, title }: Pick<DataDescription, 'task' | 'title'>,
  examples = Infinity,
): void {
  const { kind, areas, neighbours } = settings;
  if (task === 'none') {
    throw new ApicalError(
      'config.readout',
      `readout: ${title} has no targets for a readout to learn. Give labels or targets, or leave readout out.`,
    );
  }
  if (task === 'regression' && kind !== 'ridge') {
    throw new ApicalError(
      'config.readout',
      `readout.kind is "${kind}", which needs class labels, but ${title} has target values. Use "ridge".`,
      { kind },
    );
  }
  areasOf(network, areas);
  if (kind === 'nearest-neighbours') checkNeighbours(neighbours, Math.min(examples, settings.examples));
}

function checkNeighbours(neighbours: number, examples: number): void {
  if (neighbours <= examples) return;
  throw new ApicalError(
    'config.readout',
    `readout.neighbours is ${neighbours}, but the readout learns from only ${examples} training examples. Lower it.`,
    { neighbours, examples },
  );
}

/** Returns the areas that a readout reads, by default the last hidden area. Throws `config.readout`. */
function areasOf(network: Network, ids: readonly string[] | undefined): readonly Area[] {
  if (!ids) return [lastHidden(network)];
  return ids.map((id) => {
    const area = network.areas.find((other) => other.id === id);
    if (area) return area;
    const known = network.areas.map((other) => other.id);
    throw new ApicalError(
      'config.readout',
      `readout.areas: the network has no area "${id}".${didYouMean(id, known)} Its areas are ${known.join(', ')}.`,
      { area: id },
    );
  });
}

/** Returns the last area of the forward path without an objective; the output area if there is no other. */
function lastHidden(network: Network): Area {
  const { areas, objectives } = network;
  const hidden = areas.findLast(
    (area) =>
      !area.isInput &&
      area.incoming.some(({ kind }) => kind === 'forward') &&
      !objectives.some((objective) => objective.area === area && !objective.auxiliary),
  );
  return hidden ?? outputArea(network);
}
