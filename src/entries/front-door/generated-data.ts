import { datasetEntry, generateDataset } from '../../datasets/index.ts';
import type { Dataset } from '../../datasets/index.ts';
import { ApicalError } from '../../errors.ts';
import { Sequence, stream } from '../../random/index.ts';

/** Returns a data set that is computed from a seed. Throws `dataset.missing` for a data set that is read from files. */
export function generatedData(id: string, options: Readonly<Record<string, number>>): Dataset {
  const isPath = /[\\/.]/.test(id);
  if (!isPath && datasetEntry(id).generated) {
    return generateDataset(id, options, new Sequence(stream(0, 'dataset')));
  }
  throw new ApicalError(
    'dataset.missing',
    `A page cannot open the data set "${id}", which is ${isPath ? 'a file' : 'read from files'}. Fetch it, and give its arrays as { inputs, labels }.`,
    { id },
  );
}
