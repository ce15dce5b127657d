import { ApicalError, checkRule } from '../../src/entries/browser-internals.ts';
import { problemOf } from './plan.ts';
import { addRuleProblem, addUserRule, lineOf } from './rules.ts';

/**
 * The user's own rules: modules that `apical lab --rule FILE` serves with the page, and that this worker imports and
 * links. Their imports from "apical" resolve to the library that the worker already holds.
 */

/** An entry of `rules/index.json`, as the server writes it. */
type RuleEntry =
  | {
      readonly reference: string;
      readonly entry: string;
      readonly modules: Readonly<Record<string, Readonly<Record<string, string>>>>;
    }
  | { readonly reference: string; readonly problem: string };

/** The module object of CommonJS. */
interface UserModule {
  exports: unknown;
}
type Factory = (
  exports: unknown,
  module: UserModule,
  jitiImport: (specifier: string) => Promise<unknown>,
  require: (specifier: string) => unknown,
) => Promise<void>;

const FOLDER = new URL(/* @vite-ignore */ '../rules/', import.meta.url);

/** Imports every served rule. Never rejects: a rule that fails to load becomes a problem of the catalogue. */
export async function loadUserRules(): Promise<void> {
  let entries: readonly RuleEntry[] = [];
  try {
    entries = (await (await fetch(new URL('index.json', FOLDER))).json()) as readonly RuleEntry[];
  } catch {
    // A host without the file serves no rules.
  }
  // Deep enough to reach a user's file from inside an operation.
  if (entries.length > 0) Error.stackTraceLimit = 50;
  for (const entry of entries) {
    const { reference } = entry;
    if ('problem' in entry) {
      addRuleProblem(reference, { code: 'rule.file', message: entry.problem });
      continue;
    }
    try {
      const rule = checkRule(await importRule(entry), `The rule file "${reference}"`);
      addUserRule({ reference, rule, markup: await markupOf(rule.equation) });
    } catch (thrown) {
      addRuleProblem(reference, problemOfFile(reference, thrown));
    }
  }
}

function problemOfFile(reference: string, thrown: unknown) {
  if (thrown instanceof ApicalError) return problemOf(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const line = lineOf(thrown);
  const where = line === undefined ? '' : `${line}: `;
  return {
    code: 'rule.file',
    message: `The rule file "${reference}" does not load: ${where}${message.replace(/[.\s]*$/, '')}. Fix it and reload the page.`,
  };
}

/** Imports and links the modules of a rule, and returns the default export of its file. */
async function importRule({ entry, modules, reference }: Extract<RuleEntry, { entry: string }>) {
  // A chunk of its own: the whole library is larger than what the page uses of it.
  const { LIBRARY } = await import('./library.ts');
  const linked = new Map<string, UserModule>();
  const link = async (address: string): Promise<unknown> => {
    const known = linked.get(address);
    if (known) return known.exports;
    const made: UserModule = { exports: {} };
    linked.set(address, made);
    const imports = modules[address] ?? {};
    // As with ES modules, imports run before a module; in a cycle it receives the exports so far.
    for (const imported of Object.values(imports)) await link(imported);
    const { default: run } = (await import(/* @vite-ignore */ new URL(address, FOLDER).href)) as {
      readonly default: Factory;
    };
    const require = (specifier: string): unknown => {
      const own = imports[specifier];
      if (own !== undefined) return linked.get(own)?.exports;
      const shared = LIBRARY[specifier];
      if (shared) return shared;
      throw new Error(unavailable(specifier));
    };
    await run(made.exports, made, (specifier) => Promise.resolve(require(specifier)), require);
    return made.exports;
  };
  const exported = (await link(entry)) as { readonly default?: unknown } | undefined;
  const rule = exported?.default ?? exported;
  refuseAsyncLearn(rule, reference);
  return rule;
}

/** Returns why an import fails, as the end of a sentence. */
const unavailable = (specifier: string): string =>
  /^\.{0,2}\//.test(specifier)
    ? `it imports "${specifier}", which does not exist`
    : `it imports "${specifier}", but in a browser a rule can import only "apical", "zod" and files beside it`;

/** Refuses an async `learn`: terms emitted after the step are lost, so it would silently learn nothing. Throws `rule.contract`. */
function refuseAsyncLearn(rule: unknown, reference: string): void {
  const { learn } = (rule ?? {}) as { readonly learn?: unknown };
  if (typeof learn !== 'function' || learn.constructor.name !== 'AsyncFunction') return;
  throw new ApicalError(
    'rule.contract',
    `The rule file "${reference}" has an async learn. Make it a plain function: terms emitted after the step are lost.`,
  );
}

/** Returns an equation as MathML from the server, or undefined, and then the page shows the TeX. */
async function markupOf(tex: string): Promise<string | undefined> {
  try {
    const response = await fetch(new URL(`equation?${new URLSearchParams({ tex }).toString()}`, FOLDER));
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}
