import process from 'node:process';
import type { Command } from 'commander';
import { GROUPS as BENCH_GROUPS } from '../../bench/groups.ts';
import { renderBench, runBench } from '../../bench/bench.ts';
import { EXIT } from '../exit.ts';
import { Terminal } from '../terminal.ts';

/** Adds `apical bench`, which measures speed as ratios to peers and to this machine's limit. */
export function addBenchCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('bench')
    .summary('measure speed relative to peers and to this machine’s limit')
    .description('Measures speed as ratios to peers and to the limit of this machine.')
    .option('--quick', 'run fewer and shorter rounds')
    .option('--only <groups>', `groups to measure, separated by commas: ${BENCH_GROUPS.join(', ')}`)
    .addHelpText(
      'before',
      ['Examples:', '  apical bench --quick', '  apical bench --only step,rule', ''].join('\n'),
    )
    .addHelpText(
      'after',
      [
        '',
        'Peers: PyTorch and scikit-learn, if a Python has them (Debian: python3-torch, python3-sklearn);',
        'tfjs-wasm and jax-js after `npm --prefix bench ci` in a clone. Missing peers are listed as absent.',
        'PyTorch is written as users write it: with autograd, with plain expressions, and in place.',
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
