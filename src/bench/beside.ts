/** Apical's rows and those of the tools beside it. */
import { threadCounts } from './backends.ts';
import type { Backends } from './backends.ts';
import type { Peer, PeerId, Work } from './peers.ts';
import type { Subject, Way } from './rounds.ts';
import { sample } from './rounds.ts';
import { ruleProducts, RuleStep } from './rule-step.ts';
import type { RuleWork } from './rule-step.ts';

export const timed = (way: Way) => (seconds: number) => sample(way, seconds);

export const PEER_TITLES: Readonly<Record<PeerId, string>> = {
  pytorch: 'PyTorch',
  'scikit-learn': 'scikit-learn',
  'tfjs-wasm': 'TensorFlow.js wasm',
  'jax-js': 'jax-js wasm',
};

/** PyTorch and scikit-learn at one thread and at all; the two of WebAssembly at one, beside Apical's own WebAssembly. */
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

/** A rule's step beside PyTorch, written in several ways, and maybe scikit-learn. */
export interface RuleComparison {
  readonly work: RuleWork;
  /** What heads its rows. */
  readonly title: string;
  /** Ids begin with it. */
  readonly id: string;
  /** By what PyTorch's ways are called. */
  readonly ways: readonly string[];
  readonly scikitLearn?: boolean;
}

/** At one thread, as products are small. */
export async function ruleSubjects(
  backends: Backends,
  peers: readonly Peer[],
  { work, title, id, ways, scikitLearn = false }: RuleComparison,
): Promise<Subject[]> {
  const common = { work: title, examples: work.batch, multiplyAccumulates: ruleProducts(work) };
  const own = (await backends.all()).filter(({ threads }) => threads === 1);
  return [
    ...own.map(({ name, threads, compute }): Subject => {
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
