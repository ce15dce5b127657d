import { ApicalError, ruleById, RULES } from '../../src/entries/browser-internals.ts';
import type { Problem } from '../protocol.ts';
import type { Rule } from '../../src/entries/browser-internals.ts';

/** A rule from a user's file. */
export interface UserRule {
  /** The path that configs, links and commands use as the name of the rule. */
  readonly reference: string;
  readonly rule: Rule;
  /** The rule's equation as MathML; undefined if the server could not set it. */
  readonly markup: string | undefined;
}

/** The user's rules that this worker has loaded, by reference. */
const userRules = new Map<string, UserRule>();
/** Problems of served files that could not be loaded, by reference. */
const problems = new Map<string, Problem>();

export const addUserRule = (added: UserRule): void => void userRules.set(added.reference, added);
export const addRuleProblem = (reference: string, problem: Problem): void =>
  void problems.set(reference, problem);

/** Returns every rule with the name that plans use: the rules of the library, then the user's. */
export function knownRules(): readonly (Partial<UserRule> & { readonly id: string; readonly rule: Rule })[] {
  return [
    ...RULES.map((rule) => ({ id: rule.id, rule })),
    ...[...userRules.values()].map((own) => ({ id: own.reference, ...own })),
  ];
}

export const ruleProblems = (): readonly Problem[] => [...problems.values()];

/** Returns the rule of an id, or of the path of a served file. Throws `rule.unknown` or `lab.rule`. */
export function ruleOf(reference: string): Rule {
  const own = userRules.get(reference);
  if (own) return own.rule;
  if (!/[\\/]|\.[cm]?[jt]s$/.test(reference)) return ruleById(reference);
  if (problems.has(reference)) {
    throw new ApicalError('lab.rule', `The rule file "${reference}" does not load, so its rule is left out.`);
  }
  throw new ApicalError(
    'lab.rule',
    `The rule file "${reference}" is not served with this page. Serve it with \`apical lab --rule ${reference}\`, then open the link there.`,
    { reference },
  );
}

/** Matches a user's module in the stack of an error: rule, module, file name and line. */
const FRAME = /\/rules\/\d+\/\d+\/([^:/?\s)]+):(\d+):\d+/;

/** Returns the line of a user's file at which an error, or what caused it, was thrown: "mine.ts, line 12". */
export function lineOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const [, name, line] = FRAME.exec(thrown.stack ?? '') ?? [];
  if (name !== undefined) return `${decodeURIComponent(name)}, line ${line ?? ''}`;
  return lineOf(thrown.cause);
}
