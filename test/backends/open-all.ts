import { afterAll, beforeAll } from 'vitest';
import { blasBackend } from '../../src/backends/blas/index.ts';
import { openBackend, provideBlas } from '../../src/backends/open.ts';
import type { Compute } from '../../src/tensor/index.ts';

provideBlas(blasBackend);

/** Opens these backends for the tests of a file, and returns a function that finds one of them by name. */
export function openAll<Name extends 'reference' | 'wasm' | 'blas'>(
  names: readonly Name[],
): (name: Name) => Compute {
  const computes = new Map<Name, Compute>();
  beforeAll(async () => {
    for (const backend of names) computes.set(backend, await openBackend({ backend }));
  });
  afterAll(() => {
    for (const compute of computes.values()) compute.dispose();
  });
  return (name) => {
    const compute = computes.get(name);
    if (!compute) throw new Error(`${name} is not open.`);
    return compute;
  };
}
