/** `apical bench`: how fast Apical is, beside other tools and beside this machine's own limit, in one run. */
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

export interface BenchProgress {
  /** Groups done, of how many. */
  readonly done: number;
  readonly total: number;
  /** What is being timed. */
  readonly work: string;
  readonly subject: string;
}

export interface BenchOptions {
  /** Fewer and shorter turns: about a minute in place of several. */
  readonly quick?: boolean;
  /** Which groups to time, of `GROUPS`. Default: all. */
  readonly only?: readonly string[];
  /** Length of one turn. Default 0.25, quick 0.1. */
  readonly seconds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BenchProgress) => void;
}

/**
 * Times everything there is to compare. The machine's limit is always part of it.
 * @throws ApicalError `bench.only` for a group that does not exist, `bench.seconds`; the signal's reason when aborted.
 */
export async function runBench(options: BenchOptions = {}): Promise<BenchDocument> {
  const { quick = false, signal, onProgress } = options;
  const wanted = wantedGroups(options.only);
  const seconds = options.seconds ?? (quick ? 0.1 : 0.25);
  if (!(seconds > 0)) {
    throw new ApicalError('bench.seconds', `seconds is ${seconds}: a turn must last longer than 0 s.`);
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
        `There is nothing called "${name}" to time: ${GROUPS.join(', ')}.`,
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
  // Whatever the BLAS reached on a large product anywhere in the run is what this machine can do.
  const limits = new Map<string, Timed>();
  for (const each of timed) {
    const { id } = each.subject;
    if (!id.startsWith('limit/')) continue;
    const best = limits.get(id);
    if (!best || (gflopsOf(each) ?? 0) > (gflopsOf(best) ?? 0)) limits.set(id, each);
  }
  const bestBy =
    (key: TimeKey): BestOf =>
    (begin) =>
      timed
        .filter((each) => each[key] !== null && each.subject.id.startsWith(begin))
        .sort((x, y) => (x[key] as number) - (y[key] as number))[0];
  const bestMedian = bestBy('milliseconds');
  const bestRound = bestBy('fastest');

  const others = timed.filter(({ subject }) => !subject.id.startsWith('limit/'));
  return [...limits.values(), ...others].map((each) => {
    const { subject, milliseconds, failure } = each;
    const { id, work, threads, examples, peer } = subject;
    const gflops = gflopsOf(each);
    const limit = limits.get(`limit/${threads}`);
    const limitGflops = limit ? gflopsOf(limit) : null;
    const note = failure ?? subject.note;
    return {
      id,
      work,
      subject: subject.subject,
      threads,
      millisecondsPerStep: milliseconds,
      fastestMilliseconds: each.fastest,
      examplesPerSecond: examples && milliseconds !== null ? (1000 * examples) / milliseconds : null,
      gflops,
      limitFraction: gflops !== null && limitGflops !== null ? gflops / limitGflops : null,
      ...(peer ? { peer, ...ratiosOf(each, bestMedian, bestRound) } : {}),
      ...relativeOf(each, bestMedian),
      ...(note ? { note } : {}),
    };
  });
}

type TimeKey = 'milliseconds' | 'fastest';
type BestOf = (begin: string) => Timed | undefined;

/** Only the row of the peer's best thread count carries the ratios. */
function ratiosOf(
  each: Timed,
  bestMedian: BestOf,
  bestRound: BestOf,
): Pick<BenchRow, 'ratio' | 'fastestRatio'> {
  const { id, against } = each.subject;
  const family = id.slice(0, id.lastIndexOf('/') + 1);
  if (against === undefined || bestMedian(family) !== each) return {};
  const ratio = (key: TimeKey, best: BestOf): number | undefined => {
    const peer = best(family)?.[key];
    const own = (best(against) ?? best(against.replace('/blas/', '/wasm/')))?.[key];
    return peer && own ? peer / own : undefined;
  };
  const median = ratio('milliseconds', bestMedian);
  const fastest = ratio('fastest', bestRound);
  return median && fastest ? { ratio: median, fastestRatio: fastest } : {};
}

function relativeOf({ subject, milliseconds }: Timed, best: BestOf): Pick<BenchRow, 'relative'> {
  const timeOf = (id: string) => best(id)?.milliseconds;
  if (milliseconds === null) return {};
  const [kind, batch = '', workers] = subject.id.split('/');
  if (kind === 'workers' && workers !== '1') {
    const alone = best(`workers/${batch}/1`)?.milliseconds;
    return alone ? { relative: { to: 'one worker', value: milliseconds / alone } } : {};
  }
  const over = (to: string, other: number | null | undefined) =>
    other ? { relative: { to, value: milliseconds / other } } : {};
  if (kind === 'rule' && batch !== 'backprop') return over('backprop', timeOf('rule/backprop'));
  switch (subject.id) {
    case 'share/products':
      return over('the whole step', timeOf('share/step'));
    case 'probe/probe': {
      const step = timeOf('probe/step');
      return over('the run', step && milliseconds + PROBE.every * step);
    }
    case 'samples/batched':
      return over('a step for each', timeOf('samples/one-by-one'));
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
