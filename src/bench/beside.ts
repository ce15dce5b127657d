/** Rows of the peers, and of Apical beside them. */
import { threadCounts } from './backends.ts';
import type { Backends } from './backends.ts';
import type { Peer, PeerId, Work } from './peers.ts';
import type { Subject, Way } from './rounds.ts';
import { sample } from './rounds.ts';
import { ruleProducts, RuleStep } from './rule-step.ts';
import type { RuleWork } from './rule-step.ts';

/** Returns a measurement of a way to do some work. */
export const timed = (way: Way) => (seconds: number) => sample(way, seconds);

/** Names of the peers. */
export const PEER_TITLES: Readonly<Record<PeerId, string>> = {
  pytorch: 'PyTorch',
  'scikit-learn': 'scikit-learn',
  'tfjs-wasm': 'TensorFlow.js wasm',
  'jax-js': 'jax-js wasm',
};

/**
 * Returns the rows of a peer. PyTorch and scikit-learn run with one thread and with all; the WebAssembly peers run with one
 * thread and are compared with Apical's WebAssembly backend. `written` selects one of the ways to write the work.
 */
export function peerSubjects(
  peer: Peer,
  id: string,
  common: Pick<Subject, 'work' | 'examples' | 'multiplyAccumulates'>,
  work: Work,
  written?: string,
): Subject[] {
  if (!peer.available) return [];
  const isNative = peer.id === 'pytorch' || peer.id === 'scikit-learn';
  const name = written ? `${peer.id}-${written.replace(/\W+/g, '-')}` : peer.id;
  return (isNative ? threadCounts(peer.maximumThreads ?? 1) : [1]).map((threads) => ({
    ...common,
    id: `${id}/${name}/${threads}`,
    subject: [PEER_TITLES[peer.id], written].filter(Boolean).join(', '),
    threads,
    peer: peer.id,
    against: `${id}/${isNative ? 'blas' : 'wasm'}/`,
    measure: async (seconds) => (await peer.measure(work, threads, seconds)).millisecondsPerStep,
  }));
}

/** A comparison of the step of a rule with PyTorch, written in several ways, and optionally with scikit-learn. */
export interface RuleComparison {
  readonly work: RuleWork;
  /** Name of the work in the table. */
  readonly title: string;
  /** Prefix of the ids of the rows. */
  readonly id: string;
  /** Names of the ways to write the work in PyTorch. */
  readonly ways: readonly string[];
  /** Whether scikit-learn can do the work. Default false. */
  readonly scikitLearn?: boolean;
}

/** Returns the rows of a comparison, all with one thread because the products are small. */
export async function ruleSubjects(
  backends: Backends,
  peers: readonly Peer[],
  { work, title, id, ways, scikitLearn = false }: RuleComparison,
): Promise<Subject[]> {
  const common = { work: title, examples: work.batch, multiplyAccumulates: ruleProducts(work) };
  const timedBackends = (await backends.all()).filter(({ threads }) => threads === 1);
  return [
    ...timedBackends.map(({ name, threads, compute }): Subject => {
      const measure = timed(new RuleStep(compute, work));
      return { ...common, id: `${id}/${name}/${threads}`, subject: `Apical ${name}`, threads, measure };
    }),
    ...peers.flatMap((peer) => {
      const single = { ...peer, maximumThreads: 1 };
      if (peer.id === 'scikit-learn') return scikitLearn ? peerSubjects(single, id, common, work) : [];
      if (peer.id !== 'pytorch') return [];
      return ways.flatMap((written) =>
        peerSubjects(single, id, common, { ...work, written } as Work, written),
      );
    }),
  ];
}
