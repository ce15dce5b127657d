/** `apical bench`: the speed of Apical, compared with other tools and with the limit of this machine in one run. */
import os from 'node:os';
import process from 'node:process';
import { blasBackend } from '../backends/blas/index.ts';
import { provideBlas } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import type { BenchDocument, BenchRow } from './document.ts';
import { Backends } from './backends.ts';
import { PEER_TITLES } from './beside.ts';
import { GROUPS, groupsFor, PEERS_OF, PROBE } from './groups.ts';
import type { GroupName } from './groups.ts';
import { discoverPeers, PEERS } from './peers.ts';
import type { Peer } from './peers.ts';
import { measureByTurns } from './rounds.ts';
import type { Timed } from './rounds.ts';

export type { BenchDocument, BenchRow } from './document.ts';
export { renderBench } from './render.ts';

/** The progress of a benchmark. */
export interface BenchProgress {
  /** Number of finished groups. */
  readonly done: number;
  /** Number of all groups. */
  readonly total: number;
  /** The work that is being timed. */
  readonly work: string;
  /** The tool that is being timed. */
  readonly subject: string;
}

/** Options of `runBench`. */
export interface BenchOptions {
  /** Whether to take fewer and shorter turns: about one minute in place of several. Default false. */
  readonly quick?: boolean;
  /** The groups to time, a subset of `GROUPS`. Default: all. */
  readonly only?: readonly string[];
  /** Length of one turn in seconds. Default 0.25, or 0.1 if `quick`. */
  readonly seconds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BenchProgress) => void;
}

/**
 * Times the groups, always including the limit of the machine. Throws `bench.only` for an unknown group, `bench.seconds`
 * for a turn without length, and the reason of the signal if it is aborted.
 */
export async function runBench(options: BenchOptions = {}): Promise<BenchDocument> {
  const { quick = false, signal, onProgress } = options;
  const wanted = wantedGroups(options.only);
  const seconds = options.seconds ?? (quick ? 0.1 : 0.25);
  if (!(seconds > 0)) {
    throw new ApicalError(
      'bench.seconds',
      `The option seconds is ${seconds}, but a turn must last longer than 0 s.`,
    );
  }
  const rounds = quick ? 3 : 7;
  provideBlas(blasBackend);
  const backends = new Backends();
  const [loadBefore = 0] = os.loadavg();
  const ids = PEERS.filter((id) => [...wanted].some((name) => PEERS_OF[name]?.includes(id)));
  const peers = await discoverPeers({ ids });
  const timed: Timed[] = [];
  try {
    const groups = groupsFor(backends, peers).filter(({ name }) => wanted.has(name));
    for (const [done, group] of groups.entries()) {
      signal?.throwIfAborted();
      const subjects = await group.subjects();
      const onTurn = ({ work, subject }: { work: string; subject: string }) =>
        onProgress?.({ done, total: groups.length, work, subject });
      timed.push(...(await measureByTurns(subjects, { rounds, seconds, signal, onTurn })));
    }
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
  }
  const [loadAfter = 0] = os.loadavg();
  return {
    version: 1,
    kind: 'bench',
    machine: {
      processor: os.cpus()[0]?.model ?? 'unknown',
      processors: os.availableParallelism(),
      platform: `${process.platform} ${process.arch}`,
      node: process.versions.node,
      blas: (await backends.blas(1))?.backend.detail ?? null,
      load: [loadBefore, loadAfter],
    },
    rounds,
    secondsPerTurn: seconds,
    rows: [...rowsOf(timed), ...absentPeers(peers)],
  };
}

function wantedGroups(only: readonly string[] | undefined): Set<GroupName> {
  const names = only?.length ? only : GROUPS;
  for (const name of names) {
    if (!GROUPS.some((group) => group === name)) {
      throw new ApicalError(
        'bench.only',
        `There is no benchmark group "${name}"; use some of ${GROUPS.join(', ')}.`,
        {
          name,
        },
      );
    }
  }
  return new Set<GroupName>(['limit', ...(names as readonly GroupName[])]);
}

