import type { Command } from 'commander';
import { studyLikelihood } from '../../studies/likelihood.ts';
import type { LikelihoodDocument, LikelihoodOptions } from '../../studies/likelihood.ts';
import { EXIT } from '../exit.ts';
import { backendOption } from '../options.ts';
import { table, Terminal } from '../terminal.ts';

/** Adds `apical likelihood`, which computes log-likelihoods under restricted Boltzmann machines. */
export function addLikelihoodCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('likelihood')
    .summary('compute log-likelihoods under the Boltzmann machines of a run')
    .description(
      'Computes the mean log-likelihood of examples under the restricted Boltzmann machines of a run.',
    )
    .argument('<run>', 'folder of a run of contrastive-divergence or deep-belief-net')
    .option('--examples <n>', 'how many training examples and test examples to use', '1000')
    .option(
      '--chains <n>',
      'chains of annealed importance sampling, if the states are too many to enumerate',
      '100',
    )
    .option('--steps <n>', 'steps of each chain', '1000')
    .addOption(backendOption().default('auto'))
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
    `${terminal.colours.bold(rule)} on ${task}, weights of ${run.folder} at step ${run.step}: mean log-likelihood of up to ${examples} examples, in nats\n`,
  );
  terminal.line(
    table(
      ['machine', 'units', 'ln Z', 'by', 'train', 'test'],
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
