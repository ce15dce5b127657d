import type { PredictionInput } from './prediction-input.ts';
import { countWrong } from '../training/trained-network.ts';
import type { Answers, TrainedNetwork } from '../training/trained-network.ts';

/** A class with its score: a probability if the network gives one, else the output of the class's unit. */
export interface ScoredClass {
  readonly class: number;
  readonly name: string;
  readonly score: number;
}

/** The prediction for one example. */
export interface PredictionRow {
  readonly index: number;
  /** Classification: the best class and the second best. */
  readonly answer?: ScoredClass;
  readonly second?: ScoredClass;
  /** The label in the file, if it has one. */
  readonly label?: { readonly class: number; readonly name: string };
  /** Regression: the outputs and, if the file has them, the targets. */
  readonly values?: readonly number[];
  readonly targets?: readonly number[];
}

/** The `--json` document of `apical predict`. */
export interface PredictionDocument {
  readonly version: 1;
  readonly kind: 'prediction';
  /** The folder of a run, or the file of an exported network. */
  readonly from: string;
  readonly identity: string;
  readonly rule: string;
  readonly step: number;
  readonly input: string;
  /** Names of the classes; null for regression. */
  readonly classes: readonly string[] | null;
  readonly scores: 'probability' | 'output';
  readonly rows: readonly PredictionRow[];
  /**
   * Null without labels. Classification: number and fraction of wrong answers. Regression: the squared error relative
   * to that of answering 0, with `errors` 0.
   */
  readonly result: { readonly error: number; readonly errors: number; readonly count: number } | null;
}

/** Returns the predictions for the examples of a file, with their labels if there are any. */
export function predictionDocument(
  trained: TrainedNetwork,
  answers: Answers,
  labels: PredictionInput['labels'],
  names: { readonly from: string; readonly input: string },
): PredictionDocument {
  const { identity, rule, step, classes } = trained;
  return {
    version: 1,
    kind: 'prediction',
    ...names,
    identity,
    rule: rule.id,
    step,
    classes: classes ?? null,
    scores: answers.probabilities ? 'probability' : 'output',
    rows: Array.from({ length: answers.count }, (_, index) =>
      classes ? classRow(answers, classes, labels, index) : valueRow(answers, labels, index),
    ),
    result: labels ? resultOf(answers, labels) : null,
  };
}

/** Returns CSV with one row per example and the score of every class (or every output). */
export function predictionCsv({ rows, classes, scores }: PredictionDocument, answers: Answers): string {
  const all = answers.probabilities ?? answers.outputs;
  const hasLabels = rows.some(({ label, targets }) => label ?? targets);
  const units = Array.from({ length: answers.width }, (_, unit) => unit);
  const header = classes
    ? [
        'index',
        'prediction',
        scores,
        'second',
        `second ${scores}`,
        ...(hasLabels ? ['label'] : []),
        ...classes,
      ]
    : [
        'index',
        ...units.map((unit) => `output ${unit}`),
        ...(hasLabels ? units.map((unit) => `target ${unit}`) : []),
      ];
  const lines = rows.map(({ index, answer, second, label, values, targets }) =>
    values
      ? [index, ...values, ...(targets ?? [])]
      : [
          index,
          answer?.name ?? '',
          answer?.score ?? '',
          second?.name ?? '',
          second?.score ?? '',
          ...(label ? [label.name] : []),
          ...units.map((unit) => all[index * answers.width + unit] as number),
        ],
  );
  return [header, ...lines].map((cells) => `${cells.map(cell).join(',')}\n`).join('');
}

const cell = (value: string | number): string => {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

function classRow(
  answers: Answers,
  classes: readonly string[],
  labels: PredictionInput['labels'],
  index: number,
): PredictionRow {
  const { width, outputs, probabilities } = answers;
  const first = answers.classes?.[index] ?? 0;
  let second = -1;
  for (let unit = 0; unit < width; unit++) {
    if (unit === first) continue;
    if (
      second < 0 ||
      (outputs[index * width + unit] as number) > (outputs[index * width + second] as number)
    ) {
      second = unit;
    }
  }
  const scored = (unit: number): ScoredClass => ({
    class: unit,
    name: classes[unit] ?? String(unit),
    score: (probabilities ?? outputs)[index * width + unit] as number,
  });
  const label = labels?.[index];
  return {
    index,
    answer: scored(first),
    ...(second < 0 ? {} : { second: scored(second) }),
    ...(label === undefined ? {} : { label: { class: label, name: classes[label] ?? String(label) } }),
  };
}

function valueRow(
  { width, outputs }: Answers,
  labels: PredictionInput['labels'],
  index: number,
): PredictionRow {
  const of = (all: ArrayLike<number>) =>
    Array.from({ length: width }, (_, unit) => all[index * width + unit] as number);
  return { index, values: of(outputs), ...(labels ? { targets: of(labels) } : {}) };
}

function resultOf(answers: Answers, labels: Int32Array | Float32Array): PredictionDocument['result'] {
  const { count, classes, outputs } = answers;
  if (classes) {
    const errors = countWrong(answers, labels);
    return { error: errors / count, errors, count };
  }
  let squares = 0;
  let power = 0;
  for (let index = 0; index < outputs.length; index++) {
    squares += ((outputs[index] as number) - (labels[index] as number)) ** 2;
    power += (labels[index] as number) ** 2;
  }
  return { error: squares / (power || count), errors: 0, count };
}
