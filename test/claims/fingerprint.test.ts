import { describe, expect, it } from 'vitest';
import { fingerprintTrainings } from '../../src/claims/fingerprint.ts';
import { CLAIMS } from '../../src/claims/index.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { identityOf } from '../../src/config/identity.ts';
import { tinyTraining } from './fixture.ts';

const fingerprints = async (...configs: ConfigInput[]) =>
  await fingerprintTrainings({ id: 'author2020-works', seeds: [0], trainings: () => configs });

const fingerprint = async (config: ConfigInput) => (await fingerprints(config))[0]?.sha256;

describe('the fingerprint of a training', () => {
  const base = tinyTraining('feedback-alignment');

  it('does not depend on trainings before it, nor on the backend of the run', async () => {
    const alone = await fingerprint(base);
    expect(alone).toMatch(/^[0-9a-f]{64}$/);
    const [, after] = await fingerprints(tinyTraining('backprop'), base);
    expect(after).toEqual({ training: 'feedback-alignment, seed 0', sha256: alone });
    expect(await fingerprint({ ...base, backend: 'reference', threads: 2 })).toBe(alone);
  });

  it.each<[string, ConfigInput]>([
    ['the seed', { seed: 1 }],
    ['the rule', { rule: 'backprop' }],
    ['a rule’s option', { ruleOptions: { scale: 2 } }],
    ['the network', { network: { hidden: [9] } }],
    ['the number of epochs', { epochs: 40 }],
    ['angles that are probed', { probe: { every: 10 } }],
    [
      'the last quarter of a schedule',
      { optimiser: { rate: { kind: 'step', value: 0.1, factor: 0.5, every: 3 } } },
    ],
  ])('changes with %s', async (_what, change) => {
    const constant: ConfigInput = { ...base, optimiser: { rate: 0.1 } };
    expect(await fingerprint({ ...constant, ...change })).not.toBe(await fingerprint(constant));
  });

  it('is refused for a run with a pretraining, which it would not cover', async () => {
    await expect(fingerprint({ ...base, pretraining: {} })).rejects.toThrow(/pretraining/);
  });
});

describe('trainings of the claims', () => {
  it('are valid configs, each declared once', () => {
    for (const { claim } of CLAIMS) {
      const declared = claim.trainings?.(claim.seeds) ?? [];
      const identities = declared.map((input) => identityOf(parseConfig(input, claim.id)));
      expect(new Set(identities).size, claim.id).toBe(declared.length);
      if (claim.trainings) expect(declared, claim.id).not.toEqual([]);
    }
  });
});
