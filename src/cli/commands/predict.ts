import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Option } from 'commander';
import { ApicalError } from '../../errors.ts';
import { loadNetwork } from '../../runs/load-network.ts';
import { predictionCsv, predictionDocument } from '../../studies/prediction.ts';
import type { PredictionDocument, PredictionRow } from '../../studies/prediction.ts';
import { readExamples } from '../../studies/prediction-input.ts';
import type { BackendName } from '../../backends/open.ts';
import { EXIT } from '../exit.ts';
import { percent, table, Terminal } from '../terminal.ts';

interface PredictArguments {
  readonly input?: string;
  readonly labels?: string;
  readonly invert?: boolean;
  readonly out?: string;
  readonly backend?: BackendName;
  readonly json?: boolean;
}

/** Rows of the table that a terminal is given; the files have all. */
const SHOWN = 20;

/** `apical predict`: what the network of a run answers to a user's own examples. */
export function addPredictCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('predict')
    .summary('what the network of a run answers to your own examples')
    .argument('<run>', 'the folder of a run, or a file that `apical export` wrote')
    .option('--input <file>', 'the examples: IDX (.gz or not), .csv, .tsv, .npz, .npy or one .png picture')
    .option(
      '--labels <column>',
      'where the right answers are: a column, an array of .npz, or a file of labels',
    )
    .option('--invert', 'turn pictures over: MNIST has light figures on a dark ground')
    .option('--out <file.csv>', 'write every answer with the scores of all classes')
    .addOption(
      new Option('--backend <name>', 'where to compute; that of the run by default').choices([
        'auto',
        'blas',
        'wasm',
        'reference',
      ]),
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical predict runs/… --input seven.png --invert',
        '  apical predict runs/… --input t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz',
        '  apical predict runs/… --input table.csv --labels species --out answers.csv',
        '  apical predict network.safetensors --input examples.npz --json',
        '',
      ].join('\n'),
    )
    .action(async (from: string, options: PredictArguments) => {
      const terminal = new Terminal(options.json ?? false);
      const { input, out } = options;
      if (input === undefined) {
        throw new ApicalError(
          'predict.input',
          'Predict what? Give --input a file of examples: IDX, .csv, .tsv, .npz, .npy or .png.',
        );
      }
      const trained = await loadNetwork(from, { backend: options.backend });
      try {
        const examples = await readExamples(input, trained, options);
        for (const note of examples.notes) terminal.note(note);
        const answers = trained.predict(examples.inputs);
        const document = predictionDocument(trained, answers, examples.labels, { from, input });
        if (out !== undefined) write(out, predictionCsv(document, answers));
        terminal.document(document);
        show(terminal, document, out);
      } finally {
        trained.dispose();
      }
      finish(EXIT.done);
    });
}

function show(terminal: Terminal, document: PredictionDocument, out: string | undefined): void {
  const { colours } = terminal;
  const { rows, classes, scores, result, rule, step, from } = document;
  terminal.line(`${colours.bold(rule)}, ${from} after ${step} updates\n`);
  const shown = rows.slice(0, SHOWN);
  terminal.line(classes ? classTable(shown, scores) : valueTable(shown));
  if (rows.length > shown.length) {
    terminal.line(`… and ${rows.length - shown.length} more: --out FILE.csv or --json gives all.`);
  }
  if (result) {
    terminal.line(
      classes
        ? `\nError ${percent(result.error)} (${result.errors} of ${result.count})`
        : `\nSquared error ${figure(result.error)} of that of answering 0 (${result.count} examples)`,
    );
  }
  if (out !== undefined) terminal.line(`\nAll answers: ${out}`);
}

function classTable(rows: readonly PredictionRow[], scores: PredictionDocument['scores']): string {
  const shown = (score: number | undefined) =>
    score === undefined ? '–' : scores === 'probability' ? percent(score) : figure(score);
  const hasLabels = rows.some(({ label }) => label);
  const confidence = scores === 'probability' ? 'confidence' : 'output';
  return table(
    ['example', 'prediction', confidence, 'second', confidence, ...(hasLabels ? ['label', ''] : [])],
    rows.map(({ index, answer, second, label }) => [
      String(index),
      answer?.name ?? '–',
      shown(answer?.score),
      second?.name ?? '–',
      shown(second?.score),
      ...(label ? [label.name, label.class === answer?.class ? '' : 'wrong'] : []),
    ]),
  );
}

function valueTable(rows: readonly PredictionRow[]): string {
  const list = (values: readonly number[] = []) =>
    values.slice(0, 8).map(figure).join('  ') + (values.length > 8 ? '  …' : '');
  const hasTargets = rows.some(({ targets }) => targets);
  return table(
    ['example', 'answer', ...(hasTargets ? ['target'] : [])],
    rows.map(({ index, values, targets }) => [
      String(index),
      list(values),
      ...(hasTargets ? [list(targets)] : []),
    ]),
  );
}

const figure = (value: number) => Number(value.toPrecision(4)).toString();

/** Throws `predict.out`. */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ApicalError('predict.out', `--out ${file} cannot be written: ${reason}.`, { file }, thrown);
  }
}
