import js from '@eslint/js';
import typescript from 'typescript-eslint';

/**
 * Imports point left only: each folder may reach those before it. `datasets` and everything before
 * `experiments` runs in a browser too, so it reaches no Node module.
 */
const LAYERS = [
  'random',
  'tensor',
  'backends',
  'network',
  'dynamics',
  'references',
  'rules',
  'analysis',
  'datasets',
  'environments',
  'experiments',
  'claims',
  'serving',
  'cli',
];
const NODE_ONLY_FILES = ['src/backends/blas/**'];

/** Layers a folder must not reach although they stand to its left. */
const FORBIDDEN = {
  network: ['backends'],
  dynamics: ['backends'],
  references: ['backends'],
  rules: ['backends'],
  datasets: ['backends', 'network', 'dynamics', 'references', 'rules', 'analysis'],
  environments: ['backends', 'network', 'dynamics', 'references', 'rules', 'analysis'],
};

const layerRules = LAYERS.map((layer, index) => {
  const forbidden = [...LAYERS.slice(index + 1), ...(FORBIDDEN[layer] ?? [])];
  const inBrowser = index < LAYERS.indexOf('experiments');
  const patterns = [
    ...forbidden.map((other) => ({
      regex: `^(\\.\\./)+${other}/`,
      message: `src/${layer} must not import from src/${other}: imports point one way (docs/architecture.md).`,
    })),
    ...(inBrowser
      ? [{ regex: '^node:', message: `src/${layer} runs in a browser too: no Node modules.` }]
      : []),
  ];
  return {
    files: [`src/${layer}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  };
});

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
      // Steps, kernels and dynamics are records of functions, taken apart where they are used.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      'no-console': 'error',
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
              regex: '^(\\.\\./)+src/(?!browser\\.ts$)',
              message: 'The page reaches the library by src/browser.ts alone.',
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
              regex:
                '^(\\.\\./)+(network|dynamics|references|rules|analysis|datasets|experiments|claims|cli)/',
              message: 'Backends know tensors only.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/rules/**/*.ts', 'src/references/**/*.ts', 'src/dynamics/**/*.ts'],
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
