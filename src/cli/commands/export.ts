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

/** `apical export`: the weights of a run as a file that PyTorch, NumPy and Apical read. */
export function addExportCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('export')
    .summary('the weights of a run as a file for PyTorch or NumPy')
    .argument('<run>', 'the folder of a run, or a file that `apical export` wrote')
    .addOption(
      new Option('--format <name>', 'by default what --out ends in, or safetensors').choices(WEIGHT_FORMATS),
    )
    .addOption(
      new Option('--layout <name>', 'names and order of axes; see below').choices(LAYOUTS).default('pytorch'),
    )
    .option('--out <file>', 'where to write; by default called as the run, in this folder')
    .option('--force', 'write over a file that is there')
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical export runs/… --format safetensors',
        '  apical export runs/… --out network.npz',
        '  apical run digits --rule feedback-alignment --weights network.npz',
        '',
      ].join('\n'),
    )
    .addHelpText(
      'after',
      [
        '',
        'Layouts:',
        '  pytorch  the state_dict of an nn.Sequential: 0.weight, 0.bias, 2.weight, …; weights (out, in).',
        '           An activation function other than linear is a module. Where the network is no chain of',
        '           layers: "input→hidden1.weight", "hidden1.bias". Without feedback weights.',
        '  apical   "input→hidden1", "hidden1.bias", …; weights (presynaptic, postsynaptic). With feedback weights.',
      ].join('\n'),
    )
    .action(async (run: string, words: ExportArguments) => {
      const terminal = new Terminal(words.json ?? false);
      const { layout } = words;
      const format = formatOf(words);
      const out = words.out ?? `${path.basename(path.resolve(run))}.${format}`;
      if (existsSync(out) && !words.force) {
        throw new ApicalError(
          'export.exists',
          `There is a file ${out} already: choose another --out, or add --force.`,
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

/** Throws `export.format` where --format and the ending of --out say different things. */
function formatOf({ format, out }: ExportArguments): WeightFormat {
  const ending = path
    .extname(out ?? '')
    .slice(1)
    .toLowerCase();
  const byName = WEIGHT_FORMATS.find((known) => known === ending);
  if (format !== undefined && byName !== undefined && format !== byName) {
    throw new ApicalError(
      'export.format',
      `--format is ${format}, but --out ${out ?? ''} ends in .${ending}: let them agree, or leave --format out.`,
    );
  }
  return format ?? byName ?? 'safetensors';
}

/** Whole or not at all. Throws `export.unwritable`. */
function write(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, bytes);
    renameSync(temporary, file);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ApicalError('export.unwritable', `${file} cannot be written: ${reason}.`, { file }, thrown);
  }
}
