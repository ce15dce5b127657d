import { openBackend } from '../../backends/open.ts';
import { loadRule } from '../../runs/files/rule-file.ts';
import { CheckFailure, CHECKS } from './checks.ts';
import type { Check, CheckSubject } from './checks.ts';
import { tasksOf } from './tasks.ts';

/** The result of a rule in one check. */
export interface CheckResult {
  readonly id: string;
  readonly title: string;
  readonly passed: boolean;
  /** Why the check does not apply to the rule; absent if it does. */
  readonly skipped?: string;
  /** The finding of a failed check. */
  readonly found?: string;
  /** The usual cause of the failure, and how to fix it; absent if an earlier check ended by the same error. */
  readonly meaning?: string;
}

const THROWN =
  'The rule throws this error. Fix it first: a check that meets it says nothing else about the rule.';

/** The `--json` document of `apical check`. */
export interface CheckDocument {
  readonly version: 1;
  readonly kind: 'check';
  readonly rule: string;
  readonly passed: boolean;
  /** The tasks on which the rule was checked: "examples" and, for rules in time, "sequences" and "a stream". */
  readonly tasks: readonly string[];
  readonly checks: readonly CheckResult[];
}

/** Options and a learning rate with which a rule learns the small task. */
export type CheckSetting = Pick<CheckSubject, 'options' | 'rate'>;

/**
 * Runs the conformance suite on a rule, given as an id or a user's file. `onResult` receives each result as it arrives.
 * Throws `rule.unknown`, `rule.file` or `rule.contract` if there is no rule to check.
 */
export async function checkRuleFile(
  reference: string,
  setting: CheckSetting = {},
  onResult?: (result: CheckResult) => void,
): Promise<CheckDocument> {
  const rule = await loadRule(reference);
  const [exact, fast] = await Promise.all([
    openBackend({ backend: 'reference' }),
    openBackend({ backend: 'wasm' }),
  ]);
  try {
    const subject = { rule, reference: exact, others: [fast], ...setting };
    const thrown = new Set<string>();
    const checks = CHECKS.map((check): CheckResult => {
      const result = resultOf(check, subject, thrown);
      onResult?.(result);
      return result;
    });
    return {
      version: 1,
      kind: 'check',
      rule: rule.id,
      passed: checks.every(({ passed }) => passed),
      tasks: tasksOf(rule).map(({ name }) => name),
      checks,
    };
  } finally {
    exact.dispose();
    fast.dispose();
  }
}

/** Runs one check. `thrown` holds the errors of the rule that earlier checks met. */
function resultOf(
  { id, title, meaning, skips, run }: Check,
  subject: CheckSubject,
  thrown: Set<string>,
): CheckResult {
  const skipped = skips?.(subject.rule);
  if (skipped !== undefined) return { id, title, passed: true, skipped };
  try {
    run(subject);
    return { id, title, passed: true };
  } catch (thrownError) {
    // Terms are checked inside a learning step, which wraps what is thrown there.
    const isWrapped = thrownError instanceof Error && thrownError.cause instanceof CheckFailure;
    const error = isWrapped ? thrownError.cause : thrownError;
    const found = error instanceof Error ? error.message : String(error);
    if (error instanceof CheckFailure) return { id, title, passed: false, found, meaning };
    if (thrown.has(found)) return { id, title, passed: false, found };
    thrown.add(found);
    return { id, title, passed: false, found, meaning: THROWN };
  }
}
