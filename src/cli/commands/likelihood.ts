import type { Command } from 'commander';
import { Option } from 'commander';
import { studyLikelihood } from '../../studies/likelihood.ts';
import type { LikelihoodDocument, LikelihoodOptions } from '../../studies/likelihood.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';

/** `apical likelihood`: how likely the examples are to machines that model them. */
export function addLikelihoodCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('likelihood')
    .summary('how likely the examples are to the restricted Boltzmann machines of a run')
    .argument('<run>', 'the folder of a run of contrastive-divergence or deep-belief-net')
    .option('--examples <n>', 'the first so many, to learn from and to test', '1000')
    .option('--chains <n>', 'of annealed importance sampling, where states are too many to go through', '100')
    .option('--steps <n>', 'of each chain', '1000')
    .addOption(
      new Option('--backend <name>', 'where to compute; the reference has double precision')
        .choices(['auto', 'blas', 'wasm', 'reference'])
        .default('auto'),
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical likelihood runs/…',
        '  apical likelihood runs/… --chains 500 --steps 10000 --json',
        '',
      ].join('\n'),
    )
    .action(async (run: string, options: Omit<LikelihoodOptions, 'run'> & { json?: boolean }) => {
      const terminal = new Terminal(options.json ?? false);
      const document = await studyLikelihood({ ...options, run });
      terminal.document(document);
      show(terminal, document);
      finish(EXIT.done);
    });
}

function show(terminal: Terminal, { rule, task, run, machines, examples }: LikelihoodDocument): void {
  const figure = (value: number | null) => (value === null ? '–' : value.toFixed(2));
  terminal.line(
    `${terminal.colours.bold(rule)} on ${task}, weights of ${run.folder} at step ${run.step}: mean ln P of ${examples} examples, in nats\n`,
  );
  terminal.line(
    table(
      ['machine', 'units', 'ln Z', 'by', 'to learn from', 'to test'],
      machines.map(({ upper, lowers, units, logNormaliser: { value, error, how }, train, test }) => [
        [...lowers, upper].join(' – '),
        units.join('–'),
        error > 0 ? `${figure(value)} ± ${figure(error)}` : figure(value),
        how,
        figure(train),
        figure(test),
      ]),
    ),
  );
}
