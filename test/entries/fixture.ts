import { expect, vi } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { ApicalError, defineRule } from '../../src/entries/index.ts';
import type { Rule, TrainOptions } from '../../src/entries/index.ts';
import { descend, feedforward, noOptions } from '../../src/entries/rules.ts';
import { Compute } from '../../src/tensor/compute.ts';
import { fingerprintOf } from '../../src/training/fingerprint.ts';
import type { TrainedNetwork } from '../../src/training/trained-network.ts';

/** A run of at most a second, with records of every kind. */
export const small = {
  dataset: 'rings',
  network: { hidden: [8] },
  batch: 50,
  epochs: 2,
  probe: { every: 20, examples: 20 },
  backend: 'wasm',
  threads: 1,
} satisfies TrainOptions;

/** A run long enough for a test to stop it. */
export const long = { ...small, epochs: 100_000 } satisfies TrainOptions;

/** Backpropagation under another id. */
export const mine: Rule = defineRule({
  id: 'mine',
  family: 'Mine',
  title: 'Mine',
  summary: 'Backpropagation, as a rule of a program.',
  equation: '',
  cites: [],
  options: noOptions,
  dynamics: feedforward,
  learn(step) {
    descend(step, step.run('forward'), (projection, above, below, beta) =>
      projection.sendBack(step.compute, below, above, beta),
    );
  },
});

/** Returns a hash of all weights. */
export const weightsOf = ({ network }: TrainedNetwork): string => fingerprintOf(network.tensors());

/** Counts the backends that are closed while `body` runs. */
export async function closedBackends(body: () => Promise<unknown>): Promise<number> {
  const dispose = vi.spyOn(Compute.prototype, 'dispose');
  try {
    await body();
    return dispose.mock.calls.length;
  } finally {
    dispose.mockRestore();
  }
}

/** Expects one readable error with this code and these words. */
export async function expectRefusal(
  promise: Promise<unknown>,
  code: string,
  ...words: string[]
): Promise<void> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ApicalError);
  expect(thrown).toMatchObject({ code });
  for (const word of words) expect((thrown as Error).message).toContain(word);
}

/** Keys of the config, all of which must be options. */
export const configKeys = Object.keys(parseConfig({}));
