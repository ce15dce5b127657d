import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { apical, workInEmptyFolder } from '../cli/fixture.ts';
import type { CheckDocument } from '../../src/studies/conformance/check.ts';

workInEmptyFolder();

/** Writes a rule that follows the gradient, with parts replaced. `factor` scales its terms. */
function write(parts: Readonly<Record<string, string>> = {}): void {
  const { before = '', factor = '1' } = parts;
  writeFileSync(
    'mine.mjs',
    `import { defineRule, descend, feedforward, noOptions, z } from 'apical/rules';
let calls = 0;
export default defineRule({
  id: 'mine', family: 'Mine', title: ${parts['title'] ?? "'Mine'"}, summary: 'Learns.', equation: 'x', cites: [],
  options: ${parts['options'] ?? 'noOptions'},
  dynamics: ${parts['dynamics'] ?? 'feedforward'},
  network: { wire: ${parts['wire'] ?? '(network) => network'} },
  learning: { ${parts['learning'] ?? ''} },
  learn(step) {
    ${before}
    const emit = (parameter, term) => step.emit(parameter, { ...term, factor: term.factor * ${factor} });
    descend({ ...step, emit }, step.run('forward'), (projection, above, below, beta) =>
      projection.sendBack(step.compute, below, above, beta));
  },
});
`,
  );
}

async function check(...words: string[]): Promise<{ code: number | null; failed: CheckDocument['checks'] }> {
  const { code, stdout, stderr } = await apical('check', './mine.mjs', '--json', ...words);
  if (stdout === '') throw new Error(stderr);
  const { checks } = JSON.parse(stdout) as CheckDocument;
  return { code, failed: checks.filter(({ passed }) => !passed) };
}

describe('apical check', () => {
  test('passes a sound rule', async () => {
    write();
    expect(await check()).toEqual({ code: 0, failed: [] });
    const { stdout } = await apical('check', './mine.mjs');
    expect(stdout).toContain('Rule "mine" passes all 12 checks, on examples.');
    expect(stdout).toContain(
      '– answers a stream alike, however it is cut into windows: does not apply, the dynamics "feedforward" have no time',
    );
  });

  test.each([
    ['contract', { title: "' '" }, '"title" is empty', 'Fill in family, title'],
    ['options', { options: 'z.strictObject({ gain: z.number().default(1) })' }, '"gain"', 'describe'],
    ['repeats', { factor: 'Math.random()' }, 'two runs with one seed differ', 'draw all noise from streams'],
    [
      'resumes',
      { before: 'calls = step.step === 0 ? 1 : calls + 1;', factor: 'calls' },
      'after a resume',
      'declare them in learning.state',
    ],
    [
      'backends',
      { factor: "(step.compute.backend.name === 'reference' ? 1 : 1.5)" },
      'in double precision',
      'depends on rounding',
    ],
    ['terms', { factor: '(step.compute.fill(term.post, NaN), 1)' }, 'is not finite', 'outer terms are pre'],
    ['samples', { learning: 'sharedSamples: () => 3' }, 'the number of samples', 'learning.sharedSamples'],
    [
      'plastic',
      {
        before: `for (const { weights, plastic } of step.network.projections)
                   if (!plastic) step.compute.scale(weights, weights, 0.9);`,
      },
      'is not plastic and changed',
      'must emit terms',
    ],
    [
      'sparse',
      {
        wire: `(network) => ({ ...network, projections: [...network.projections,
                 { from: 'output', to: network.projections.at(-1).from, kind: 'feedback', density: 1 }] })`,
      },
      'is dense in a network of density 0.5',
      'Feedback must take the density of the forward path',
    ],
    [
      'pure',
      {
        learning: `state: () => [{ name: 'seen', shape: [1], scope: 'run' }],
                   evaluation: (step) => { step.compute.fill(step.state('seen'), 7); return step.run('evaluation'); }`,
      },
      'something changed',
      'write state only in learn',
    ],
    ['learns', { factor: '-1' }, 'per example', 'Compare the sign of its terms'],
  ])('says in words what a failure of "%s" means', async (id, parts, found, meaning) => {
    write(parts);
    const { code, failed } = await check();
    expect(code).toBe(1);
    const failure = failed.find((each) => each.id === id);
    expect(failure?.found).toContain(found);
    expect(failure?.meaning).toContain(meaning);
  });

  test('names an error that the rule throws once, without guesses at its meaning', async () => {
    write({ before: "step.run('forward', { steps: 3 });" });
    const { code, stdout } = await apical('check', './mine.mjs');
    expect(code).toBe(1);
    expect(stdout.match(/has no option "steps"\. It understands .* \(mine\.mjs:\d+:\d+\)/g)).toHaveLength(1);
    expect(stdout.match(/The rule throws this error/g)).toHaveLength(1);
    expect(stdout).toContain('Found: the same error.');
    expect(stdout).not.toContain('draw all noise from streams');
  });

  test('names the options of dynamics that understand inputs alone', async () => {
    write({
      dynamics: '{ ...feedforward, accepts: {} }',
      before: "step.run('forward', { clamp: () => undefined });",
    });
    const { stdout } = await apical('check', './mine.mjs');
    expect(stdout).toContain('has no option "clamp". It understands inputs (mine.mjs:');
  });

  test('takes options and a rate for the check that it learns', async () => {
    write({ factor: '0.001' });
    expect((await check()).failed.map(({ id }) => id)).toContain('learns');
    expect((await check('--rate', '50')).failed.map(({ id }) => id)).not.toContain('learns');
    const { code, stderr } = await apical('check', './mine.mjs', '--rate', 'fast');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'apical: --rate must be a number above 0, such as 0.1, but it is "fast".\n',
    });
  });
});
