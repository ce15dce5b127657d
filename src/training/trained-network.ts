import type { DataDescription } from '../datasets/dataset.ts';
import { isStochastic, stochastic } from '../dynamics/index.ts';
import type { Phase } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import { blackBox, outputArea, plainDescent } from '../network/index.ts';
import type { Area, Network } from '../network/index.ts';
import { OWN_TARGET } from '../network/objectives/targets.ts';
import type { Learner } from '../learning/learner.ts';
import type { Rule } from '../learning/rule.ts';
import { hasActivation } from '../tensor/activation.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Config } from '../config/config.ts';
import { learnerFor } from './of-config/learner-of-config.ts';
import { readSeriesFor, respondInTime } from './time/prediction-in-time.ts';
import type { AnswerRows, GivenSeries } from './time/prediction-in-time.ts';
import type { Training } from './training.ts';

/**
 * Inputs to predict for: flat values, rows, or values with their shape (count, …). A `Uint8Array` holds bytes as the data
 * set stores them (0 … 255 for pictures) and is scaled as in training; other numbers are used as they are. Sequences are
 * [sequence][step][value], of any lengths, or have the shape (count, steps, …); a stream has a row per step.
 */
export type Inputs =
  | ArrayLike<number>
  | readonly ArrayLike<number>[]
  | readonly (readonly ArrayLike<number>[])[]
  | { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/** The predictions of a network. */
export interface Answers {
  /** Number of answers: one per example or sequence, or one per step, sequence by sequence. */
  readonly count: number;
  /** Number of answers per sequence or stream, if there is one per step; those after its end mean nothing. */
  readonly steps?: number;
  /** Number of outputs per example. */
  readonly width: number;
  /** (count, width): outputs, which are logits under cross-entropy. In the number type of the backend. */
  readonly outputs: Float32Array | Float64Array;
  /** (count, width): softmax of the outputs, if they were trained as logits; undefined otherwise. */
  readonly probabilities: Float32Array | Float64Array | undefined;
  /** (count): the class with the largest output (the first of equal ones); undefined if outputs name no class. */
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
      learnerFor(compute, config, { dataset: data, inputUnits: unitsOf(data), loss }, rule, {
        optimiserOf: () => plainDescent(0),
      });
  }

  get network(): Network {
    return this.learner.network;
  }

  /** The names of the classes; undefined for regression. */
  get classes(): readonly string[] | undefined {
    const { task, classNames, targetSize } = this.data;
    if (task !== 'classification') return undefined;
    return classNames ?? Array.from({ length: targetSize }, (_, index) => String(index));
  }

  /**
   * Predicts for inputs, `batch` examples at a time. Sequences and streams start from rest, and have one answer, at the
   * last step, or one per step, as they were learned. Throws `predict.shape` and `predict.values` (not finite).
   */
  predict(inputs: Inputs, batch = BATCH): Answers {
    const area = outputArea(this.network);
    const { time } = this.data;
    const given = time ? readSeriesFor(this.data, inputs) : this.#examples(inputs);
    const perSeries = time && time.targets !== 'last' ? (given as GivenSeries).steps : 1;
    const count = given.count * perSeries;
    const width = area.units;
    const Floats = this.compute.backend.float === 'f64' ? Float64Array : Float32Array;
    const outputs = new Floats(count * width);
    const hasShares = this.#answersClasses && isLogits(this.learner, area);
    const probabilities = hasShares ? new Floats(count * width) : undefined;
    /** Keeps the outputs of a phase from answer `first` on, or some of its rows. */
    const keep = (phase: Phase, first: number, rows?: AnswerRows) => {
      const output = phase.output(area);
      keepRows(outputs, first, output, rows);
      if (!probabilities) return;
      const shares = this.compute.temporary(output.shape);
      this.compute.softmax(shares, output);
      keepRows(probabilities, first, shares, rows);
    };
    for (let first = 0; first < given.count; first += batch) {
      const size = Math.min(batch, given.count - first);
      if (time) {
        const part = { first, size, targets: time.targets };
        const visit = (phase: Phase, rows: AnswerRows) => keep(phase, 0, rows);
        respondInTime(this.compute, this.learner, this.data, given as GivenSeries, part, visit);
      } else {
        this.compute.scope(() => {
          this.learner.respond(this.#toHeap(given.data, first, size), (phase) => keep(phase, first));
        });
      }
    }
    const classes = this.#answersClasses ? largestOfRows(outputs, width) : undefined;
    return { count, width, outputs, probabilities, classes, ...(perSeries > 1 ? { steps: perSeries } : {}) };
  }

  /** Whether the output is compared with class labels; without an objective it names no class. */
  get #answersClasses(): boolean {
    const { objectives } = this.network;
    return this.data.task === 'classification' && objectives.some(({ target }) => target === OWN_TARGET);
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
    } else data = inputs as ArrayLike<number>;
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
  return draws && hasActivation(area, 'linear');
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

/** Keeps rows of an output as answers: all of them from answer `first` on, or those that are named. */
function keepRows(
  answers: Float32Array | Float64Array,
  first: number,
  { data, columns }: Tensor,
  rows?: AnswerRows,
): void {
  if (!rows) answers.set(data, first * columns);
  for (const [row, answer] of rows ?? []) {
    answers.set(data.subarray(row * columns, (row + 1) * columns), answer * columns);
  }
}

export const unitsOf = ({ inputShape }: DataDescription): number =>
  inputShape.reduce((product, length) => product * length, 1);

const isNamed = (objective: Config['objective']): boolean =>
  objective === undefined || ['cross-entropy', 'squared-error', 'zero-one', 'none'].includes(objective);

const isRows = (inputs: Inputs): inputs is readonly ArrayLike<number>[] =>
  Array.isArray(inputs) && typeof inputs[0] === 'object';

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
