import type { Command } from 'commander';
import { describeDatasets } from '../../runs/files/datasets.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';

/** `apical data`: which data sets are here, checked byte for byte, and how to get those that are not. */
export function addDataCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('data')
    .summary('which data sets are here, verified; how to get those that are not')
    .addHelpText(
      'before',
      'Examples:\n  apical data\n  apical run --set task.dataset=./my-folder-of-idx-files\n',
    )
    .action(async ({ json }: { json?: boolean }) => {
      const terminal = new Terminal(json ?? false);
      const datasets = await describeDatasets();
      const listed = datasets.map(({ count, ...status }) => ({
        ...status,
        count: count.train + count.test,
        ...count,
      }));
      terminal.document({ version: 1, kind: 'data', datasets: listed });
      terminal.line(
        table(
          ['id', 'here', 'train', 'test', 'where'],
          datasets.map(({ id, available, verified, count, path }) => [
            id,
            verified ? 'verified' : available ? 'damaged' : 'missing',
            String(count.train),
            String(count.test),
            path ?? (available ? 'generated' : '–'),
          ]),
        ),
      );
      for (const { id, verified, problem, how } of datasets) {
        if (!verified) terminal.line(`\n${id}: ${problem ?? 'not here'}\n  ${how}`);
      }
      terminal.line(
        '\nAny other set: --set task.dataset=PATH, a folder of four IDX files, a .csv or a .npz file.',
      );
      finish(EXIT.done);
    });
}
