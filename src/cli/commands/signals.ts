import process from 'node:process';
import type { Command } from 'commander';
import { Option } from 'commander';
import { renderSignalsReport, signalsFigures } from '../../reports/signals-report.ts';
import { writeStudy } from '../../reports/study.ts';
import { studySignals } from '../../studies/signals.ts';
import type { SignalsDocument, SignalsOptions } from '../../studies/signals.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';
import { packageVersion } from '../version.ts';

/** `apical signals`: what a rule teaches every hidden unit, beside the gradient. */
export function addSignalsCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('signals')
    .summary('what a rule teaches every hidden unit, beside the gradient and the Gauss–Newton direction')
    .argument('[preset|config.json]', 'its data and its network (digits)')
    .option('--run <folder>', 'on the data, the network and the newest weights of a run')
    .option('--rule <id|file>', 'the rule; by default that of the config or the run')
    .option(
      '--set <path=value>',
      'set any key of the config; may be repeated',
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .option('--updates <list>', 'look after so many updates, such as 0,100,1000 (0)')
    .option('--vary <path=a|b|c>', 'once for each of these values, such as ruleOptions.blend=0.01|0.1|1')
    .option('--batch <n>', 'training examples to look at', '100')
    .option('--out <folder>', 'write report.html and its figures (SVG, PNG) there')
    .addOption(
      new Option('--backend <name>', 'where to compute; the reference has double precision')
        .choices(['auto', 'blas', 'wasm', 'reference'])
        .default('auto'),
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical signals digits --rule two-pass --updates 0,100,500 --out signals',
        "  apical signals --run runs/… --vary 'ruleOptions.blend=0.01|0.1|1'",
        "  apical signals digits --rule two-pass --updates 300 --vary 'ruleOptions.density=1|0.3|0.1' --json",
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
  const angle = (its: { angle: number | null } | null | undefined) =>
    its?.angle === null || its?.angle === undefined ? '–' : `${its.angle.toFixed(1)}°`;
  const figure = (value: number | null | undefined) =>
    value === null || value === undefined ? '–' : Number(value.toPrecision(3)).toString();
  terminal.line(`${terminal.colours.bold(rule)} on ${task}, ${weights}: what ${batch} examples teach\n`);
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
        areas.map((its) => [
          ...(varied === null ? [] : [value ?? '']),
          String(updates),
          its.area,
          angle(its.gradient),
          figure(its.gradient?.slope),
          angle(its.gaussNewton),
          angle(its.apical),
          figure(reconstructions.find(({ area }) => area === its.area)?.unexplained),
        ]),
      ),
    ),
  );
  terminal.line(
    '\nAngles and slope of what units are taught with the descent of the loss along their potentials; unexplained: the share of an area’s variance that is lost in its reconstruction from above.',
  );
}
