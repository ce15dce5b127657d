import type { Command } from 'commander';
import { assign } from '../../config/assignments.ts';
import { ApicalError } from '../../errors.ts';
import { checkRuleFile } from '../../studies/conformance/check.ts';
import type { CheckResult } from '../../studies/conformance/check.ts';
import { list } from '../../list.ts';
import { EXIT } from '../exit.ts';
import { Terminal } from '../terminal.ts';

interface Words {
  readonly set: readonly string[];
  readonly rate?: string;
  readonly json?: boolean;
}

/** `apical check`: holds a rule, usually a user's file, to the properties that every built-in rule has. */
export function addCheckCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('check')
    .summary('check a rule of your own: repeats, resumes, emits sound terms, learns …')
    .argument('<id|file>', 'the rule')
    .option(
      '--set <path=value>',
      'an option of the rule for its learning check, such as ruleOptions.samples=50; may be repeated',
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .option('--rate <number>', 'learning rate for its learning check (0.05, with momentum 0.8)')
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical check ./my-rule.ts',
        '  apical check ./my-rule.ts --set ruleOptions.samples=50 --rate 0.2',
        '  apical check node-perturbation --json',
        '',
      ].join('\n'),
    )
    .action(async (reference: string, { set, rate, json }: Words) => {
      const terminal = new Terminal(json ?? false);
      const input: { ruleOptions?: unknown } = {};
      for (const assignment of set) assign(input, assignment);
      const document = await checkRuleFile(
        reference,
        { options: input.ruleOptions, rate: rate === undefined ? undefined : rateOf(rate) },
        (result) => showResult(terminal, result),
      );
      terminal.document(document);
      const made = document.checks.filter(({ skipped }) => skipped === undefined);
      const failed = made.filter(({ passed }) => !passed).length;
      const on = `on ${list(document.tasks)}`;
      terminal.line(
        failed === 0
          ? `\nRule "${document.rule}" passes all ${made.length} checks, ${on}.`
          : `\nRule "${document.rule}" fails ${failed} of ${made.length} checks, ${on}.`,
      );
      finish(document.passed ? EXIT.done : EXIT.failed);
    });
}

function showResult(terminal: Terminal, { title, passed, skipped, found = '', meaning }: CheckResult): void {
  const { colours } = terminal;
  if (skipped !== undefined) {
    terminal.line(`– ${title}: does not apply, ${skipped}`);
    return;
  }
  terminal.line(passed ? `${colours.green('✓')} ${title}` : `${colours.red('✗')} ${colours.bold(title)}`);
  if (passed) return;
  terminal.line(meaning === undefined ? '    Found: the same error.' : `    Found: ${found}\n    ${meaning}`);
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (Number.isFinite(rate) && rate > 0) return rate;
  throw new ApicalError('check.rate', `--rate must be a number above 0, such as 0.1, but it is "${text}".`);
}
