import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Against a test that hangs, on a machine that others keep busy too.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
