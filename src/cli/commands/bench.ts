import process from 'node:process';
import type { Command } from 'commander';
import { GROUPS as BENCH_GROUPS } from '../../bench/groups.ts';
import { renderBench, runBench } from '../../bench/bench.ts';
import { EXIT } from '../exit.ts';
import { Terminal } from '../terminal.ts';

/** `apical bench`: ratios against peers and against this machine's own limit. */
export function addBenchCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('bench')
    .summary('how fast: ratios against peers and the machine’s own limit')
    .option('--quick', 'fewer and shorter rounds')
    .option('--only <groups>', `some of: ${BENCH_GROUPS.join(', ')}`)
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical bench --quick',
        '  apical bench --only step,rule',
        '',
        'Peers: PyTorch and scikit-learn where a Python has them (Debian: python3-torch, python3-sklearn);',
        'tfjs-wasm and jax-js after `npm --prefix bench ci` in a clone. Those that are absent are listed as',
        'absent. PyTorch is written as a user would: by autograd, plainly (each equation an expression), in place.',
        '',
      ].join('\n'),
    )
    .action(async ({ quick, only, json }: { quick?: boolean; only?: string; json?: boolean }) => {
      const terminal = new Terminal(json ?? false);
      const stop = new AbortController();
      const interrupt = () => (stop.signal.aborted ? process.exit(EXIT.interrupted) : stop.abort());
      process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
      try {
        const document = await runBench({
          quick: quick ?? false,
          ...(only === undefined ? {} : { only: only.split(',').map((group) => group.trim()) }),
          signal: stop.signal,
          onProgress: ({ done, total, work, subject }) => {
            if (terminal.animated) process.stderr.write(`\r\u001b[K${done + 1}/${total} ${work}: ${subject}`);
          },
        });
        if (terminal.animated) process.stderr.write('\r\u001b[K');
        terminal.document(document);
        terminal.line(renderBench(document));
        finish(EXIT.done);
      } catch (error) {
        if (!stop.signal.aborted) throw error;
        finish(EXIT.interrupted);
      } finally {
        process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      }
    });
}
