import { defineConfig } from 'vitest/config';

// Two projects: `unit` is what a developer runs all day (`npm run verify`); `system` starts real processes and servers
// and therefore runs one file at a time, so that two tests never compete for the machine they measure.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['services/**/*.test.ts', 'test/tidy.test.ts'], testTimeout: 20_000 } },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/tidy.test.ts', '**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
