/** Every way to write the step of a rule in another tool takes the same steps as Apical, on the same random numbers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../src/backends/open.ts';
import { discoverPeers } from '../../src/bench/peers.ts';
import type {
  ContrastiveWork,
  EquilibriumWork,
  Peer,
  PeerId,
  PredictiveWork,
  TargetsWork,
  Work,
} from '../../src/bench/peers.ts';
import { RuleStep } from '../../src/bench/rule-step.ts';
import type { RuleWork } from '../../src/bench/rule-step.ts';
import { stream } from '../../src/random/stream.ts';
import type { Compute } from '../../src/tensor/compute.ts';

const timeout = 120_000;
const STEPS = 40;

let compute: Compute;
let peers: Peer[] = [];
beforeAll(async () => {
  compute = await openBackend({ backend: 'reference' });
  peers = await discoverPeers({ ids: ['pytorch', 'scikit-learn'] });
}, timeout);
afterAll(async () => {
  await Promise.all(peers.map((peer) => peer.close()));
  compute.dispose();
});

/** Returns the losses of `steps` steps, each evaluated before its update. */
function evaluatedLosses(work: RuleWork, steps = STEPS): number[] {
  const rule = new RuleStep(compute, work);
  return Array.from({ length: steps }, () => {
    rule.step();
    return rule.loss();
  });
}

/** Returns the reconstruction errors before the first step and after each step. */
function reconstructionErrors(work: ContrastiveWork): number[] {
  const rule = new RuleStep(compute, work);
  const before = rule.reconstruction();
  const after = Array.from({ length: STEPS }, () => {
    rule.step();
    return rule.reconstruction();
  });
  return [before, ...after];
}

/** Returns the random numbers of Apical for every step, in the order of its draws. */
function drawsOf(
  draws: readonly {
    readonly name: string;
    readonly shape: readonly [number, number];
    readonly normal?: number;
  }[],
): number[][] {
  return Array.from({ length: STEPS }, (_, step) =>
    draws.map(({ name, shape, normal }) => {
      const drawn = compute.allocate(shape);
      if (normal === undefined) compute.drawUniform(drawn, 0, 1, stream(1, name), step);
      else compute.drawNormal(drawn, 0, normal, stream(1, name), step);
      return drawn.toArray();
    }),
  ).flat();
}

/** Returns the losses of each way of a peer; `ways` is the expected number of ways. */
async function lossesByWay(
  id: PeerId,
  work: Work,
  ways: number,
  skip: (when: boolean, why?: string) => void,
) {
  const peer = peers.find((candidate) => candidate.id === id);
  if (!peer) throw new Error(`There is no row for ${id}.`);
  skip(!peer.available, peer.reason);
  const all = Object.entries(await peer.verify(work, 1, STEPS));
  expect(all).toHaveLength(ways);
  return all;
}

/** Expects equality to single precision; rounding differences grow with the number of steps. */
function expectClose(actual: readonly number[], expected: readonly number[], way: string): void {
  expect(actual).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] ?? NaN))));
  expect(worst / scale, way).toBeLessThan(1e-4);
}

const learns = (losses: readonly number[]) => expect(losses.at(-1)).toBeLessThan(0.9 * Math.max(...losses));

describe('another tool takes the same steps as Apical', () => {
  it('equilibrium propagation in PyTorch', { timeout }, async ({ skip }) => {
    const work: EquilibriumWork = {
      ...{ kind: 'equilibrium-step', layers: [20, 12, 9, 5], batch: 6 },
      ...{ freeSteps: 15, nudgedSteps: 5, nudge: 0.7, stepSize: 0.5 },
    };
    const expected = evaluatedLosses(work);
    learns(expected);
    // The loss before the first step is that of zero activity, which a run does not evaluate.
    for (const [way, losses] of await lossesByWay('pytorch', work, 3, skip)) {
      expectClose(losses.slice(1), expected, way);
    }
  });

  it.for([false, true])(
    'contrastive divergence in PyTorch, persistent: %s',
    { timeout },
    async (persistent, { skip }) => {
      const { work, draws } = machine(persistent);
      const expected = reconstructionErrors(work);
      learns(expected);
      for (const [way, losses] of await lossesByWay('pytorch', { ...work, draws }, 2, skip)) {
        expectClose(losses, expected, way);
      }
      const [ownDraws] = await lossesByWay('pytorch', work, 2, skip);
      expect(ownDraws?.[1].at(-1), 'the random numbers of PyTorch').not.toBeCloseTo(
        expected.at(-1) ?? NaN,
        6,
      );
    },
  );

  it('contrastive divergence with persistent chains in scikit-learn', { timeout }, async ({ skip }) => {
    const { work, draws } = machine(true);
    const expected = reconstructionErrors(work);
    for (const [way, losses] of await lossesByWay('scikit-learn', { ...work, draws }, 2, skip)) {
      expectClose(losses, expected, way);
    }
  });

  it('predictive coding in PyTorch', { timeout }, async ({ skip }) => {
    const work: PredictiveWork = {
      ...{ kind: 'predictive-step', layers: [20, 12, 9, 5], batch: 6 },
      ...{ steps: 15, stepSize: 0.2, rate: 0.05 },
    };
    const expected = evaluatedLosses(work, STEPS + 1);
    learns(expected);
    for (const [way, losses] of await lossesByWay('pytorch', work, 3, skip))
      expectClose(losses, expected, way);
  });

  it('difference target propagation in PyTorch', { timeout }, async ({ skip }) => {
    const work: TargetsWork = {
      ...{ kind: 'targets-step', layers: [20, 12, 9, 7, 5], batch: 6 },
      ...{ noise: 0.3, targetStep: 0.1, rate: 0.05 },
    };
    const draws = drawsOf([
      { name: 'noise hidden1→hidden2', shape: [6, 12], normal: 0.3 },
      { name: 'noise hidden2→hidden3', shape: [6, 9], normal: 0.3 },
    ]);
    const expected = evaluatedLosses(work, STEPS + 1);
    learns(expected);
    for (const [way, losses] of await lossesByWay('pytorch', { ...work, draws }, 3, skip)) {
      expectClose(losses, expected, way);
    }
  });
});

/** Returns a small Boltzmann machine and its random numbers. */
function machine(persistent: boolean): { work: ContrastiveWork; draws: number[][] } {
  const [visible, hidden, batch] = [20, 12, 6];
  const work: ContrastiveWork = {
    ...{ kind: 'contrastive-step', layers: [visible, hidden], batch },
    ...{ persistent, rate: 0.3 },
  };
  const name = 'reconstruction by hidden';
  const draws = drawsOf(
    persistent
      ? [
          { name: `${name} visible 0`, shape: [batch, visible] },
          { name: `${name} hidden 0`, shape: [batch, hidden] },
        ]
      : [{ name: `${name}, start`, shape: [batch, hidden] }],
  );
  return { work, draws };
}
