import process from 'node:process';
import { Command, CommanderError, Option } from 'commander';
import { blasBackend } from '../backends/blas/index.ts';
import { provideBlas } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import { addBenchCommand } from './commands/bench.ts';
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

/** What every command hands back to the shell. */
export type Action = () => Promise<number>;

/**
 * The command line. Resolves to the exit code; prints errors itself, one readable message each. `arguments_` are
 * those after the program's name.
 */
export async function main(arguments_: readonly string[]): Promise<number> {
  provideBlas(blasBackend);
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners('error').includes(outliveReader)) stream.on('error', outliveReader);
  }
  let exitCode: number = EXIT.done;
  const program = new Command('apical')
    .description(
      'How can a deep network learn without textbook backpropagation? A laboratory for learning rules.',
    )
    .version(packageVersion())
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('Type `apical help` for the commands, `apical help COMMAND` for one of them.')
    .configureHelp({ sortSubcommands: false })
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical run mnist --rule feedback-alignment       learn MNIST by one rule',
        '  apical compare digits --rules backprop,feedback-alignment --seeds 0..4',
        '  apical search digits --rules backprop,feedback-alignment --budget 60',
        '  apical rules feedback-alignment                  its equation, options, locality and cost',
        '  apical claims run --tier exact                   check published claims',
        '  apical lab                                       watch networks learn in the browser',
        '',
      ].join('\n'),
    );
  const finish = (code: number) => {
    exitCode = code;
  };
  addRunCommands(program, finish);
  addSearchCommand(program, finish);
  addPredictCommand(program, finish);
  addExportCommand(program, finish);
  addRulesCommand(program, finish);
  addLabCommand(program, finish);
  addClaimsCommand(program, finish);
  addEstimateCommand(program, finish);
  addSettleCommand(program, finish);
  addSignalsCommand(program, finish);
  addLikelihoodCommand(program, finish);
  addBenchCommand(program, finish);
  addDataCommand(program, finish);
  addHelpCommand(program, finish);
  for (const command of program.commands) {
    command.addOption(new Option('--json', 'print one JSON document to stdout and nothing else there'));
    command.exitOverride().showHelpAfterError(`Type \`apical help ${command.name()}\` for its options.`);
  }
  try {
    await program.parseAsync(arguments_, { from: 'user' });
    return exitCode;
  } catch (error) {
    const json = arguments_.includes('--json');
    if (!(error instanceof CommanderError)) return report(error, json);
    if (error.exitCode === 0) return EXIT.done;
    // Commander has said it on stderr already.
    if (json) errorDocument('usage', error.message.replace(/^error: /, ''), EXIT.usage);
    return EXIT.usage;
  }
}

/** A reader that closes the pipe early (`| head`) ends the output, not the run. */
function outliveReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** Says what went wrong: one message, and its code in JSON. Only a bug in Apical shows a stack. */
function report(error: unknown, json: boolean): number {
  const exitCode = exitCodeOf(error);
  const known = error instanceof ApicalError;
  const message = error instanceof Error ? error.message : String(error);
  if (json) errorDocument(known ? error.code : 'internal', message, exitCode);
  process.stderr.write(
    known ? `apical: ${message}\n` : `apical: an internal error, please report it: ${message}\n`,
  );
  const thrown = known && error.cause !== undefined ? error.cause : error;
  if (thrown instanceof Error && process.env['APICAL_DEBUG']) process.stderr.write(`${thrown.stack ?? ''}\n`);
  return exitCode;
}

function errorDocument(code: string, message: string, exitCode: number): void {
  process.stdout.write(`${JSON.stringify({ version: 1, kind: 'error', code, message, exitCode })}\n`);
}
