import { strToU8, unzipSync, zipSync } from 'fflate';
import { ApicalError, asJson, byStep, checkDocuments, checkpointName, CONFIG_FILE, decodeCheckpoint, describeData, describeRun, encodeCheckpoint, identityOf, METRICS_FILE, originOf, originWarnings, parseConfig, parseMetrics, parseObject, restoreTensors, RUN_FILE, sessionOf } from '../../src/entries/browser-internals.ts';
import type { Checkpoint, Compute, Config, MetricsRecord, RunEnvironment, RunFolderDocument, Task } from '../../src/entries/browser-internals.ts';
import type { LanePlan, NamedFile, Plan } from '../protocol.ts';
import { seedsText } from './plan.ts';
import type { Run } from './run.ts';

/** Run folders as Node keeps them, in memory: to be saved as a ZIP archive, and to be opened from dropped files. */

/** Where this page computes, as far as a browser says. */
function environmentHere(): RunEnvironment {
  const { userAgent, hardwareConcurrency } = navigator;
  const browser =
    /(Firefox|Edg|Chrome|Version)\/[\d.]+/.exec(userAgent)?.[0].replace('/', ' ') ?? 'a browser';
  return {
    apical: __APICAL_VERSION__,
    node: `none: ${browser}`,
    commit: null,
    dirty: false,
    hardware: `${hardwareConcurrency} cores, as a browser tells`,
    platform: browser,
    processor: 'unknown, in a browser',
    date: new Date().toISOString(),
  };
}

/** The files of a run's folder, by name. */
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

/** A ZIP archive of folders. */
export function zipFolders(folders: Readonly<Record<string, Record<string, Uint8Array>>>): Uint8Array {
  const files = Object.entries(folders).flatMap(([folder, inside]) =>
    // Weights hardly shrink: packing them would only take time.
    Object.entries(inside).map(
      ([name, bytes]) =>
        [`${folder}/${name}`, [bytes, { level: name.endsWith('.safetensors') ? 0 : 6 }]] as const,
    ),
  );
  return zipSync(Object.fromEntries(files) as Parameters<typeof zipSync>[0]);
}

/** A run from a folder, to go on with. */
export interface OpenedRun {
  readonly config: Config;
  readonly identity: string;
  readonly checkpoint: Checkpoint | undefined;
  readonly metrics: readonly MetricsRecord[];
  readonly warnings: readonly string[];
}

/** What a ZIP archive holds, or the files as they are. */
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
        `${file.name} is no whole ZIP archive: ${reason}.`,
        {},
        thrown,
      );
    }
  });
}

/** Every run folder among files, with its newest good checkpoint. Throws the errors of `checkDocuments`, `folder.metrics`. */
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
      ? [readRun(folder || 'What was dropped', inside, compute)]
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

/** Puts a run where its checkpoint stood. Throws `checkpoint.mismatch`. */
export function restoreRun(run: Run, { checkpoint, metrics }: OpenedRun): void {
  if (!checkpoint) return;
  restoreTensors(run.training.snapshot().tensors, checkpoint);
  run.training.restore(checkpoint.position);
  run.metrics.push(...metrics);
}

/** A plan that gives these runs, and the configs that it leaves out because they share too little with the first. */
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
  // Lanes that share no seed cannot stand side by side.
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

/** What differs from the defaults, as "path=value". */
function assignmentsOf(value: object, defaults: unknown, path: readonly string[]): string[] {
  return Object.entries(value).flatMap(([key, its]: [string, unknown]) => {
    const usual = (defaults as Record<string, unknown> | undefined)?.[key];
    const at = [...path, key];
    if (JSON.stringify(its) === JSON.stringify(usual)) return [];
    // A key with a dot cannot be said by a path: the object around it is said whole.
    if (isPlain(its) && isPlain(usual) && !Object.keys(its).some((name) => name.includes('.'))) {
      return assignmentsOf(its, usual, at);
    }
    return [`${at.join('.')}=${textFor(its)}`];
  });
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Plain words stay plain; what would be read as something else is quoted. */
function textFor(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  try {
    JSON.parse(value);
    return JSON.stringify(value);
  } catch {
    return value;
  }
}
