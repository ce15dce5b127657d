import process from 'node:process';
import { Command, CommanderError, Option } from 'commander';
import { blasBackend } from '../backends/blas/index.ts';
import { provideBlas } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import { addBenchCommand } from './commands/bench.ts';
import { addCheckCommand } from './commands/check.ts';
import { addClaimsCommand } from './commands/claims.ts';
import { addDataCommand } from './commands/data.ts';
import { addEstimateCommand } from './commands/estimate.ts';
import { addSettleCommand } from './commands/settle.ts';
import { addSignalsCommand } from './commands/signals.ts';
import { addExportCommand } from './commands/export.ts';
import { addHelpCommand } from './commands/help.ts';
import { addLabCommand } from './commands/lab.ts';
import { addLikelihoodCommand } from './commands/likelihood.ts';
import { addPredictCommand } from './commands/predict.ts';
import { addRulesCommand } from './commands/rules.ts';
import { addRunCommands } from './commands/run.ts';
import { addSearchCommand } from './commands/search.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { packageVersion } from './version.ts';

/** Headings of `apical --help`, each with its commands. */
const GROUPS: readonly (readonly [heading: string, commands: readonly string[]])[] = [
  ['Learn: train networks', ['run', 'compare', 'search', 'data']],
  [
    'Look: study rules and networks',
    ['rules', 'check', 'lab', 'estimate', 'signals', 'settle', 'likelihood'],
  ],
  ['Share: use what was learned', ['predict', 'export']],
  ['Claims: check published results, and speed', ['claims', 'bench']],
  ['Help', ['help']],
];

/**
 * Runs the command line and resolves to the exit code. Prints errors itself, one message each. `arguments_` excludes
 * the program's name.
 */
export async function main(arguments_: readonly string[]): Promise<number> {
  provideBlas(blasBackend);
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners('error').includes(ignoreClosedPipe)) stream.on('error', ignoreClosedPipe);
  }
  let exitCode: number = EXIT.done;
  const program = new Command('apical')
    .description(
      'How can a deep network learn without textbook backpropagation? A laboratory for learning rules.',
    )
    .version(packageVersion())
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('Type `apical help` for all commands, or `apical help COMMAND` for one.')
    .configureHelp({ sortSubcommands: false })
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical compare digits --rules backprop,feedback-alignment   train two rules side by side',
        '  apical rules feedback-alignment                             show its equation, options and cost',
        '  apical lab                                                  watch networks learn in the browser',
        '',
      ].join('\n'),
    );
  const finish = (code: number) => {
    exitCode = code;
  };
  // In the order of the groups.
  addRunCommands(program, finish);
  addSearchCommand(program, finish);
  addDataCommand(program, finish);
  addRulesCommand(program, finish);
  addCheckCommand(program, finish);
  addLabCommand(program, finish);
  addEstimateCommand(program, finish);
  addSignalsCommand(program, finish);
  addSettleCommand(program, finish);
  addLikelihoodCommand(program, finish);
  addPredictCommand(program, finish);
  addExportCommand(program, finish);
  addClaimsCommand(program, finish);
  addBenchCommand(program, finish);
  addHelpCommand(program, finish);
  for (const command of program.commands) {
    const [group] = GROUPS.find(([, names]) => names.includes(command.name())) ?? [];
    if (group !== undefined) command.helpGroup(group);
    command.addOption(new Option('--json', 'print only JSON to stdout'));
    command.exitOverride().showHelpAfterError(`Type \`apical help ${command.name()}\` for help.`);
  }
  try {
    await program.parseAsync(arguments_, { from: 'user' });
    return exitCode;
  } catch (error) {
    const json = arguments_.includes('--json');
    if (!(error instanceof CommanderError)) return printError(error, json);
    if (error.exitCode === 0) return EXIT.done;
    // Commander has printed the message to stderr.
    if (json) printErrorDocument('usage', error.message.replace(/^error: /, ''), EXIT.usage);
    return EXIT.usage;
  }
}

/** Ignores a pipe that its reader closes early (`| head`), which ends the output but not the run. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** Prints one message, and its code in JSON, and returns the exit code. APICAL_DEBUG adds the stack. */
function printError(error: unknown, json: boolean): number {
  const exitCode = exitCodeOf(error);
  const known = error instanceof ApicalError;
  const message = error instanceof Error ? error.message : String(error);
  if (json) printErrorDocument(known ? error.code : 'internal', message, exitCode);
  process.stderr.write(
    known ? `apical: ${message}\n` : `apical: internal error, please report it: ${message}\n`,
  );
  const thrown = known && error.cause !== undefined ? error.cause : error;
  if (thrown instanceof Error && process.env['APICAL_DEBUG']) process.stderr.write(`${thrown.stack ?? ''}\n`);
  return exitCode;
}

/** Prints an error as a JSON document. */
function printErrorDocument(code: string, message: string, exitCode: number): void {
  process.stdout.write(`${JSON.stringify({ version: 1, kind: 'error', code, message, exitCode })}\n`);
}
