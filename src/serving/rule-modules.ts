import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';
import type { Jiti } from 'jiti';

/** A user's rule as the page fetches it: its modules with what each imports, or why it cannot be read. */
export type RuleEntry =
  | {
      /** The path as given to `apical lab --rule`. */
      readonly reference: string;
      /** Address of the rule's own module. */
      readonly entry: string;
      /** By address: the address of each relative import, by the specifier that the module uses. */
      readonly modules: Readonly<Record<string, Readonly<Record<string, string>>>>;
    }
  | { readonly reference: string; readonly problem: string };

/** The text by which jiti replaces the code of a file that it cannot parse. */
const PARSE_ERROR = 'exports.__JITI_ERROR__ = ';
const IMPORT = /\b(?:jitiImport|require)\(\s*(["'])(.+?)\1/g;

/**
 * Rule files of a user as modules that a browser can import. Each file becomes one module: TypeScript is stripped, imports
 * become calls of `jitiImport`, and lines keep their numbers, so that errors name a line of the file as it was written.
 */
export class RuleModules {
  readonly #references: readonly string[];
  #code = new Map<string, string>();

  constructor(references: readonly string[]) {
    this.#references = references;
  }

  /** Reads every rule file and the files that it imports by relative paths. Never throws: problems are entries. */
  read(): readonly RuleEntry[] {
    this.#code = new Map();
    return this.#references.map((reference, rule) => {
      try {
        return this.#readRule(reference, rule);
      } catch (thrown) {
        const reason = (thrown instanceof Error ? thrown.message : String(thrown)).replace(/[.\s]*$/, '');
        return {
          reference,
          problem: `The rule file "${reference}" does not load: ${reason}. Fix it and reload the page.`,
        };
      }
    });
  }

  /** Returns the module of an address of the last reading, or undefined. */
  module(address: string): string | undefined {
    return this.#code.get(address);
  }

  #readRule(reference: string, rule: number): RuleEntry {
    const file = path.resolve(reference);
    const jiti = createJiti(file, { fsCache: false });
    const addresses = new Map<string, string>();
    const modules: Record<string, Record<string, string>> = {};
    const visit = (at: string): string => {
      const known = addresses.get(at);
      if (known !== undefined) return known;
      const address = `${rule}/${addresses.size}/${encodeURIComponent(path.basename(at))}`;
      addresses.set(at, address);
      const code = transpile(jiti, at);
      // All on the first line, so that the lines of the file keep their numbers.
      this.#code.set(
        address,
        `export default async (exports, module, jitiImport, require) => {${code}\n};\n`,
      );
      const imports: Record<string, string> = {};
      for (const [, , specifier = ''] of code.matchAll(IMPORT)) {
        const found = resolve(jiti, specifier, at);
        if (found !== undefined) imports[specifier] = visit(found);
      }
      modules[address] = imports;
      return address;
    };
    return { reference, entry: visit(file), modules };
  }
}

/** Returns the file that a relative import means; undefined for packages, and for files that do not exist. */
function resolve(jiti: Jiti, specifier: string, from: string): string | undefined {
  if (!/^\.{0,2}\//.test(specifier)) return undefined;
  const found = jiti.esmResolve(specifier, { parentURL: pathToFileURL(from), try: true });
  return found === undefined ? undefined : fileURLToPath(found);
}

/** Returns the code of a file as the body of an async function. Throws an error that names the line. */
function transpile(jiti: Jiti, file: string): string {
  if (!existsSync(file)) throw new Error(`there is no file ${file}`);
  const source = readFileSync(file, 'utf8');
  if (file.endsWith('.json')) return `module.exports = ${JSON.stringify(parseJson(source, file))};`;
  const ts = /\.[cm]?tsx?$/.test(file);
  const code = jiti.transform({ source, filename: file, ts, async: true, retainLines: true });
  if (!code.startsWith(PARSE_ERROR)) return code;
  const { message, line } = JSON.parse(code.slice(PARSE_ERROR.length)) as { message: string; line: number };
  throw new Error(`${path.basename(file)}, line ${line}: ${message.trim()}`);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new Error(`${path.basename(file)}: ${(thrown as Error).message}`, { cause: thrown });
  }
}
