import { spawn } from 'node:child_process';
import process from 'node:process';
import type { Command } from 'commander';
import { ApicalError } from '../../errors.ts';
import { loadRule } from '../../runs/files/rule-file.ts';
import { isUserFile } from '../../config/user-file.ts';
import { serveLab } from '../../serving/lab-server.ts';
import { EXIT } from '../exit.ts';
import { Terminal } from '../terminal.ts';

const DEFAULT_PORT = 4747;
const EXAMPLES = `Examples:
  apical lab
  apical lab --port 8080 --open
  apical lab --rule ./my-rule.ts
`;

interface LabFlags {
  readonly port?: string;
  readonly open?: boolean;
  readonly rule?: readonly string[];
  readonly json?: boolean;
}

/** Adds `apical lab`, which serves the page in the browser until Ctrl-C. */
export function addLabCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('lab')
    .summary('watch networks learn in the browser, side by side')
    .option('--port <n>', `port to serve the page on; if it is taken, a free one (default ${DEFAULT_PORT})`)
    .option('--open', 'also open the page in the browser')
    .option(
      '--rule <file>',
      'offer the rule of this file beside the built-in rules; repeatable, and read again at every load of the page',
      (file: string, files?: readonly string[]) => [...(files ?? []), file],
    )
    .addHelpText('before', EXAMPLES)
    .action(async ({ port, open, rule = [], json }: LabFlags) => {
      const terminal = new Terminal(json ?? false);
      const preferred = port === undefined ? DEFAULT_PORT : parsePort(port);
      const rules = [...new Set(rule)];
      for (const file of rules) await checkRuleFile(file);
      const server = await serveLab({ port: preferred, rules });
      if (server.moved) terminal.note(`Port ${preferred} is taken, so the page is served at ${server.port}.`);
      terminal.document({
        version: 1,
        kind: 'lab',
        url: server.url,
        port: server.port,
        datasets: server.datasets,
        rules,
      });
      terminal.line(`The lab: ${terminal.colours.bold(server.url)}`);
      terminal.line(`Data sets: ${server.datasets.join(', ') || 'generated ones only'}.`);
      if (rules.length > 0) terminal.line(`Your rules: ${rules.join(', ')}.`);
      terminal.line('Press Ctrl-C to stop.');
      if (open) openInBrowser(server.url, terminal);
      await new Promise<void>((resolve) => {
        process.once('SIGINT', resolve).once('SIGTERM', resolve);
      });
      await server.close();
      finish(EXIT.interrupted);
    });
}

/** Throws `lab.rule` if the reference is no file, and what `loadRule` throws if its rule is not valid. */
async function checkRuleFile(reference: string): Promise<void> {
  if (!isUserFile(reference)) {
    throw new ApicalError(
      'lab.rule',
      `--rule takes the path of a rule file, such as ./my-rule.ts, but it is "${reference}". Built-in rules need no option: the page always has them.`,
    );
  }
  await loadRule(reference);
}

/** Throws `lab.port`. */
function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new ApicalError('lab.port', `--port takes a whole number from 0 to 65535, but it is "${text}".`);
}

/** Opens the page in the browser. If that fails, the address has been printed already. */
function openInBrowser(url: string, terminal: Terminal): void {
  const [command, ...words] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url];
  const child = spawn(command, words, { stdio: 'ignore', detached: true });
  child.on('error', () => terminal.note(`No browser could be opened: open ${url} yourself.`));
  child.unref();
}
