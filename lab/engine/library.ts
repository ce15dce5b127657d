import * as door from '../../src/entries/browser.ts';
import * as internals from '../../src/entries/browser-internals.ts';
import * as parts from '../../src/entries/rules.ts';

/** The modules that a user's file may import besides files of its own, by specifier. */
export const LIBRARY: Readonly<Record<string, object | undefined>> = {
  apical: named('apical', door),
  'apical/rules': named('apical/rules', parts),
  'apical/browser': named('apical/browser', door),
  'apical/internals': named('apical/internals', internals),
  zod: { ...parts.z, z: parts.z, default: parts.z, __esModule: true },
};

/** Wraps the exports of the library, so that reading an unknown name is a readable error instead of undefined. */
function named(specifier: string, exports: object): object {
  return new Proxy(exports, {
    get(target, name, receiver) {
      if (name === '__esModule') return true;
      if (typeof name === 'symbol' || name === 'then' || name === 'default' || name in target) {
        return Reflect.get(target, name, receiver) as unknown;
      }
      const [elsewhere] = Object.keys(LIBRARY).filter((module) => name in (LIBRARY[module] ?? {}));
      const hint = elsewhere === undefined ? '' : `; import it from "${elsewhere}"`;
      throw new Error(`it uses "${name}" of "${specifier}", which does not exist in a browser${hint}`);
    },
  });
}
