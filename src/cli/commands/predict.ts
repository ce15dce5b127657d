import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ApicalError } from '../../errors.ts';
import { loadNetwork } from '../../runs/load-network.ts';
import { predictionCsv, predictionDocument } from '../../studies/prediction.ts';
import type { PredictionDocument, PredictionRow } from '../../studies/prediction.ts';
import { readExamples } from '../../studies/prediction-input.ts';
import type { BackendName } from '../../backends/open.ts';
import { EXIT } from '../exit.ts';
import { backendOption } from '../options.ts';
import { percent, table, Terminal } from '../terminal.ts';

interface PredictArguments {
  readonly input?: string;
  readonly labels?: string;
  readonly invert?: boolean;
  readonly out?: string;
  readonly backend?: BackendName;
  readonly json?: boolean;
}

/** Number of rows to print; --out and --json have all. */
const SHOWN = 20;

/** Adds `apical predict`, which applies a trained network to the user's examples. */
export function addPredictCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('predict')
    .summary('apply a trained network to your own examples')
    .description('Applies the network of a run to your own examples.')
    .argument('<run>', 'folder of a run, or a file that `apical export` wrote')
    .option('--input <file>', 'examples: IDX (optionally .gz), .csv, .tsv, .npz, .npy, or a .png image')
    .option('--labels <column>', 'correct answers: a column, an array of the .npz file, or a file of labels')
    .option('--invert', 'invert images; MNIST has light figures on a dark background')
    .option('--out <file.csv>', 'save every prediction with the scores of all classes')
    .addOption(backendOption('backend; by default that of the run'))
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical predict runs/… --input seven.png --invert',
        '  apical predict runs/… --input table.csv --labels species --out answers.csv',
        '  apical predict network.safetensors --input t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz',
        '',
      ].join('\n'),
    )
    .action(async (from: string, options: PredictArguments) => {
      const terminal = new Terminal(options.json ?? false);
      const { input, out } = options;
      if (input === undefined) {
        throw new ApicalError(
          'predict.input',
          'There are no examples to predict. Name a file with --input: IDX, .csv, .tsv, .npz, .npy or .png.',
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
    terminal.line(`… and ${rows.length - shown.length} more; --out FILE.csv or --json gives all.`);
  }
  if (result) {
    terminal.line(
      classes
        ? `\nError ${percent(result.error)} (${result.errors} of ${result.count})`
        : `\nSquared error ${figure(result.error)} relative to answering 0 (${result.count} examples)`,
    );
  }
  if (out !== undefined) terminal.line(`\nAll predictions: ${out}`);
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

/** Writes a file. Throws `predict.out`. */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ApicalError(
      'predict.out',
      `--out ${file} cannot be written: ${reason}. Choose another file.`,
      { file },
      thrown,
    );
  }
}
