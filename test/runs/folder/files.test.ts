import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from '../../../src/runs/folder/files.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'apical-files-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const ROUNDS = 300;
const MAKERS = 3;

/** Makes folders that share their parents with those of other threads, all at the same moment. */
const MAKER = `
import { workerData } from 'node:worker_threads';
const { files, home, turn, rounds, makers, maker } = workerData;
const { makeFolder } = await import(files);
for (let round = 0; round < rounds; round++) {
  Atomics.add(turn, 0, 1);
  while (Atomics.load(turn, 0) < makers * (round + 1));
  makeFolder(\`\${home}/round-\${round}/trials/rule/\${maker}\`);
}
`;

test('processes that make folders in one new folder at the same moment do not disturb each other', async () => {
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const files = new URL('../../../dist/runs/folder/files.js', import.meta.url).href;
  const script = path.join(home, 'maker.mjs');
  writeFileSync(script, MAKER);
  await Promise.all(
    Array.from({ length: MAKERS }, (_, maker) => {
      const workerData = { files, home, turn, rounds: ROUNDS, makers: MAKERS, maker };
      const worker = new Worker(script, { workerData });
      return new Promise<void>((resolve, reject) => {
        worker.once('error', (error) => {
          // The others would wait for its turns.
          Atomics.store(turn, 0, MAKERS * ROUNDS);
          reject(error);
        });
        worker.once('exit', () => resolve());
      });
    }),
  );
  for (let maker = 0; maker < MAKERS; maker++)
    expect(existsSync(`${home}/round-${ROUNDS - 1}/trials/rule/${maker}`)).toBe(true);
});

test('a file in the place of a folder is named', () => {
  writeFileSync(path.join(home, 'taken'), '');
  expect(() => makeFolder(path.join(home, 'taken'))).toThrow('a part of its path is a file, not a folder');
  expect(() => makeFolder(path.join(home, 'taken/inside'))).toThrow('a part of its path is a file');
});
