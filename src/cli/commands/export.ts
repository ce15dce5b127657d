import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import { Option } from 'commander';
import { elementTypeOf } from '../../datasets/formats/array.ts';
import { ApicalError } from '../../errors.ts';
import { exportNetwork, loadNetwork } from '../../runs/load-network.ts';
import { serializeWeights, WEIGHT_FORMATS } from '../../runs/exported-network.ts';
import type { WeightFormat } from '../../runs/exported-network.ts';
import { LAYOUTS } from '../../network/index.ts';
import type { WeightLayout } from '../../network/index.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';

interface ExportArguments {
  readonly format?: WeightFormat;
  readonly layout: WeightLayout;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `apical export`, which saves the weights of a run for PyTorch, NumPy and Apical. */
export function addExportCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('export')
    .summary('save the weights of a run for PyTorch or NumPy')
    .description('Saves the weights of a run in a file that PyTorch, NumPy and Apical can read.')
    .argument('<run>', 'folder of a run, or a file that `apical export` wrote')
    .addOption(
      new Option('--format <name>', 'file format; by default that of --out, or safetensors').choices(
        WEIGHT_FORMATS,
      ),
    )
    .addOption(
      new Option('--layout <name>', 'names and axis order of the tensors; see below')
        .choices(LAYOUTS)
        .default('pytorch'),
    )
    .option('--out <file>', 'file to write; by default the name of the run, in the current folder')
    .option('--force', 'overwrite an existing file')
    .addHelpText(
      'before',
      ['Examples:', '  apical export runs/…', '  apical export runs/… --out network.npz', ''].join('\n'),
    )
    .addHelpText(
      'after',
      [
        '',
        'Layouts:',
        '  pytorch  the state_dict of an nn.Sequential: 0.weight, 0.bias, 2.weight, …; weights (out, in).',
        '           Each activation function except linear counts as a module. If the network is not a chain',
        '           of layers: "input→hidden1.weight", "hidden1.bias". Without feedback weights.',
        '  apical   "input→hidden1", "hidden1.bias", …; weights (presynaptic, postsynaptic). With feedback weights.',
        '',
        'To train from exported weights: apical run digits --weights network.npz',
      ].join('\n'),
    )
    .action(async (run: string, options: ExportArguments) => {
      const terminal = new Terminal(options.json ?? false);
      const { layout } = options;
      const format = formatOf(options);
      const out = options.out ?? `${path.basename(path.resolve(run))}.${format}`;
      if (existsSync(out) && !options.force) {
        throw new ApicalError(
          'export.exists',
          `The file ${out} already exists. Choose another --out, or add --force to overwrite it.`,
          { out },
        );
      }
      const trained = await loadNetwork(run, { threads: 1 });
      try {
        const file = exportNetwork(trained, layout);
        write(out, serializeWeights(file, format));
        const tensors = [...file.tensors].map(([name, { shape, data }]) => ({
          name,
          shape,
          type: elementTypeOf(data),
        }));
        const module = file.metadata['module'] ?? null;
        const { identity, step } = trained;
        terminal.document({
          version: 1,
          kind: 'export',
          run,
          out,
          format,
          layout,
          identity,
          step,
          tensors,
          module,
        });
        terminal.line(
          table(
            ['tensor', 'shape', 'type'],
            tensors.map(({ name, shape, type }) => [
              name,
              shape.join(' × '),
              type === 'f8' ? 'float64' : 'float32',
            ]),
          ),
        );
        if (module !== null) terminal.line(`\nIn PyTorch: ${module}`);
        terminal.line(`\nWeights after ${step} updates: ${out}`);
      } finally {
        trained.dispose();
      }
      finish(EXIT.done);
    });
}

/** Returns the file format. Throws `export.format` if --format and the extension of --out disagree. */
function formatOf({ format, out }: ExportArguments): WeightFormat {
  const extension = path
    .extname(out ?? '')
    .slice(1)
    .toLowerCase();
  const byName = WEIGHT_FORMATS.find((known) => known === extension);
  if (format !== undefined && byName !== undefined && format !== byName) {
    throw new ApicalError(
      'export.format',
      `--format is ${format}, but --out ${out ?? ''} ends in .${extension}. Change one of them, or leave --format out.`,
    );
  }
  return format ?? byName ?? 'safetensors';
}

/** Writes a file completely or not at all. Throws `export.unwritable`. */
function write(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, bytes);
    renameSync(temporary, file);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ApicalError(
      'export.unwritable',
      `${file} cannot be written: ${reason}. Choose another --out.`,
      { file },
      thrown,
    );
  }
}
