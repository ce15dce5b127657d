import type { Command } from 'commander';
import { Option } from 'commander';
import { renderSettlingReport, settlingFigures } from '../../reports/settling-report.ts';
import { writeStudy } from '../../reports/study.ts';
import { studySettling } from '../../studies/settling.ts';
import type { SettlingDocument, SettlingOptions } from '../../studies/settling.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';
import { packageVersion } from '../version.ts';

/** `apical settle`: how a network settles, and what it learns while it does. */
export function addSettleCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('settle')
    .summary('how a network settles: energy, updates beside backpropagation through time, early inference')
    .argument('[preset|config.json]', 'its data and its network (equilibrium)')
    .option('--run <folder>', 'on the data, the network and the newest weights of a run')
    .option('--rule <id|file>', 'a rule whose network settles; by default that of the config or the run')
    .option(
      '--set <path=value>',
      'set any key of the config; may be repeated',
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .option('--batch <n>', 'training examples to settle on', '20')
    .option('--steps <n>', 'of the free phase, from silence', '200')
    .option('--nudged-steps <n>', 'of the nudged phase', '40')
    .option('--step-size <x>', 'of a step, in membrane time constants', '0.3')
    .option('--nudge <x>', 'β', '0.01')
    .option('--out <folder>', 'write report.html and its figures (SVG, PNG) there')
    .addOption(
      new Option('--backend <name>', 'where to compute; the reference has double precision')
        .choices(['auto', 'blas', 'wasm', 'reference'])
        .default('reference'),
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical settle equilibrium --set network.hidden=[50] --out settled',
        '  apical settle --run runs/… --steps 500 --out settled',
        '  apical settle equilibrium --rule vector-field-ep --set network.hidden=[50] --json',
        '',
      ].join('\n'),
    )
    .action(
      async (
        base: string | undefined,
        options: Omit<SettlingOptions, 'base'> & { json?: boolean; out?: string },
      ) => {
        const terminal = new Terminal(options.json ?? false);
        const document = await studySettling({ ...options, base });
        terminal.document(document);
        show(terminal, document);
        if (options.out !== undefined) {
          const written = await writeStudy(
            options.out,
            renderSettlingReport(document, packageVersion()),
            settlingFigures(document),
          );
          terminal.line(`\n${written}`);
        }
        finish(EXIT.done);
      },
    );
}

function show(terminal: Terminal, document: SettlingDocument): void {
  const { updates, earlyInference, costLine, starts, speed, freeSteps } = document;
  const figure = (value: number | undefined) => Number((value ?? NaN).toPrecision(4)).toString();
  const { colours } = terminal;
  terminal.line(
    `${colours.bold(document.rule)} on ${document.task}: after ${freeSteps} free steps units move by ${figure(speed.values[freeSteps - 1])} a time constant`,
  );
  terminal.line(
    table(
      ['projection', 'update / gradient', 'distance'],
      updates.map(({ projection, nudged, error }) => [
        projection,
        figure(nudged.at(-1)),
        figure(error.at(-1)),
      ]),
    ),
  );
  terminal.line(
    '\nOver the nudged phase, along and away from the gradient that backpropagation through time finds as many steps back.\n',
  );
  terminal.line(
    table(
      ['area', 'nudge arrives at step', 'cosine with −∂C/∂h', 'feedforward start', 'doubled', 'silence'],
      starts.map(({ area, feedforward, doubled, silence }) => {
        const early = earlyInference.find((its) => its.area === area);
        return [
          area,
          early ? String(early.arrival) : 'never',
          early ? figure(early.cosine) : '–',
          figure(feedforward),
          figure(doubled),
          figure(silence),
        ];
      }),
    ),
  );
  terminal.line(
    '\nThe last three are distances of rates from the end of the free phase, relative to it: of a feedforward pass, of one that counts twice what comes from below, and of silence.',
  );
  if (costLine) {
    const { rule, reference, difference } = costLine.slopes;
    terminal.line(
      `Slope of the settled cost along its gradient: ${figure(rule)} by the rule, ${figure(reference)} exactly, ${figure(difference)} as a difference.`,
    );
  }
}
