import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** The entries whose names are documented, by what a program imports them as. */
export const TIERS = { apical: 'index', 'apical/rules': 'rules' } as const;

/** A public name, and what its docstring holds. */
export interface PublicName {
  readonly tier: keyof typeof TIERS;
  readonly name: string;
  /** File of its declaration, from the root of the repository. */
  readonly file: string;
  readonly isDocumented: boolean;
  /** Whether the name can be called or constructed, and so needs an example. */
  readonly needsExample: boolean;
  readonly examples: readonly string[];
}

/** Reads every name that the entries export, except those of other packages. */
export function publicNames(): readonly PublicName[] {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const fileOf = (entry: string) => path.join(ROOT, 'src/entries', `${entry}.ts`);
  const program = ts.createProgram(Object.values(TIERS).map(fileOf), options);
  const checker = program.getTypeChecker();
  return Object.entries(TIERS).flatMap(([tier, entry]) => {
    const source = program.getSourceFile(fileOf(entry));
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`The entry ${entry} exports nothing.`);
    return checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const [declaration] = symbol.declarations ?? [];
      const file = declaration && path.relative(ROOT, declaration.getSourceFile().fileName);
      if (!file || !file.startsWith('src/')) return [];
      return [
        {
          tier: tier as PublicName['tier'],
          name: exported.name,
          file,
          ...docsOf(symbol, declaration, checker),
        },
      ];
    });
  });
}

function docsOf(
  symbol: ts.Symbol,
  declaration: ts.Declaration,
  checker: ts.TypeChecker,
): Pick<PublicName, 'isDocumented' | 'needsExample' | 'examples'> {
  const isCalled =
    (symbol.flags & ts.SymbolFlags.Variable) !== 0 &&
    checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures().length > 0;
  return {
    isDocumented: ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '',
    needsExample: (symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) !== 0 || isCalled,
    examples: symbol
      .getJsDocTags(checker)
      .filter(({ name }) => name === 'example')
      .map(({ text }) => withoutFence(ts.displayPartsToString(text))),
  };
}

/** An example with or without a fence, or with a title before the fence, as the program in it. */
function withoutFence(text: string): string {
  const fenced = /```\w*\n([^]*?)```/.exec(text);
  return (fenced?.[1] ?? text).trim();
}

/** Returns an example as a module; names of its tier that it does not import are imported. */
export function programOf(example: string, tier: string, names: readonly string[]): string {
  if (/^import /m.test(example)) return `${example}\nexport {};\n`;
  const used = names.filter((name) => new RegExp(`(?<![.\\w$])${name}(?![\\w$])`).test(example));
  return `import { ${used.join(', ')} } from '${tier}';\n${example}\nexport {};\n`;
}
