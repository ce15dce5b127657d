import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { createJiti } from 'jiti';
import type { LearningStep } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import { checkRule, ruleById } from '../rules/index.ts';
import type { Rule } from '../rules/index.ts';

/** Whether a rule is named by a file rather than an id. */
export const isRuleFile = (reference: string): boolean => /[\\/]|\.[cm]?[jt]s$/.test(reference);

/**
 * The rule of that id, or the default export of a TypeScript or JavaScript file, which may import from
 * "apical" wherever it lies. Throws `rule.unknown`, `rule.file` (it does not load) or `rule.contract`.
 */
export async function loadRule(reference: string): Promise<Rule> {
  if (!isRuleFile(reference)) return ruleById(reference);
  const file = path.resolve(reference);
  if (!existsSync(file)) {
    throw new ApicalError('rule.file', `There is no rule file "${reference}" (looked for ${file}).`, {
      file,
    });
  }
  const here = fileURLToPath(import.meta.url);
  // From source (tests) the entry is index.ts, from a build index.js.
  const entry = path.join(path.dirname(here), '..', `index${path.extname(here)}`);
  const jiti = createJiti(here, { alias: { apical: entry }, fsCache: false, moduleCache: true });
  let exported: unknown;
  try {
    exported = await jiti.import(file, { default: true });
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(
      /\nRequire stack:[^]*$/,
      '',
    );
    throw new ApicalError(
      'rule.file',
      `The rule file "${reference}" does not load: ${reason}`,
      { file },
      error,
    );
  }
  return withPlainLearn(checkRule(exported, `The rule file "${reference}"`), reference);
}

/** Terms that come after the step are lost, so a `learn` that waits for something is refused. */
function withPlainLearn(rule: Rule, reference: string): Rule {
  const learn: (step: LearningStep) => unknown = rule.learn.bind(rule);
  return Object.assign(Object.create(rule) as Rule, {
    learn(step: LearningStep) {
      const returned = learn(step);
      if (!(returned instanceof Promise)) return;
      returned.catch(() => undefined);
      throw new ApicalError(
        'run.rule-failed',
        `The rule file "${reference}" has a learn that returns a promise. Make it a plain function: what is emitted after the step is lost.`,
      );
    },
  });
}
