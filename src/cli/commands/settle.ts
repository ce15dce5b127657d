import type { Command } from 'commander';
import { renderSettlingReport, settlingFigures } from '../../reports/settling-report.ts';
import { writeStudy } from '../../reports/study.ts';
import { studySettling } from '../../studies/settling.ts';
import type { SettlingDocument, SettlingOptions } from '../../studies/settling.ts';
import { EXIT } from '../exit.ts';
import { backendOption, repeatable } from '../options.ts';
import { table, Terminal } from '../terminal.ts';
import { packageVersion } from '../version.ts';

/** Adds `apical settle`, which examines how a network settles and which updates follow. */
export function addSettleCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('settle')
    .summary('examine how a network settles and which updates follow')
    .description(
      'Examines how a network settles: its energy, its updates compared with backpropagation through time, and early inference.',
    )
    .argument('[preset|config.json]', 'data and network to use (default: equilibrium)')
    .option('--run <folder>', 'use the data, the network and the latest weights of a run')
    .option('--rule <id|file>', 'rule whose network settles; by default that of the config or the run')
    .addOption(repeatable('--set <path=value>', 'set a key of the config'))
    .option('--batch <n>', 'number of training examples', '20')
    .option('--steps <n>', 'steps of the free phase, from silence', '200')
    .option('--nudged-steps <n>', 'steps of the nudged phase', '40')
    .option('--step-size <x>', 'size of a step, in membrane time constants', '0.3')
    .option('--nudge <x>', 'strength β of the nudge', '0.01')
    .option('--out <folder>', 'save report.html and its figures (SVG, PNG) in this folder')
    .addOption(backendOption().default('reference'))
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
    `${colours.bold(document.rule)} on ${document.task}: after ${freeSteps} free steps, units move by ${figure(speed.values[freeSteps - 1])} per time constant\n`,
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
    '\nThe update sums the nudged phase; the gradient is that of backpropagation through time over as many steps. Distance is relative to the gradient.\n',
  );
  terminal.line(
    table(
      ['area', 'nudge arrives at step', 'cosine with −∂C/∂h', 'feedforward start', 'doubled', 'silence'],
      starts.map(({ area, feedforward, doubled, silence }) => {
        const early = earlyInference.find((inference) => inference.area === area);
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
    '\nThe last three columns are relative distances from the rates at the end of the free phase: of a feedforward pass, of a pass with doubled bottom-up input, and of silence.',
  );
  if (costLine) {
    const { rule, reference, difference } = costLine.slopes;
    terminal.line(
      `Slope of the settled cost along its gradient: ${figure(rule)} by the rule, ${figure(reference)} exactly, ${figure(difference)} by finite differences.`,
    );
  }
}
