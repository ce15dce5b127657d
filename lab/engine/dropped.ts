import { ApicalError, csvDataset, loadIdxDataset, npzDataset, Sequence, stream } from '../../src/entries/browser-internals.ts';
import type { Dataset } from '../../src/entries/browser-internals.ts';
import type { NamedFile } from '../protocol.ts';

const baseOf = (name: string) => name.slice(name.lastIndexOf('/') + 1);

/**
 * A data set among dropped files: a .csv, .tsv or .npz file, or four IDX files. Throws `lab.dropped` where there is none,
 * and the errors of the formats: `dataset.corrupt`, `dataset.mismatch`, `dataset.labels`, …
 */
export async function droppedDataset(
  files: readonly NamedFile[],
): Promise<{ name: string; dataset: Dataset }> {
  const find = (pattern: RegExp) => files.find(({ name }) => pattern.test(name));
  const npz = find(/\.npz$/i);
  if (npz) return { name: baseOf(npz.name), dataset: npzDataset(npz.bytes, baseOf(npz.name), npz.name) };
  const table = find(/\.[ct]sv$/i);
  if (table) {
    const draws = new Sequence(stream(0, 'dataset'));
    const name = baseOf(table.name);
    return {
      name,
      dataset: csvDataset(name, { name: table.name, bytes: table.bytes }, undefined, {}, draws),
    };
  }
  if (find(/idx[13]-ubyte(\.gz)?$/)) {
    const name = 'dropped.idx';
    const byName = new Map(files.map((file) => [baseOf(file.name), file.bytes]));
    const description = {
      id: name,
      title: 'Dropped IDX files',
      how: 'Drop the four files of training and test images and labels together.',
    };
    const source = { where: 'what was dropped', read: (file: string) => Promise.resolve(byName.get(file)) };
    return { name, dataset: await loadIdxDataset(description, source) };
  }
  const names = files.map(({ name }) => name);
  throw new ApicalError(
    'lab.dropped',
    `What was dropped is no run folder (there is no run.json beside a config.json) and no data set: ` +
      `${names.slice(0, 4).join(', ')}${names.length > 4 ? `, and ${names.length - 4} more` : ''}. ` +
      'Drop a run folder, its ZIP archive, a .csv, .tsv or .npz file, or four IDX files.',
    { names },
  );
}
