import { strToU8, unzipSync, zipSync } from 'fflate';
import { ApicalError, asJson, byStep, checkDocuments, checkpointName, CONFIG_FILE, decodeCheckpoint, describeData, describeRun, encodeCheckpoint, identityOf, METRICS_FILE, originOf, originWarnings, parseConfig, parseMetrics, parseObject, restoreTensors, RUN_FILE, sessionOf } from '../../src/entries/browser-internals.ts';
import type { Checkpoint, Compute, Config, MetricsRecord, RunEnvironment, RunFolderDocument, Task } from '../../src/entries/browser-internals.ts';
import type { LanePlan, NamedFile, Plan } from '../protocol.ts';
import { seedsText } from './plan.ts';
import type { Run } from './run.ts';

/** Run folders as Node keeps them, but in memory: saved as a ZIP archive, and opened from dropped files. */

/** Describes the machine, as far as the browser tells. */
function environmentHere(): RunEnvironment {
  const { userAgent, hardwareConcurrency } = navigator;
  const browser =
    /(Firefox|Edg|Chrome|Version)\/[\d.]+/.exec(userAgent)?.[0].replace('/', ' ') ?? 'a browser';
  return {
    apical: __APICAL_VERSION__,
    node: `none: ${browser}`,
    commit: null,
    dirty: false,
    hardware: `${hardwareConcurrency} cores, according to the browser`,
    platform: browser,
    processor: 'unknown, in a browser',
    date: new Date().toISOString(),
  };
}

