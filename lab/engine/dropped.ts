import { ApicalError, csvDataset, loadIdxDataset, npzDataset, Sequence, stream } from '../../src/entries/browser-internals.ts';
import type { Dataset } from '../../src/entries/browser-internals.ts';
import type { NamedFile } from '../protocol.ts';

const baseOf = (name: string) => name.slice(name.lastIndexOf('/') + 1);

/**
 * Reads a data set from dropped files: a .csv, .tsv or .npz file, or four IDX files. Throws `lab.dropped` if there is none,
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
      how: 'Drop the four files (training and test images and labels) together.',
    };
    const source = { where: 'the dropped files', read: (file: string) => Promise.resolve(byName.get(file)) };
    return { name, dataset: await loadIdxDataset(description, source) };
  }
  const names = files.map(({ name }) => name);
  throw new ApicalError(
    'lab.dropped',
    'The dropped files are neither a run folder (run.json beside config.json) nor a data set: ' +
      `${names.slice(0, 4).join(', ')}${names.length > 4 ? `, and ${names.length - 4} more` : ''}. ` +
      'Drop a run folder, its ZIP archive, a .csv, .tsv or .npz file, or four IDX files.',
    { names },
  );
}