function rowsOf(timed: readonly Timed[]): BenchRow[] {
  const gflopsOf = ({ subject, milliseconds }: Timed): number | null =>
    milliseconds === null || !subject.multiplyAccumulates
      ? null
      : (2e-6 * subject.multiplyAccumulates) / milliseconds;
  // The limit of the machine is the best rate that the BLAS reached on a large product anywhere in the run.
  const limits = new Map<string, Timed>();
  for (const result of timed) {
    const { id } = result.subject;
    if (!id.startsWith('limit/')) continue;
    const best = limits.get(id);
    if (!best || (gflopsOf(result) ?? 0) > (gflopsOf(best) ?? 0)) limits.set(id, result);
  }
  const bestBy =
    (key: TimeKey): BestOf =>
    (prefix) =>
      timed
        .filter((result) => result[key] !== null && result.subject.id.startsWith(prefix))
        .sort((x, y) => (x[key] as number) - (y[key] as number))[0];
  const bestMedian = bestBy('milliseconds');
  const bestRound = bestBy('fastest');

  const others = timed.filter(({ subject }) => !subject.id.startsWith('limit/'));
  return [...limits.values(), ...others].map((result) => {
    const { subject, milliseconds, failure } = result;
    const { id, work, threads, examples, peer } = subject;
    const gflops = gflopsOf(result);
    const limit = limits.get(`limit/${threads}`);
    const limitGflops = limit ? gflopsOf(limit) : null;
    const note = failure ?? subject.note;
    return {
      id,
      work,
      subject: subject.subject,
      threads,
      millisecondsPerStep: milliseconds,
      fastestMilliseconds: result.fastest,
      examplesPerSecond: examples && milliseconds !== null ? (1000 * examples) / milliseconds : null,
      gflops,
      limitFraction: gflops !== null && limitGflops !== null ? gflops / limitGflops : null,
      ...(peer ? { peer, ...ratiosOf(result, bestMedian, bestRound) } : {}),
      ...relativeOf(result, bestMedian),
      ...(note ? { note } : {}),
    };
  });
}

type TimeKey = 'milliseconds' | 'fastest';
type BestOf = (prefix: string) => Timed | undefined;

/** Returns the ratios to Apical, for the best number of threads of a peer only. */
function ratiosOf(
  result: Timed,
  bestMedian: BestOf,
  bestRound: BestOf,
): Pick<BenchRow, 'ratio' | 'fastestRatio'> {
  const { id, against } = result.subject;
  const family = id.slice(0, id.lastIndexOf('/') + 1);
  if (against === undefined || bestMedian(family) !== result) return {};
  const ratio = (key: TimeKey, best: BestOf): number | undefined => {
    const peer = best(family)?.[key];
    const own = (best(against) ?? best(against.replace('/blas/', '/wasm/')))?.[key];
    return peer && own ? peer / own : undefined;
  };
  const median = ratio('milliseconds', bestMedian);
  const fastest = ratio('fastest', bestRound);
  return median && fastest ? { ratio: median, fastestRatio: fastest } : {};
}

/** Returns the time relative to a related row of Apical, if there is one. */
function relativeOf({ subject, milliseconds }: Timed, best: BestOf): Pick<BenchRow, 'relative'> {
  const timeOf = (id: string) => best(id)?.milliseconds;
  if (milliseconds === null) return {};
  const [kind, batch = '', workers] = subject.id.split('/');
  if (kind === 'workers' && workers !== '1') {
    const single = best(`workers/${batch}/1`)?.milliseconds;
    return single ? { relative: { to: 'one worker', value: milliseconds / single } } : {};
  }
  const over = (to: string, other: number | null | undefined) =>
    other ? { relative: { to, value: milliseconds / other } } : {};
  const sibling = (last: string) => timeOf(`${subject.id.slice(0, subject.id.lastIndexOf('/'))}/${last}`);
  if (kind === 'sparse' && subject.id.endsWith('/sparse')) return over('the masked matrix', sibling('dense'));
  if (kind === 'lateral' && batch !== 'matrix') return over('the matrix', timeOf('lateral/matrix'));
  if (kind === 'eligibility' && subject.id.endsWith('/one-pass')) {
    return over('operations, plainly', sibling('plainly'));
  }
  if (kind === 'rule' && batch !== 'backprop') return over('backprop', timeOf('rule/backprop'));
  switch (subject.id) {
    case 'share/products':
      return over('the whole step', timeOf('share/step'));
    case 'probe/probe': {
      const step = timeOf('probe/step');
      return over('the run', step && milliseconds + PROBE.every * step);
    }
    case 'samples/batched':
      return over('one step per sample', timeOf('samples/one-by-one'));
    default:
      return {};
  }
}

function absentPeers(peers: readonly Peer[]): BenchRow[] {
  return peers
    .filter(({ available }) => !available)
    .map(({ id, reason }) => ({
      id: `peer/${id}`,
      work: 'absent',
      subject: PEER_TITLES[id],
      threads: 0,
      millisecondsPerStep: null,
      fastestMilliseconds: null,
      examplesPerSecond: null,
      gflops: null,
      limitFraction: null,
      peer: id,
      note: reason ?? 'not available',
    }));
}