/** Returns the files of the folder of a run, by name. */
export function folderOf(
  compute: Compute,
  task: Task,
  run: Run,
  command: string,
): Record<string, Uint8Array> {
  const { training, config, metrics, startedAt, failure } = run;
  const lines = strToU8(metrics.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const { name, threads, detail } = compute.backend;
  const known = {
    command,
    startedAt,
    identity: identityOf(config),
    ...(task.examples ? { data: describeData(task.examples.dataset) } : {}),
  };
  const session = sessionOf(known, environmentHere(), { name, threads, detail });
  const status = failure ? 'failed' : training.done ? 'done' : 'interrupted';
  const document: RunFolderDocument = {
    ...session,
    status,
    updatedAt: new Date().toISOString(),
    document: describeRun({
      ...{ training, metrics, status, compute, task },
      workers: 1,
      wallSeconds: training.trainedSeconds,
      folder: undefined,
      peakMemoryBytes: compute.heap.memory.buffer.byteLength,
    }),
    ...(failure ? { failure: { code: failure.code, message: failure.message } } : {}),
  };
  const { tensors, position } = training.snapshot();
  const checkpoint = encodeCheckpoint(tensors, {
    position,
    metricsBytes: lines.length,
    identity: session.identity,
    origin: originOf(session),
  });
  return {
    [RUN_FILE]: strToU8(asJson(document)),
    [CONFIG_FILE]: strToU8(asJson(config)),
    [METRICS_FILE]: lines,
    ...(checkpoint ? { [checkpointName(position.step)]: checkpoint } : {}),
  };
}

/** Packs folders into a ZIP archive. */
export function zipFolders(folders: Readonly<Record<string, Record<string, Uint8Array>>>): Uint8Array {
  const files = Object.entries(folders).flatMap(([folder, inside]) =>
    // Weights hardly compress, so they are stored as they are.
    Object.entries(inside).map(
      ([name, bytes]) =>
        [`${folder}/${name}`, [bytes, { level: name.endsWith('.safetensors') ? 0 : 6 }]] as const,
    ),
  );
  return zipSync(Object.fromEntries(files) as Parameters<typeof zipSync>[0]);
}

/** A run read from a folder, which the page continues. */
export interface OpenedRun {
  readonly config: Config;
  readonly identity: string;
  readonly checkpoint: Checkpoint | undefined;
  readonly metrics: readonly MetricsRecord[];
  readonly warnings: readonly string[];
}

/** Returns the files, with ZIP archives replaced by their contents. Throws `folder.not-a-run` for a damaged archive. */
export function unpacked(files: readonly NamedFile[]): readonly NamedFile[] {
  return files.flatMap((file) => {
    const isZip = file.bytes[0] === 0x50 && file.bytes[1] === 0x4b && !/\.npz$/i.test(file.name);
    if (!isZip) return [file];
    try {
      return Object.entries(unzipSync(file.bytes)).map(([name, bytes]) => ({ name, bytes }));
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new ApicalError(
        'folder.not-a-run',
        `${file.name} is not a valid ZIP archive: ${reason}.`,
        {},
        thrown,
      );
    }
  });
}

/**
 * Reads every run folder among the files, with its newest valid checkpoint. Throws the errors of `checkDocuments`, and
 * `folder.metrics`.
 */
export function readRuns(files: readonly NamedFile[], compute: Compute): OpenedRun[] {
  const folders = new Map<string, Map<string, Uint8Array>>();
  for (const { name, bytes } of files) {
    const at = name.lastIndexOf('/');
    const folder = name.slice(0, Math.max(0, at));
    const inside = folders.get(folder) ?? new Map<string, Uint8Array>();
    folders.set(folder, inside.set(name.slice(at + 1), bytes));
  }
  return [...folders].flatMap(([folder, inside]) =>
    inside.has(RUN_FILE) && inside.has(CONFIG_FILE)
      ? [readRun(folder || 'The dropped folder', inside, compute)]
      : [],
  );
}

function readRun(folder: string, inside: ReadonlyMap<string, Uint8Array>, compute: Compute): OpenedRun {
  const object = (name: string) => parseObject(textOf(inside.get(name)), folder, name);
  const configFile = `${folder}/${CONFIG_FILE}`;
  const { run, config } = checkDocuments(object(RUN_FILE), object(CONFIG_FILE), {
    folder,
    configFile,
    apical: __APICAL_VERSION__,
  });
  const warnings: string[] = [];
  const log = inside.get(METRICS_FILE) ?? new Uint8Array();
  for (const name of byStep([...inside.keys()])) {
    try {
      const checkpoint = decodeCheckpoint(inside.get(name) as Uint8Array, name);
      if (checkpoint.identity !== run.identity) continue;
      const { name: backend, threads, detail } = compute.backend;
      const here = originOf(sessionOf(run, environmentHere(), { name: backend, threads, detail }));
      warnings.push(...originWarnings(checkpoint.origin, here, checkpoint.step));
      const metrics = parseMetrics(textOf(log.subarray(0, checkpoint.metricsBytes)), METRICS_FILE);
      return { config, identity: identityOf(config), checkpoint, metrics, warnings };
    } catch (thrown) {
      if (!(thrown instanceof ApicalError) || thrown.code.startsWith('folder.')) throw thrown;
      warnings.push(thrown.message);
    }
  }
  return { config, identity: identityOf(config), checkpoint: undefined, metrics: [], warnings };
}

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

/** Restores a run from its checkpoint. Throws `checkpoint.mismatch`. */
export function restoreRun(run: Run, { checkpoint, metrics }: OpenedRun): void {
  if (!checkpoint) return;
  restoreTensors(run.training.snapshot().tensors, checkpoint);
  run.training.restore(checkpoint.position);
  run.metrics.push(...metrics);
}

/** Returns a plan of these runs, and the number of runs left out because their config differs too much from the first. */
export function planOf(runs: readonly OpenedRun[]): { plan: Plan; left: number } {
  const [first] = runs as [OpenedRun];
  const shared = (config: Config) => identityOf({ ...config, rule: '', ruleOptions: {}, seed: 0 });
  const alike = runs.filter(({ config }) => shared(config) === shared(first.config));
  const lanes = new Map<string, { lane: LanePlan; seeds: Set<number> }>();
  for (const { config } of alike) {
    const { rule, ruleOptions, seed } = config;
    const key = JSON.stringify([rule, ruleOptions]);
    const lane = lanes.get(key) ?? { lane: { rule, options: ruleOptions }, seeds: new Set<number>() };
    lanes.set(key, lane);
    lane.seeds.add(seed);
  }
  const all = [...lanes.values()];
  const common = [...(all[0]?.seeds ?? [])].filter((seed) => all.every(({ seeds }) => seeds.has(seed)));
  // Lanes without a common seed cannot be compared.
  const kept = common.length > 0 ? all : all.slice(0, 1);
  const seeds = common.length > 0 ? common : [...(all[0]?.seeds ?? [first.config.seed])];
  const own = new Set(['rule', 'ruleOptions', 'seed']);
  const base = Object.fromEntries(Object.entries(first.config).filter(([key]) => !own.has(key)));
  return {
    plan: {
      preset: '',
      set: assignmentsOf(base, parseConfig({}), []),
      lanes: kept.map(({ lane }) => lane),
      seeds: seedsText(seeds.sort((a, b) => a - b)),
    },
    left: runs.length - kept.length * seeds.length,
  };
}

/** Returns the values that differ from the defaults, as "path=value". */
function assignmentsOf(value: object, defaults: unknown, path: readonly string[]): string[] {
  return Object.entries(value).flatMap(([key, own]: [string, unknown]) => {
    const usual = (defaults as Record<string, unknown> | undefined)?.[key];
    const at = [...path, key];
    if (JSON.stringify(own) === JSON.stringify(usual)) return [];
    // A path cannot name a key with a dot, so the object around such a key is written whole.
    if (isPlain(own) && isPlain(usual) && !Object.keys(own).some((name) => name.includes('.'))) {
      return assignmentsOf(own, usual, at);
    }
    return [`${at.join('.')}=${textFor(own)}`];
  });
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns a value as text: plain words as they are, and quoted if they would be parsed as JSON. */
function textFor(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  try {
    JSON.parse(value);
    return JSON.stringify(value);
  } catch {
    return value;
  }
}
