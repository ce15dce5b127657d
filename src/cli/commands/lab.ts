import { spawn } from 'node:child_process';
import process from 'node:process';
import type { Command } from 'commander';
import { ApicalError } from '../../errors.ts';
import { serveLab } from '../../serving/lab-server.ts';
import { EXIT } from '../exit.ts';
import { Terminal } from '../terminal.ts';

const DEFAULT_PORT = 4747;

/** `apical lab`: the page in the browser, until Ctrl-C. */
export function addLabCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('lab')
    .summary('watch networks learn in the browser, side by side')
    .option('--port <n>', `where to serve it; a free port where it is taken (default ${DEFAULT_PORT})`)
    .option('--open', 'also open it in the browser')
    .addHelpText('before', 'Examples:\n  apical lab\n  apical lab --port 8080 --open\n')
    .action(async ({ port, open, json }: { port?: string; open?: boolean; json?: boolean }) => {
      const terminal = new Terminal(json ?? false);
      const wanted = port === undefined ? DEFAULT_PORT : parsePort(port);
      const server = await serveLab({ port: wanted });
      if (server.moved) terminal.note(`Port ${wanted} is taken, so the page is served at ${server.port}.`);
      terminal.document({
        version: 1,
        kind: 'lab',
        url: server.url,
        port: server.port,
        datasets: server.datasets,
      });
      terminal.line(`The lab: ${terminal.colours.bold(server.url)}`);
      terminal.line(`Data sets: ${server.datasets.join(', ') || 'generated ones only'}. Ctrl-C ends it.`);
      if (open) openInBrowser(server.url, terminal);
      await new Promise<void>((resolve) => {
        process.once('SIGINT', resolve).once('SIGTERM', resolve);
      });
      await server.close();
      finish(EXIT.interrupted);
    });
}

/** Throws `lab.port`. */
function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new ApicalError('lab.port', `--port takes a whole number from 0 to 65535, but it is "${text}".`);
}

/** Where there is no browser to open, the address has been printed anyway. */
function openInBrowser(url: string, terminal: Terminal): void {
  const [command, ...words] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url];
  const child = spawn(command, words, { stdio: 'ignore', detached: true });
  child.on('error', () => terminal.note(`No browser could be opened here: open ${url} yourself.`));
  child.unref();
}
