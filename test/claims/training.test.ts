import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readResult, runClaims } from '../../src/claims/index.ts';
import type { ClaimContext, Measurement } from '../../src/claims/index.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { fakeClaim, registered, temporaryFolder, tinyTraining } from './fixture.ts';

/*
 * Claims that train: runs are stored, and an interrupted claim resumes where it stopped.
 */

const RULES = ['backprop', 'feedback-alignment'];

/** A claim that trains with two rules; `heard` receives the progress of each training. */
function trainingClaim(heard: (rule: string, done: number) => void = () => undefined) {
  return fakeClaim({
    trainings: () => RULES.map((rule) => tinyTraining(rule)),
    seeds: [0],
    async run({ train, progress }: ClaimContext): Promise<Measurement> {
      const errors: Record<string, number> = {};
      const curves = [];
      for (const rule of RULES) {
        const { document, metrics } = await train(tinyTraining(rule), (done) => heard(rule, done));
        await progress(0.5);
        errors[rule] = document.test?.error ?? NaN;
        const points = metrics.flatMap((record): [number, number][] =>
          record.kind === 'evaluation' ? [[record.epoch, record.test?.error ?? NaN]] : [],
        );
        curves.push({ name: rule, seed: 0, horizontal: 'epoch', vertical: 'test error', points });
      }
      return {
        measured: { error: errors['backprop'] ?? NaN, angle: 30 },
        perSeed: [{ seed: 0, values: errors }],
        curves,
      };
    },
  });
}

const place = (claim = trainingClaim()) => {
  const folder = temporaryFolder();
  return {
    claims: registered(claim),
    source: null,
    resultsFolder: path.join(folder, 'results'),
    runsFolder: path.join(folder, 'runs'),
  };
};

test('a claim that was interrupted in a training resumes to the same outcome and the same curves', async () => {
  const whole = place();
  await runClaims({}, whole);
  const stop = new AbortController();
  const where = place();
  const stopping = trainingClaim((rule, done) => {
    if (rule === 'feedback-alignment' && done > 0.3) stop.abort();
  });
  const first = await runClaims({}, { ...where, claims: registered(stopping), signal: stop.signal });
  expect(first.interrupted).toBe(true);
  expect(first.failures).toEqual([]);
  const runs = path.join(where.runsFolder, 'author2020-works');
  const checkpointsOf = (name: string) =>
    readdirSync(path.join(runs, name))
      .filter((file) => file.startsWith('checkpoint'))
      .map((file) => [file, statSync(path.join(runs, name, file)).mtimeMs]);
  const finished = readdirSync(runs).find((name) => name.startsWith('backprop')) as string;
  const before = checkpointsOf(finished);
  expect(before).not.toEqual([]);
  expect((await runClaims({}, where)).failures).toEqual([]);
  // One folder for each rule, and the finished run was read, not trained again.
  expect(readdirSync(runs)).toHaveLength(2);
  expect(checkpointsOf(finished)).toEqual(before);
  const [resumed, straight] = [where, whole].map(({ resultsFolder }) =>
    readResult(resultsFolder, 'author2020-works'),
  );
  expect(resumed?.perSeed).toEqual(straight?.perSeed);
  expect(resumed?.curves).toEqual(straight?.curves);
  expect(resumed?.curves?.map(({ name, points }) => [name, points.length])).toEqual([
    ['backprop', 4],
    ['feedback-alignment', 4],
  ]);
});

test('a training counts the mistakes of the trained network on the test examples', async () => {
  let found: readonly number[] = [];
  let errors: number | undefined;
  const counting = fakeClaim({
    trainings: () => [tinyTraining('backprop')],
    async run({ train }) {
      const { document, mistakes } = await train(tinyTraining('backprop'));
      errors = document.test?.errors;
      found = await mistakes();
      return { measured: { error: 0, angle: 30 }, perSeed: [] };
    },
  });
  expect((await runClaims({}, place(counting))).failures).toEqual([]);
  expect(found).toHaveLength(60);
  expect(found.filter((wrong) => wrong === 1)).toHaveLength(errors ?? NaN);
});

test('a training that fails makes the claim fail, with the reason', async () => {
  // Slowly enough that the steps of the fingerprint stay finite.
  const optimiser = { kind: 'sgd', rate: 10 } as const;
  const config: ConfigInput = { ...tinyTraining('backprop'), objective: 'squared-error', optimiser };
  const diverging = fakeClaim({
    trainings: () => [config],
    async run({ train }) {
      await train(config);
      return { measured: {}, perSeed: [] };
    },
  });
  const where = place(diverging);
  const { failures } = await runClaims({}, where);
  expect(failures).toMatchObject([{ error: { code: 'run.diverged' } }]);
  expect(readdirSync(path.join(where.runsFolder, diverging.id))).toHaveLength(1);
});

test('a config that the claim does not declare is refused, and named', async () => {
  const undeclared = fakeClaim({
    trainings: () => [tinyTraining('backprop')],
    async run({ train }) {
      await train(tinyTraining('backprop', 7));
      return { measured: {}, perSeed: [] };
    },
  });
  const { failures } = await runClaims({}, place(undeclared));
  expect(failures).toMatchObject([
    {
      error: {
        code: 'claim.training',
        message: expect.stringContaining('trains backprop with seed 7') as string,
      },
    },
  ]);
});
