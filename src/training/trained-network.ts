import type { DataDescription } from '../datasets/dataset.ts';
import { isStochastic, stochastic } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import { blackBox, outputArea, plainDescent } from '../network/index.ts';
import type { Area, Network } from '../network/index.ts';
import { Learner } from '../learning/learner.ts';
import { parseOptions } from '../learning/rule.ts';
import type { Rule } from '../learning/rule.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Config } from '../config/config.ts';
import { networkFor } from './network-of-config.ts';
import type { Training } from './training.ts';

/**
 * Inputs to predict for: flat values, rows, or values with their shape (count, …). A `Uint8Array` holds bytes as the data
 * set stores them (0 … 255 for pictures) and is scaled as in training; other numbers are used as they are.
 */
export type Inputs =
  | ArrayLike<number>
  | readonly ArrayLike<number>[]
  | { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/** The predictions of a network. */
export interface Answers {
  readonly count: number;
  /** Number of outputs per example. */
  readonly width: number;
  /** (count, width): outputs, which are logits under cross-entropy. In the number type of the backend. */
  readonly outputs: Float32Array | Float64Array;
  /** (count, width): softmax of the outputs, if they were trained as logits; undefined otherwise. */
  readonly probabilities: Float32Array | Float64Array | undefined;
  /** (count): the class with the largest output (the first of equal ones); undefined for regression. */
  readonly classes: Int32Array | undefined;
}

/** The parts of a trained network. */
export interface TrainedParts {
  readonly config: Config;
  readonly rule: Rule;
  readonly data: DataDescription;
  /** Identity of the run: the SHA-256 of its config. */
  readonly identity: string;
  /** Number of updates of the weights. */
  readonly step: number;
}

/** Resources that `dispose` of a trained network frees besides the network. */
export interface Ownership {
  /** Whether the backend belongs to the network. Default: false. */
  readonly ownsCompute?: boolean;
  /** The training that the network is taken over from. */
  readonly training?: Training;
}

/** Batches as large as in evaluation give the same bits as there, on every backend. */
const BATCH = 500;

/**
 * The trained network of a run. Its activity arises as in the run's evaluation: without dropout, and stochastic units pass
 * on their probabilities. A new instance has the initial weights of its seed; `loadNetwork` and `importWeights` replace
 * them.
 *
 * @example
 * import { loadNetwork, train } from 'apical';
 *
 * const result = await train({ dataset: 'rings', network: { hidden: [16] }, epochs: 1 });
 * const network = await loadNetwork(await result.save('runs/trained'));
 * console.log(network.predict([0.2, 0.7]).outputs, network.step, network.rule.id);
 * network.dispose();
 */
export class TrainedNetwork {
  readonly config: Config;
  readonly rule: Rule;
  readonly data: DataDescription;
  readonly identity: string;
  readonly step: number;
  /** Holds the weights and the state of the rule. */
  readonly learner: Learner;
  readonly compute: Compute;
  /** Whether the loss is known here: a loaded network lacks a user's own loss function. */
  readonly knowsLoss: boolean;
  readonly #ownsCompute: boolean;
  readonly #training: Training | undefined;
  #isDisposed = false;

  /**
   * Creates a network with the initial weights of its seed, or takes over the network of a training. Throws `config.…`,
   * `rule.options` and `network.…`.
   */
  constructor(compute: Compute, parts: TrainedParts, { ownsCompute = false, training }: Ownership = {}) {
    const { config, rule, data } = parts;
    this.config = config;
    this.rule = rule;
    this.data = data;
    this.identity = parts.identity;
    this.step = parts.step;
    this.compute = compute;
    this.#ownsCompute = ownsCompute;
    const isNamedLoss = isNamed(config.objective);
    this.knowsLoss = isNamedLoss || training !== undefined;
    const loss = isNamedLoss ? undefined : blackBox(() => 0);
    this.#training = training;
    this.learner =
      training?.learner ??
      new Learner(compute, {
        specification: networkFor(config, { dataset: data, inputUnits: unitsOf(data), loss }),
        rule,
        options: parseOptions(rule, config.ruleOptions),
        optimiserOf: () => plainDescent(0),
        seed: config.seed,
        epochs: config.epochs,
      });
  }

  get network(): Network {
    return this.learner.network;
  }

  /** The names of the classes; undefined for regression. */
  get classes(): readonly string[] | undefined {
    const { task, classNames, targetSize } = this.data;
    if (task === 'regression') return undefined;
    return classNames ?? Array.from({ length: targetSize }, (_, index) => String(index));
  }

  /** Predicts for inputs, `batch` examples at a time. Throws `predict.shape` and `predict.values` (not finite). */
  predict(inputs: Inputs, batch = BATCH): Answers {
    const area = outputArea(this.network);
    const { data, count } = this.#examples(inputs);
    const width = area.units;
    const Floats = this.compute.backend.float === 'f64' ? Float64Array : Float32Array;
    const outputs = new Floats(count * width);
    const probabilities =
      this.data.task === 'classification' && isLogits(this.learner, area)
        ? new Floats(count * width)
        : undefined;
    for (let first = 0; first < count; first += batch) {
      this.compute.scope(() => {
        const part = this.#toHeap(data, first, Math.min(batch, count - first));
        this.learner.respond(part, (phase) => {
          const output = phase.output(area);
          outputs.set(output.data, first * width);
          if (!probabilities) return;
          const shares = this.compute.temporary(output.shape);
          this.compute.softmax(shares, output);
          probabilities.set(shares.data, first * width);
        });
      });
    }
    const classes = this.data.task === 'classification' ? largestOfRows(outputs, width) : undefined;
    return { count, width, outputs, probabilities, classes };
  }

  /** Frees the memory of the network. Safe to call twice. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    (this.#training ?? this.learner).dispose();
    if (this.#ownsCompute) this.compute.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Returns inputs (count, units) as a temporary; bytes are scaled by the kernel that training uses. */
  #toHeap(data: ArrayLike<number>, first: number, count: number) {
    const units = unitsOf(this.data);
    const part = sliceOf(data, first * units, (first + count) * units);
    const inputs = this.compute.temporary([count, units]);
    if (!(part instanceof Uint8Array)) return inputs.set(part);
    const bytes = this.compute.temporary([count, units], 'u8').set(part);
    const indices = this.compute.temporary([count], 'i32');
    indices.set(Int32Array.from({ length: count }, (_, index) => index));
    this.compute.gatherRows(inputs, bytes, indices, this.data.inputScale);
    return inputs;
  }

  #examples(inputs: Inputs): { data: ArrayLike<number>; count: number } {
    const { inputShape } = this.data;
    const units = unitsOf(this.data);
    let data: ArrayLike<number>;
    if ('shape' in inputs) {
      const shape = inputs.shape.slice(1);
      const isFlat = shape.length === 1 && shape[0] === units;
      if (!isFlat && shape.join() !== inputShape.join()) throw wrongShape(inputShape, shape);
      data = inputs.data;
    } else if (isRows(inputs)) {
      const wrong = inputs.find((row) => row.length !== units);
      if (wrong) throw wrongShape(inputShape, [wrong.length]);
      data = Float64Array.from(inputs.flatMap((row) => Array.from(row)));
    } else data = inputs;
    if (data.length % units !== 0) {
      throw new ApicalError(
        'predict.shape',
        `An example has ${units} values, but ${data.length} values are given, which is not a multiple. Give whole examples.`,
        { units, length: data.length },
      );
    }
    checkFinite(data, units);
    return { data, count: data.length / units };
  }
}

