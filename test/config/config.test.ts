import { describe, expect, test } from 'vitest';
import { ApicalError } from '../../src/errors.ts';
import { parseConfig } from '../../src/config/config.ts';
import { PRESETS } from '../../src/config/presets.ts';

function messageOf(input: unknown): string {
  try {
    parseConfig(input, 'mine.json');
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ApicalError);
    return (thrown as ApicalError).message;
  }
  throw new Error('It was accepted.');
}

describe('a config', () => {
  test('is complete once parsed, and stays the same when parsed again', () => {
    const config = parseConfig({});
    expect(config).toMatchObject({ version: 1, rule: 'backprop', seed: 0, batch: 100, epochs: 5 });
    expect(parseConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  test.each(PRESETS.map(({ id, config }) => [id, config] as const))('is preset %s', (_id, config) => {
    expect(() => parseConfig(config)).not.toThrow();
  });

  test('gets no defaults in the overrides of a projection', () => {
    const { optimiser } = parseConfig({ optimiser: { projections: { 'hidden1→output': { rate: 1 } } } });
    expect(optimiser.projections).toEqual({ 'hidden1→output': { rate: 1 } });
  });

  test('says how weights are stored, of all projections or of one of a graph', () => {
    expect(parseConfig({}).network.storage).toBe(undefined);
    expect(parseConfig({ network: { storage: 'sparse' } }).network.storage).toBe('sparse');
    const graph = {
      areas: [
        { id: 'a', shape: [2] },
        { id: 'b', shape: [2] },
      ],
      projections: [{ from: 'a', to: 'b', storage: 'dense' as const }],
      input: 'a',
      objectives: [],
    };
    expect(parseConfig({ graph }).graph?.projections[0]?.storage).toBe('dense');
    expect(messageOf({ network: { storage: 'packed' } })).toMatch(/network\.storage: .*"packed"/);
    const packed = { ...graph, projections: [{ from: 'a', to: 'b', storage: 'packed' }] };
    expect(messageOf({ graph: packed })).toMatch(/graph\.projections\.0\.storage: .*"packed"/);
  });
});

describe('a message', () => {
  test('names the source, the expected and the given value', () => {
    expect(messageOf({ batch: -5 })).toBe('In mine.json: batch: must be at least 1, but it is -5.');
    expect(messageOf({ optimiser: { rate: 'x' } })).toBe(
      'In mine.json: optimiser.rate: must be a number or an object, but it is "x".',
    );
    expect(messageOf({ graph: {} })).toContain('graph.areas: must be an array, but it is missing.');
    expect(messageOf({ epochs: Number.NaN })).toContain('it is NaN');
    expect(messageOf(null)).toContain('must be an object, but it is null');
  });

  test('suggests the nearest key at every depth, also in schedules', () => {
    for (const [input, wrong, right] of [
      [{ bacth: 1 }, 'bacth', 'batch'],
      [{ network: { dropuot: 0.1 } }, 'network.dropuot', 'network.dropout'],
      [{ probe: { evry: 1 } }, 'probe.evry', 'probe.every'],
      [{ optimiser: { projections: { a: { raet: 1 } } } }, 'projections.a.raet', 'projections.a.rate'],
      [{ optimiser: { rate: { kind: 'step', value: 1, factr: 1, every: 1 } } }, 'rate.factr', 'rate.factor'],
      [{ graph: { areas: [{ id: 'a', shap: [1] }] } }, 'areas.0.shap', 'areas.0.shape'],
    ] as const) {
      const message = messageOf(input);
      expect(message).toContain(`${wrong}"`);
      expect(message).toContain(`${right}"?`);
    }
  });

  test('lists each wrong value once, and shortens long values', () => {
    const message = messageOf({ batch: 0, seed: 2 ** 60, rule: 7, task: { dataset: ['x'.repeat(500)] } });
    expect(message).toMatch(/^In mine\.json, 4 values are wrong:\n/);
    expect(message.split('\n')).toHaveLength(5);
    expect(message.length).toBeLessThan(500);
  });
});
