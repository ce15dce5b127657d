import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { apical, workInEmptyFolder } from '../cli/fixture.ts';
import type { CheckDocument } from '../../src/studies/conformance/check.ts';

/*
 * A rule in time is checked on examples, sequences and a stream.
 */

workInEmptyFolder();

const example = (name: string) =>
  fileURLToPath(new URL(`../../examples/in-time/${name}.ts`, import.meta.url));

async function failed(file: string): Promise<CheckDocument['checks']> {
  const { stdout, stderr } = await apical('check', file, '--json');
  if (stdout === '') throw new Error(stderr);
  const { checks, tasks } = JSON.parse(stdout) as CheckDocument;
  expect(tasks).toEqual(['examples', 'sequences', 'a stream']);
  return checks.filter(({ passed }) => !passed);
}

test.each(['e-prop', 'backpropagation-through-time'])('%s passes every check', async (name) => {
  const { code, stdout } = await apical('check', example(name));
  expect(stdout).toMatch(/passes all 13 checks, on examples, sequences and a stream\./);
  expect(code).toBe(0);
});

/** Writes backpropagation through time, with parts replaced. */
function write({ dynamics = 'recurrent', before = '', factor = '1' }): void {
  writeFileSync(
    'mine.mjs',
    `import { backpropagateInTime, defineRule, noOptions, recurrent } from 'apical/rules';
let calls = 0;
export default defineRule({
  id: 'mine', family: 'Mine', title: 'Mine', summary: 'Learns.', equation: 'x', cites: [],
  options: noOptions,
  dynamics: ${dynamics},
  learn(step) {
    ${before}
    const emit = (parameter, term) => step.emit(parameter, { ...term, factor: term.factor * ${factor} });
    backpropagateInTime({ ...step, emit });
  },
});
`,
  );
}

test('a number that a stream carries in the file, not in its state, is found', async () => {
  write({ before: 'calls = step.time?.continues ? calls + 1 : 0;', factor: '(1 + 0.1 * calls)' });
  const resumes = (await failed('./mine.mjs')).find(({ id }) => id === 'resumes');
  expect(resumes?.found).toMatch(/^on a stream, the (losses|weights or the state) after a resume differ/);
});

test('dynamics that forget what came before a window are found', async () => {
  write({
    dynamics: `{ ...recurrent, run: (setting, ...rest) =>
      recurrent.run({ ...setting, carried: (name) => {
        const rest = setting.carried(name);
        setting.compute.fill(rest, 0);
        return rest;
      } }, ...rest) }`,
  });
  const [first] = (await failed('./mine.mjs')).filter(({ id }) => id === 'windows');
  expect(first?.found).toMatch(/the loss of a stream is [\d.]+ in one window, [\d.]+ in windows of one step/);
  expect(first?.meaning).toContain('dynamics.carries');
});
