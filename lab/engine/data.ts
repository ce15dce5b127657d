import { md5 } from 'hash-wasm';
import {
  ApicalError,
  controlTask,
  datasetEntry,
  environmentById,
  Examples,
  exampleTask,
  generateDataset,
  inTimeOf,
  loadDataset,
  Sequence,
  stream,
} from '../../src/entries/browser-internals.ts';
import type { ByteSource, Compute, Config, Dataset, Task } from '../../src/entries/browser-internals.ts';
import type { Arrival } from '../protocol.ts';

/** Index of the data folder: sizes in bytes by file, by data set. Written by the build or by `apical lab`. */
export type DataIndex = Readonly<Record<string, Readonly<Record<string, number>>>>;

const ATTEMPTS = 3;

/** Data sets dropped on the page, by name. */
export const dropped = new Map<string, Dataset>();

/** Tasks opened on the heap of this worker. The latest stay open, because a reset opens the same task. */
export class Tasks {
  readonly #compute: Compute;
  readonly #open = new Map<string, Task>();
  readonly #arrival: (arrival: Arrival) => void;

  constructor(compute: Compute, arrival: (arrival: Arrival) => void) {
    this.#compute = compute;
    this.#arrival = arrival;
  }

  /** Opens the task of a config. Throws `dataset.…`, `environment.…` and `lab.file`. */
  async open({ task: { dataset = '', environment, options, time } }: Config): Promise<Task> {
    const key = JSON.stringify([dataset, environment, options, time, dropped.get(dataset)?.source]);
    const known = this.#open.get(key);
    if (known) return known;
    let task: Task;
    if (environment !== undefined) task = controlTask(this.#compute, environmentById(environment, options));
    else {
      const opened = inTimeOf(await this.#dataset(dataset, options), time);
      task = exampleTask(this.#compute, new Examples(this.#compute, opened));
    }
    for (const [other, old] of this.#open) {
      if (this.#open.size < 2) break;
      old.dispose();
      this.#open.delete(other);
    }
    this.#open.set(key, task);
    return task;
  }

  async #dataset(id: string, options: Readonly<Record<string, number>>): Promise<Dataset> {
    const own = dropped.get(id);
    if (own) return own;
    if (/[\\/.]/.test(id)) {
      throw new ApicalError(
        'lab.file',
        `The data set "${id}" is a file, which a page cannot open by its path. Drop the file on the page first.`,
        { id },
      );
    }
    const draws = new Sequence(stream(0, 'dataset'));
    if (datasetEntry(id).generated) return generateDataset(id, options, draws);
    return loadDataset(id, options, await webSource(id, this.#arrival), draws);
  }
}

/** Returns the files of a data set beside the page. Throws `dataset.missing`, `dataset.unreachable`. */
async function webSource(id: string, arrival: (arrival: Arrival) => void): Promise<ByteSource> {
  const folder = new URL(/* @vite-ignore */ '../data/', import.meta.url);
  const index = JSON.parse(
    new TextDecoder().decode(await download(new URL('index.json', folder), () => undefined)),
  ) as DataIndex;
  const sizes = index[id];
  if (!sizes) {
    const { title, how } = datasetEntry(id);
    throw new ApicalError('dataset.missing', `${title} is not served here. ${how}`, { id });
  }
  const total = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0);
  const received: Record<string, number> = {};
  return {
    where: folder.pathname,
    async read(name) {
      if (!(name in sizes)) return undefined;
      return download(new URL(`${id}/${name}`, folder), (bytes) => {
        received[name] = bytes;
        const sum = Object.values(received).reduce((all, size) => all + size, 0);
        arrival({ kind: 'arrival', dataset: id, received: Math.min(sum, total), total });
      });
    },
    md5,
    ...(typeof DecompressionStream === 'undefined' ? {} : { gunzip }),
  };
}

/** Fetches a whole file, with retries if the connection breaks. Throws `dataset.unreachable`. */
async function download(address: URL, progress: (bytes: number) => void): Promise<Uint8Array> {
  let reason = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 250 * 4 ** (attempt - 1)));
    try {
      const response = await fetch(address);
      if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
      // If the host sends an encoding, the browser decodes it and the stated length does not apply.
      const isPlain = response.headers.get('content-encoding') === null;
      const stated = isPlain ? Number(response.headers.get('content-length')) : 0;
      return await collect(response.body, stated, progress);
    } catch (thrown) {
      reason = thrown instanceof Error ? thrown.message : String(thrown);
    }
  }
  throw new ApicalError(
    'dataset.unreachable',
    `${address.pathname} could not be downloaded in ${ATTEMPTS} attempts (${reason}). Check the connection and try again.`,
    { address: address.href },
  );
}

async function collect(
  body: ReadableStream<Uint8Array>,
  stated: number,
  progress: (bytes: number) => void,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    progress(length);
  }
  if (stated > 0 && length !== stated) throw new Error(`${length} of ${stated} bytes`);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Decompresses gzip with the browser's own decoder, which verifies the checksum and throws on damage. */
async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const unpacked = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}
