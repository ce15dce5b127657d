import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { decodeCheckpoint } from '../../src/runs/folder/checkpoint.ts';

/** The exit code and the output of a command. */
export interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a tiny run: 25 steps on 100 examples. */
export const TINY = [
  ...['--set', 'task.options={"trainCount":100,"testCount":30}', '--set', 'batch=20', '--epochs', '5'],
  ...['--set', 'network.hidden=[8]', '--set', 'probe.every=10', '--backend', 'wasm', '--threads', '1'],
] as const;

/** Runs every test of the file in an empty folder of its own, which is removed afterwards. */
export function workInEmptyFolder(): void {
  const home = process.cwd();
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'apical-cli-'));
    process.chdir(folder);
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Runs a command in this process. */
export async function apical(...words: readonly string[]): Promise<Printed> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text: string | Uint8Array) => {
      printed[name] += String(text);
      return true;
    }),
  );
  try {
    const code = await main(words);
    return { code, ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const program = fileURLToPath(new URL('../../bin/apical.js', import.meta.url));
const children: ChildProcess[] = [];

/** Starts a command in a process of its own; `ended` resolves to its output. */
export function start(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<Printed> } {
  if (!existsSync(fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url)))) {
    throw new Error('There is no build to test. Run `npm run build` first, or `npm test`, which does so.');
  }
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  children.push(child);
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...printed }));
  return { child, ended };
}

/** Expects a refusal: an exit code, a message that contains all words, no stack, and an empty stdout. */
export function expectRefusal({ code, stdout, stderr }: Printed, exit: number, ...words: string[]): void {
  expect({ code, stderr }).toEqual({ code: exit, stderr });
  for (const word of words) expect(stderr).toContain(word);
  expectNoStack(stderr);
  expect(stdout).toBe('');
}

export function expectNoStack(text: string): void {
  expect(text).not.toMatch(/^\s+at .*:\d+/m);
  expect(text).not.toContain('internal error');
}

/** Parses the documents on stdout: one per line, nothing else. */
export function documents(stdout: string): unknown[] {
  expect(stdout.endsWith('\n')).toBe(true);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

export const checkpointsOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith('checkpoint-'))
    .sort();

/** Returns the numbers of a folder's last checkpoint, by name. */
export function numbersOf(folder: string): Map<string, number[]> {
  const { tensors } = lastCheckpoint(folder);
  return new Map([...tensors].map(([id, { data }]) => [id, Array.from(data as Float32Array)]));
}

function lastCheckpoint(folder: string) {
  const name = checkpointsOf(folder).at(-1) as string;
  return decodeCheckpoint(readFileSync(path.join(folder, name)), name);
}

/** Returns what equal runs share to the bit: all numbers of the last checkpoint, and all records but times. */
export function outcomeOf(folder: string): { step: number; tensors: unknown; metrics: unknown[] } {
  const { step, tensors } = lastCheckpoint(folder);
  const metrics = readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  return {
    step,
    tensors: Object.fromEntries(
      [...tensors].map(([id, { data }]) => [id, Buffer.from(data.slice().buffer).toString('hex')]),
    ),
    metrics: metrics.map((line) => {
      const record = JSON.parse(line) as Record<string, unknown>;
      delete record['trainedSeconds'];
      return record;
    }),
  };
}

/** Dynamics in which no unit is ever active, in plain JavaScript. */
const STILL = `{
    id: 'still', title: 'Still', accepts: {},
    run({ compute, network, inputs }, name) {
      const rates = network.areas.map((area) => {
        const rate = area === network.input ? inputs : compute.temporary([inputs.rows, area.units]);
        if (rate !== inputs) compute.fill(rate, 0);
        return rate;
      });
      const of = (area) => rates[area.index];
      return { name, activity: of, rate: of, output: of, gain: () => undefined };
    },
  }`;

const FIELDS: Readonly<Record<string, string>> = {
  id: `'mine'`,
  family: `'Mine'`,
  title: `'My rule'`,
  summary: `'Does nothing.'`,
  equation: `'0'`,
  cites: '[]',
  options: '{ safeParse: (data) => ({ success: true, data }) }',
  dynamics: STILL,
  learn: '() => undefined',
};

/** Writes a rule file without imports and with the given fields; `undefined` leaves a field out. */
export function writeRule(file: string, fields: Readonly<Record<string, string | undefined>>): void {
  const lines = Object.entries({ ...FIELDS, ...fields }).flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name}: ${value},`],
  );
  writeFileSync(file, ['export default {', ...lines, '};', ''].join('\n'));
}
