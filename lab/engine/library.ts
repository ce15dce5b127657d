import * as library from '../../src/entries/browser.ts';

/** The modules that a user's file may import besides files of its own, by specifier. */
export const LIBRARY: Readonly<Record<string, object | undefined>> = {
  apical: named('apical', library),
  'apical/rules': named('apical/rules', library),
  'apical/browser': named('apical/browser', library),
  'apical/internals': named('apical/internals', library),
  zod: { ...library.z, z: library.z, default: library.z, __esModule: true },
};

/** Wraps the exports of the library, so that reading an unknown name is a readable error instead of undefined. */
function named(specifier: string, exports: object): object {
  return new Proxy(exports, {
    get(target, name, receiver) {
      if (name === '__esModule') return true;
      if (typeof name === 'symbol' || name === 'then' || name === 'default' || name in target) {
        return Reflect.get(target, name, receiver) as unknown;
      }
      throw new Error(`it uses "${name}" of "${specifier}", which does not exist in a browser`);
    },
  });
}
