import process from 'node:process';
import type { Command } from 'commander';
import { renderSignalsReport, signalsFigures } from '../../reports/signals-report.ts';
import { writeStudy } from '../../reports/study.ts';
import { studySignals } from '../../studies/signals.ts';
import type { SignalsDocument, SignalsOptions } from '../../studies/signals.ts';
import { EXIT } from '../exit.ts';
import { backendOption, repeatable } from '../options.ts';
import { table, Terminal } from '../terminal.ts';
import { packageVersion } from '../version.ts';

/** Adds `apical signals`, which compares the teaching signals of a rule with the gradient. */
export function addSignalsCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('signals')
    .summary('compare the teaching signals of a rule with the gradient')
    .description(
      'Compares the teaching signal of every hidden unit with the gradient and the Gauss–Newton direction.',
    )
    .argument('[preset|config.json]', 'data and network to use (default: digits)')
    .option('--run <folder>', 'use the data, the network and the latest weights of a run')
    .option('--rule <id|file>', 'learning rule; by default that of the config or the run')
    .addOption(repeatable('--set <path=value>', 'set a key of the config'))
    .option('--updates <list>', 'measure after these numbers of updates, such as 0,100,1000 (default: 0)')
    .option('--vary <path=a|b|c>', 'repeat for each of these values, such as ruleOptions.blend=0.01|0.1|1')
    .option('--batch <n>', 'number of training examples', '100')
    .option('--out <folder>', 'save report.html and its figures (SVG, PNG) in this folder')
    .addOption(backendOption().default('auto'))
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical signals digits --rule two-pass --updates 0,100,500 --out signals',
        "  apical signals --run runs/… --vary 'ruleOptions.blend=0.01|0.1|1'",
        '',
      ].join('\n'),
    )
    .action(
      async (
        base: string | undefined,
        options: Omit<SignalsOptions, 'base'> & { json?: boolean; out?: string },
      ) => {
        const terminal = new Terminal(options.json ?? false);
        let document: SignalsDocument;
        try {
          document = await studySignals({ ...options, base }, (share) => {
            if (terminal.animated) process.stderr.write(`\r\u001b[K${Math.round(100 * share)} %`);
          });
        } finally {
          if (terminal.animated) process.stderr.write('\r\u001b[K');
        }
        terminal.document(document);
        show(terminal, document);
        if (options.out !== undefined)
          terminal.line(
            `\n${await writeStudy(options.out, renderSignalsReport(document, packageVersion()), signalsFigures(document))}`,
          );
        finish(EXIT.done);
      },
    );
}

function show(terminal: Terminal, document: SignalsDocument): void {
  const { rule, task, run, seed, batch, varied, looks } = document;
  const weights = run ? `weights of ${run.folder} at step ${run.step}` : `seed ${seed}`;
  const angle = (comparison: { angle: number | null } | null | undefined) =>
    comparison?.angle === null || comparison?.angle === undefined ? '–' : `${comparison.angle.toFixed(1)}°`;
  const figure = (value: number | null | undefined) =>
    value === null || value === undefined ? '–' : Number(value.toPrecision(3)).toString();
  terminal.line(
    `${terminal.colours.bold(rule)} on ${task}, ${weights}: teaching signals on ${batch} examples\n`,
  );
  terminal.line(
    table(
      [
        ...(varied === null ? [] : [varied]),
        'updates',
        'area',
        'to −∂L/∂a',
        'slope',
        'to Gauss–Newton',
        'apical to −∂L/∂a',
        'unexplained',
      ],
      looks.flatMap(({ value, updates, areas, reconstructions }) =>
        areas.map((signal) => [
          ...(varied === null ? [] : [value ?? '']),
          String(updates),
          signal.area,
          angle(signal.gradient),
          figure(signal.gradient?.slope),
          angle(signal.gaussNewton),
          angle(signal.apical),
          figure(reconstructions.find(({ area }) => area === signal.area)?.unexplained),
        ]),
      ),
    ),
  );
  terminal.line(
    '\nAngle and slope compare the teaching signal with −∂L/∂a, the descent direction of the potentials. Unexplained is the fraction of an area’s variance that its top-down reconstruction misses.',
  );
}
