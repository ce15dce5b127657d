import js from '@eslint/js';
import typescript from 'typescript-eslint';

/**
 * Imports point up this list only: a folder may import from those before it, and not from those beside it.
 * `bench`, `reports` and everything before `runs` also run in a browser, so they import no Node module,
 * with the exceptions below.
 */
const LAYERS = [
  ['random'],
  ['tensor'],
  ['datasets'],
  ['backends', 'network', 'environments'],
  ['dynamics'],
  ['references'],
  ['learning'],
  ['rules', 'config'],
  ['analysis'],
  ['training'],
  ['runs'],
  ['studies', 'search'],
  ['reports', 'bench'],
  ['claims', 'serving'],
  ['cli'],
];

/** Folders before this one import no Node module. */
const FIRST_OF_NODE = LAYERS.findIndex((layer) => layer.includes('runs'));

/** Folders further down that a folder must not import from all the same. */
const FORBIDDEN = {
  dynamics: ['backends', 'datasets', 'environments'],
  references: ['backends', 'datasets', 'environments'],
  learning: ['backends', 'datasets', 'environments'],
  rules: ['backends', 'datasets', 'environments'],
  network: ['datasets'],
  backends: ['datasets'],
};

const NODE_ONLY_FILES = ['src/backends/blas/**'];

const layerRules = LAYERS.flatMap((folders, index) =>
  folders.map((folder) => {
    const beside = folders.filter((other) => other !== folder);
    const above = LAYERS.slice(index + 1).flat();
    const forbidden = [...beside, ...above, ...(FORBIDDEN[folder] ?? [])];
    return {
      files: [`src/${folder}/**/*.ts`],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              ...forbidden.map((other) => ({
                regex: `^(\\.\\./)+${other}/`,
                message: `src/${folder} must not import from src/${other}: imports point one way (docs/architecture.md).`,
              })),
              {
                regex: '^(\\.\\./)+entries/',
                message: 'The library does not import its own entries.',
              },
              ...(index < FIRST_OF_NODE
                ? [{ regex: '^node:', message: `src/${folder} also runs in a browser: no Node modules.` }]
                : []),
            ],
          },
        ],
      },
    };
  }),
);

export default typescript.config(
  {
    ignores: [
      'dist/',
      'runs/',
      'node_modules/',
      'bench/node_modules/',
      'src/backends/wasm/assembly/',
      'src/backends/wasm/*.generated.ts',
    ],
  },
  js.configs.recommended,
  ...typescript.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js', '*.config.ts'] } } },
    rules: {
      // Numbers in messages are the point of a laboratory.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Kernels' arguments may be arrow functions that return what they call.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Steps, kernels and dynamics are records of functions, destructured where they are used.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      'no-console': 'error',
      // A possessive names nothing: call it what it is.
      'id-denylist': ['error', 'its'],
      // A merge that was not finished compiles where it lies in a comment.
      'no-warning-comments': ['error', { terms: ['<<<<<<<', '>>>>>>>'], location: 'anywhere' }],
    },
  },
  ...layerRules,
  {
    files: ['lab/**/*.{ts,tsx}'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(\\.\\./)+src/(?!entries/(browser|browser-internals|rules)\\.ts$)',
              message: 'The page reaches the library through src/entries alone.',
            },
            { regex: '^node:', message: 'The page runs in a browser: no Node modules.' },
          ],
        },
      ],
    },
  },
  {
    files: NODE_ONLY_FILES,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(${LAYERS.flat()
                .filter((folder) => !['random', 'tensor', 'backends'].includes(folder))
                .join('|')})/`,
              message: 'Backends know tensors only.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['learning', 'rules', 'references', 'dynamics'].map((folder) => `src/${folder}/**/*.ts`),
    rules: { 'no-restricted-globals': ['error', 'Date', 'performance', 'fetch', 'setTimeout', 'process'] },
  },
  {
    files: ['scripts/**/*.mjs', 'bin/*.js', 'bench/**/*.mjs', 'eslint.config.js'],
    extends: [typescript.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        Buffer: 'readonly',
        // What scripts hand to a browser to be run there.
        document: 'readonly',
        window: 'readonly',
      },
    },
    rules: { 'no-console': 'off' },
  },
);
