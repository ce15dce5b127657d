import type { Command } from 'commander';
import { describeDatasets } from '../../runs/files/datasets.ts';
import { EXIT } from '../exit.ts';
import { table, Terminal } from '../terminal.ts';

/** Adds `apical data`, which lists and verifies data sets and says how to get missing ones. */
export function addDataCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('data')
    .summary('list and verify data sets')
    .description('Lists data sets, verifies their files, and says how to get missing ones.')
    .addHelpText('before', 'Examples:\n  apical data\n  apical run --set task.dataset=./my-table.csv\n')
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
          ['id', 'status', 'train', 'test', 'of', 'location'],
          datasets.map(({ id, available, verified, count, holds, path }) => [
            id,
            verified ? 'verified' : available ? 'damaged' : 'missing',
            String(count.train),
            String(count.test),
            holds,
            path ?? (available ? 'generated' : '–'),
          ]),
        ),
      );
      for (const { id, verified, problem, how } of datasets) {
        if (!verified) terminal.line(`\n${id}: ${problem ?? 'missing'}\n  ${how}`);
      }
      terminal.line(
        '\nYour own data: --set task.dataset=PATH, a folder of four IDX files, or a .csv, .tsv or .npz file.',
      );
      finish(EXIT.done);
    });
}
