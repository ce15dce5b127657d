import { appendFileSync, cpSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeHash, evaluationHash, runsSources, sourceFolder } from '../../src/claims/code-hash.ts';
import { CLAIMS } from '../../src/claims/index.ts';
import { temporaryFolder } from './fixture.ts';

const SMALL = { claim: { backend: 'reference' }, file: 'claims/suite/claim.ts' } as const;

/** Writes a source tree in which a claim imports a rule, the rule a helper, and the helper only types of a third file. */
function smallTree(): {
  source: string;
  write: (name: string, content: string) => void;
  hash: () => string | undefined;
} {
  const source = path.join(temporaryFolder(), 'src');
  const write = (name: string, content: string) => {
    mkdirSync(path.dirname(path.join(source, name)), { recursive: true });
    writeFileSync(path.join(source, name), content);
  };
  write('backends/reference.ts', 'export const kernels = 1;\n');
  write(
    'claims/suite/claim.ts',
    "import {\n  rule,\n} from '../../rules/rule.ts';\nexport const claim = rule;\n",
  );
  write('rules/rule.ts', "export { helper as rule } from './helper.ts';\n");
  write('rules/helper.ts', "import type { T } from '../types.ts';\nexport const helper: T = 1;\n");
  write('types.ts', 'export type T = number;\n');
  write('elsewhere.ts', 'export const elsewhere = 1;\n');
  return { source, write, hash: () => codeHash(source, SMALL) };
}

describe('the hash of the code that a claim depends on', () => {
  it.each(['claims/suite/claim.ts', 'rules/rule.ts', 'rules/helper.ts', 'backends/reference.ts'])(
    'changes with %s',
    (name) => {
      const { source, hash } = smallTree();
      const before = hash();
      appendFileSync(path.join(source, name), 'export const more = 1;\n');
      expect(before).toMatch(/^[0-9a-f]{64}$/);
      expect(hash()).not.toBe(before);
    },
  );

  it('does not change with files that cannot change the outcome, nor with line ends and comments', () => {
    const { source, write, hash } = smallTree();
    const before = hash();
    write('elsewhere.ts', 'export const elsewhere = 2;\n');
    write('types.ts', 'export type T = 1 | 2;\n');
    const rule = readFileSync(path.join(source, 'rules/helper.ts'), 'utf8');
    write('rules/helper.ts', rule.replaceAll('\n', '\r\n'));
    expect(hash()).toBe(before);
    appendFileSync(path.join(source, 'rules/rule.ts'), '\n/**\n * Some words.\n */\n  // And more.\n');
    expect(hash()).toBe(before);
  });

  it('changes with training and the data sets too for a claim that trains', () => {
    const { source, write, hash } = smallTree();
    write('training/example-training.ts', 'export const training = 1;\n');
    write('datasets/index.ts', 'export const datasets = 1;\n');
    const claim = { ...SMALL.claim, trainings: () => [] };
    const trains = () => codeHash(source, { ...SMALL, claim });
    for (const name of ['training/example-training.ts', 'datasets/index.ts', 'rules/helper.ts']) {
      const [before, other] = [trains(), hash()];
      appendFileSync(path.join(source, name), 'export const more = 1;\n');
      expect(trains(), name).not.toBe(before);
      if (!name.startsWith('rules')) expect(hash(), name).toBe(other);
    }
  });

  it('is unknown when a file is missing', () => {
    const { source } = smallTree();
    expect(codeHash(source, { ...SMALL, file: 'claims/suite/missing.ts' })).toBeUndefined();
  });

  it('follows the imports of a real claim down to the kernels, and nothing else', () => {
    const real = sourceFolder() as string;
    const source = path.join(temporaryFolder(), 'src');
    cpSync(real, source, { recursive: true });
    const { claim, file } = CLAIMS[0] as (typeof CLAIMS)[number];
    const hash = () => codeHash(source, { claim, file });
    const before = hash();
    expect(before).toBe(codeHash(real, { claim, file }));
    appendFileSync(path.join(source, 'claims/report.ts'), 'export const more = 1;\n');
    appendFileSync(path.join(source, 'training/example-training.ts'), 'export const more = 1;\n');
    expect(hash()).toBe(before);
    for (const name of [
      'rules/feedback/feedback-alignment.ts',
      'network/terms.ts',
      'backends/reference.ts',
    ]) {
      const earlier = hash();
      appendFileSync(path.join(source, name), 'export const more = 1;\n');
      expect(hash(), name).not.toBe(earlier);
    }
  });
});

describe('the hash of the code by which a claim evaluates its trainings', () => {
  const CLAIM = 'claims/suite/claim.ts';
  const FIXTURE = 'claims/fixtures/mean.ts';
  const tree = () => {
    const { source, write } = smallTree();
    write(FIXTURE, 'export const mean = 1;\n');
    write(
      CLAIM,
      "import { rule } from '../../rules/rule.ts';\nimport { mean } from '../fixtures/mean.ts';\nexport const claim = [rule, mean];\n",
    );
    const hash = () => evaluationHash(source, CLAIM);
    return { source, write, hash, before: hash() };
  };

  it.each([CLAIM, FIXTURE])('changes with the code of %s', (file) => {
    const { source, hash, before } = tree();
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    appendFileSync(path.join(source, file), 'export const more = 1;\n');
    expect(hash()).not.toBe(before);
  });

  it('does not change with the library, nor with comments, line breaks and paths of imports', () => {
    const { source, write, hash, before } = tree();
    appendFileSync(path.join(source, 'rules/rule.ts'), 'export const more = 1;\n');
    write('rules/family/rule.ts', 'export const rule = 1;\n');
    write(
      CLAIM,
      `import {
  rule,
} from '../../rules/family/rule.ts';
import { mean } from '../fixtures/mean.ts';

/**
 * What it claims: 'a string' // and more.
 */
// A line.
export const claim =
  [rule, mean];
`,
    );
    expect(hash()).toBe(before);
  });

  it('is unknown when a file is missing', () => {
    const { source } = tree();
    expect(evaluationHash(source, 'claims/suite/missing.ts')).toBeUndefined();
  });
});

describe('a build', () => {
  it('corresponds to the sources only when none of them is newer', () => {
    const { source } = smallTree();
    const build = path.join(path.dirname(source), 'dist');
    const check = () => runsSources(source, SMALL, 'file:///dist/claims/code-hash.js');
    expect(check()).toBe(false);
    for (const name of ['claims/suite/claim', 'rules/rule', 'rules/helper', 'backends/reference']) {
      mkdirSync(path.dirname(path.join(build, name)), { recursive: true });
      writeFileSync(path.join(build, `${name}.js`), '');
    }
    const later = new Date(Date.now() + 60_000);
    for (const name of ['claims/suite/claim', 'rules/rule', 'rules/helper', 'backends/reference'])
      utimesSync(path.join(build, `${name}.js`), later, later);
    expect(check()).toBe(true);
    const latest = new Date(Date.now() + 120_000);
    utimesSync(path.join(source, 'rules/helper.ts'), latest, latest);
    expect(check()).toBe(false);
  });
});
