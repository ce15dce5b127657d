import type { Dataset } from '../../datasets/dataset.ts';
import { picturesInTime } from '../../datasets/in-time.ts';
import { ApicalError } from '../../errors.ts';
import type { TimeSettings } from '../../config/config.ts';

/**
 * Returns a data set as `task.time` asks: pictures become sequences with `from`. Throws `dataset.time` if they cannot, or
 * if the data are not of the `kind` asked for.
 */
export function inTimeOf(dataset: Dataset, settings: TimeSettings | undefined): Dataset {
  const { from, kind } = settings ?? {};
  const viewed = from === undefined ? dataset : picturesInTime(dataset, from);
  if (kind === undefined || viewed.time?.kind === kind) return viewed;
  const found = viewed.time
    ? `holds ${viewed.time.kind === 'stream' ? 'a stream' : 'sequences'}`
    : 'has no time axis';
  throw new ApicalError(
    'dataset.time',
    `task.time.kind is "${kind}", but ${dataset.title} ${found}. Leave task.time.kind out: it says how to read a .npz or .csv file.`,
    { kind },
  );
}