/** Returns whether the outputs of an area are logits. */
export function isLogits({ network, rule }: Learner, area: Area): boolean {
  const objective = network.objectives.find((target) => target.area === area);
  if (objective?.loss.name === 'cross-entropy') return true;
  const draws = rule.dynamics === stochastic && isStochastic(network, area);
  return draws && area.activation === 'linear';
}

/** Returns a `predict.shape` error with the expected and the given shape of an example. */
export function wrongShape(
  expected: readonly number[],
  found: readonly number[],
  name?: string,
): ApicalError {
  const words = (shape: readonly number[]) =>
    shape.length === 1 ? `${shape[0] ?? 0} values` : shape.join(' × ');
  return new ApicalError(
    'predict.shape',
    `${name === undefined ? 'An' : `${name}: an`} example must be ${words(expected)}, but it is ${words(found)}.`,
    { expected, found },
  );
}

/** Counts wrong answers as a run does: an output that only ties with that of the label is wrong. */
export function countWrong({ outputs, width, count }: Answers, labels: ArrayLike<number>): number {
  let wrong = 0;
  for (let row = 0; row < count; row++) {
    const label = labels[row] as number;
    const output = outputs[row * width + label] as number;
    for (let unit = 0; unit < width; unit++) {
      if (unit === label || output > (outputs[row * width + unit] as number)) continue;
      wrong += 1;
      break;
    }
  }
  return wrong;
}

export const unitsOf = ({ inputShape }: DataDescription): number =>
  inputShape.reduce((product, length) => product * length, 1);

const isNamed = (objective: Config['objective']): boolean =>
  objective === undefined || ['cross-entropy', 'squared-error', 'zero-one'].includes(objective);

const isRows = (
  inputs: ArrayLike<number> | readonly ArrayLike<number>[],
): inputs is readonly ArrayLike<number>[] => Array.isArray(inputs) && typeof inputs[0] === 'object';

function sliceOf(data: ArrayLike<number>, first: number, end: number): ArrayLike<number> {
  if (data instanceof Uint8Array || data instanceof Float32Array || data instanceof Float64Array) {
    return data.subarray(first, end);
  }
  return Array.prototype.slice.call(data, first, end) as number[];
}

function checkFinite(data: ArrayLike<number>, units: number): void {
  if (data instanceof Uint8Array) return;
  for (let index = 0; index < data.length; index++) {
    if (Number.isFinite(data[index])) continue;
    throw new ApicalError(
      'predict.values',
      `Value ${index % units} of example ${Math.floor(index / units)} is ${data[index]}: every value must be a finite number.`,
      { example: Math.floor(index / units), value: data[index] },
    );
  }
}

function largestOfRows(outputs: ArrayLike<number>, width: number): Int32Array {
  return Int32Array.from({ length: outputs.length / width }, (_, row) => {
    let best = 0;
    for (let unit = 1; unit < width; unit++) {
      if ((outputs[row * width + unit] as number) > (outputs[row * width + best] as number)) best = unit;
    }
    return best;
  });
}
