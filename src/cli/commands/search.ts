import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import { ApicalError } from '../../errors.ts';
import { parseSeeds } from '../../config/assignments.ts';
import { configFilesIn } from '../../runs/plan.ts';
import { planOf, readSearch, rankedError } from '../../search/document.ts';
import type { SearchDocument } from '../../search/document.ts';
import { planSearch } from '../../search/plan.ts';
import type { SearchPlan } from '../../search/plan.ts';
import { describeEnvironment } from '../../runs/folder/index.ts';
import { runSearch } from '../../search/search.ts';
import { showDimension } from '../../search/space.ts';
import { EXIT } from '../exit.ts';
import { repeatable } from '../options.ts';
import { SearchView, showSearch } from '../search-view.ts';
import { Terminal } from '../terminal.ts';
import { commandLine, DEFAULT_RULES, quote } from './run.ts';

interface SearchArguments {
  readonly rules?: string;
  readonly configs?: string;
  readonly budget?: string;
  readonly space?: string;
  readonly vary: string[];
  readonly set: string[];
  readonly seeds?: string;
  readonly epochs?: string;
  readonly backend?: string;
  readonly eta?: string;
  readonly rungs?: string;
  readonly searchSeed?: string;
  readonly workers?: string;
  readonly blas?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly json?: boolean;
}

/** Adds `apical search`, which finds the best config of each rule on the same budget. */
export function addSearchCommand(program: Command, finish: (code: number) => void): void {
  program
    .command('search')
    .summary('find good hyperparameters for each rule on equal terms')
    .description('Finds good hyperparameters for each rule, with the same budget for every rule.')
    .argument(
      '[preset|config.json]',
      'preset or config file to start from; `apical help presets` lists presets',
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical search digits --rules backprop,feedback-alignment --budget 60',
        '  apical search digits --rules backprop,node-perturbation --budget 120 \\',
        '    --vary optimiser.rate=log:1e-5..0.1 --vary node-perturbation:ruleOptions.noise=log:1e-3..0.1',
        '  apical search --resume runs/2026-01-31T12-00-00-mnist-search',
        '',
      ].join('\n'),
    )
    .addHelpText(
      'after',
      [
        '',
        'Method: random search with successive halving. Many trials train for a few epochs; at each rung, the',
        'best continue. Trials are scored on validation examples; test examples are not read. The best config',
        'of each rule is saved as best-RULE.json, and `apical compare --from-search FOLDER` compares them.',
        '',
        'Ranges: log:0.001..0.1 (uniform in the exponent), linear:0..0.5, whole:1..8, or values such as 0.5|0.9.',
        'By default, the search varies the learning rate and the scale of the initial weights.',
      ].join('\n'),
    )
    .option('--rules <a,b,c>', 'rules to search: ids or files, separated by commas')
    .option(
      '--configs <a.json,b.json>',
      'search config files instead, or a folder of them; a rule may have several',
    )
    .option('--budget <n>', 'epochs per rule, over all trials and seeds')
    .addOption(
      repeatable('--vary <[rule:]path=range>', 'range of a config key, for all rules or one; see below'),
    )
    .option('--space <file>', 'JSON file of ranges by key: {"optimiser.rate": "log:0.0003..0.1"}')
    .addOption(repeatable('--set <path=value>', 'set a key of the config in all trials'))
    .option('--seeds <list>', 'seeds over which each trial is averaged: 3, 0..4 or 0,2,5')
    .option('--epochs <n>', 'epochs of a trial at full length')
    .option('--eta <n>', 'one trial in n continues at each rung (default: 3)')
    .option('--rungs <n>', 'number of rungs; 1 is plain random search (default: as many as fit)')
    .option('--search-seed <n>', 'seed of the values that are tried (default: 0)')
    .option('--workers <n>', 'processes that run trials in parallel, one thread each (default: one per core)')
    .option('--backend <name>', 'backend: auto, blas, wasm or reference (double precision)')
    .option('--blas <path>', 'BLAS library to use (or set APICAL_BLAS)')
    .option('--out <folder>', 'folder to save to; by default a new one in runs/')
    .option('--resume <folder>', 'resume an interrupted search')
    .action(async (base: string | undefined, options: SearchArguments) => {
      finish(await execute(base, options));
    });
}

async function execute(base: string | undefined, options: SearchArguments): Promise<number> {
  const terminal = new Terminal(options.json ?? false);
  const workers = wholeNumber('--workers', options.workers, 1, 256) ?? os.availableParallelism();
  const resumed = options.resume === undefined ? undefined : readResumed(base, options);
  const plan = resumed ? planOf(resumed) : await planFrom(base, options);
  const folder = path.normalize(options.resume ?? options.out ?? defaultFolder(plan));
  showPlan(terminal, plan, workers);

  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    terminal.note('\nStopping with a checkpoint of every trial. Press Ctrl-C again to stop at once.');
    stop.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const view = new SearchView(terminal, plan, resumed);
  let search: SearchDocument;
  try {
    search = await runSearch({
      plan,
      folder,
      resumed,
      workers,
      blasPath: options.blas,
      report: async (document) => {
        // Loaded on demand: figures need libraries that a search does not.
        const { renderSearchReport } = await import('../../reports/search-report.ts');
        return renderSearchReport(document, describeEnvironment());
      },
      signal: stop.signal,
      listener: {
        opened: ({ title, backend, taskKind, rankedBy }) => {
          view.taskKind = taskKind;
          view.rankedError = rankedError(rankedBy ? { rankedBy } : {});
          terminal.note(title);
          terminal.note(`Backend ${backend}`);
        },
        progress: (step, epoch) => view.progress(step, epoch),
        scored: (step, outcome) => view.scored(step, outcome),
        warning: (message) => view.warning(message),
      },
    });
  } finally {
    view.stop();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
  terminal.document(search);
  showSearch(terminal, search);
  if (search.status === 'interrupted') {
    terminal.note(`Interrupted. Resume with: apical search --resume ${quote(folder)}`);
    return EXIT.interrupted;
  }
  return search.status === 'failed' ? EXIT.failed : EXIT.done;
}

/** Prints what the search will do. */
function showPlan(terminal: Terminal, { configs, budget, seeds, space }: SearchPlan, workers: number): void {
  const rungs = budget.rungs
    .map(({ trials, epochs }) => `${trials} ${trials === 1 ? 'trial' : 'trials'} to epoch ${epochs}`)
    .join(', ');
  terminal.note(
    `${Object.keys(configs).join(', ')}: ${budget.planned} epochs per rule on ${seeds.length === 1 ? `seed ${seeds[0] ?? 0}` : `${seeds.length} seeds`} (${rungs}), ${workers} worker${workers === 1 ? '' : 's'}`,
  );
  terminal.note(`Ranges: ${space.map(showDimension).join(', ')}`);
}

async function planFrom(base: string | undefined, options: SearchArguments): Promise<SearchPlan> {
  const rules = options.rules?.split(',').map((rule) => rule.trim()) ?? DEFAULT_RULES;
  if (new Set(rules).size < rules.length) {
    throw new ApicalError(
      'config.rules',
      `--rules names a rule twice: "${rules.join(',')}". Name each rule once.`,
    );
  }
  if (options.out === '') {
    throw new ApicalError('config.folder', '--out is empty. Give the path of a folder.');
  }
  const budget = wholeNumber('--budget', options.budget, 1, 1e9);
  if (budget === undefined) {
    throw new ApicalError(
      'search.budget',
      'The search has no budget. Give the epochs per rule over all trials and seeds, such as --budget 60.',
    );
  }
  const set = [...options.set];
  for (const key of ['epochs', 'backend'] as const) {
    const value = options[key];
    if (value !== undefined) set.push(`${key}=${value}`);
  }
  return planSearch({
    base,
    set,
    rules,
    files: configFiles(base, options),
    seeds: options.seeds === undefined ? undefined : parseSeeds(options.seeds),
    budget,
    eta: wholeNumber('--eta', options.eta, 2, 1000),
    rungs: wholeNumber('--rungs', options.rungs, 1, 100),
    space: options.space,
    vary: options.vary,
    searchSeed: wholeNumber('--search-seed', options.searchSeed, 0, Number.MAX_SAFE_INTEGER),
    command: commandLine(),
  });
}

/** Returns the config files of --configs, if given. Throws `config.together`. */
function configFiles(base: string | undefined, { configs, rules }: SearchArguments): string[] | undefined {
  if (configs === undefined) return undefined;
  const other = rules === undefined ? base : '--rules';
  if (other === undefined) return configs.split(',').flatMap((file) => configFilesIn(file.trim()));
  throw new ApicalError(
    'config.together',
    `--configs already sets the rules and their configs, so it cannot be combined with ${other}. Leave one of them out.`,
  );
}

/** Options that are part of a plan, and so cannot be given when a search is resumed. */
const PLAN_OPTIONS = [
  ...([
    'rules',
    'configs',
    'budget',
    'space',
    'seeds',
    'epochs',
    'backend',
    'eta',
    'rungs',
    'searchSeed',
    'out',
  ] as const),
];

/** Reads the search to resume. Throws `search.resume` if the command line changes its plan. */
function readResumed(base: string | undefined, options: SearchArguments): SearchDocument {
  const { resume = '', vary, set } = options;
  const given = [
    ...(base === undefined ? [] : [base]),
    ...(vary.length > 0 ? ['--vary'] : []),
    ...(set.length > 0 ? ['--set'] : []),
    ...PLAN_OPTIONS.filter((key) => options[key] !== undefined).map(
      (key) => `--${key.replace('searchSeed', 'search-seed')}`,
    ),
  ];
  const [first] = given;
  if (first !== undefined) {
    throw new ApicalError(
      'search.resume',
      `--resume ${resume} continues the plan of that folder, so it cannot be combined with ${first}. Leave it out, or start a new search.`,
    );
  }
  return readSearch(resume);
}

/** Parses a whole number, if given. Throws `search.option`. */
function wholeNumber(
  option: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new ApicalError(
    'search.option',
    `${option} must be a whole number of at least ${least}${most < 1e6 ? ` and at most ${most}` : ''}, but it is "${text}".`,
  );
}

/** Returns a new folder such as runs/2026-01-31T12-00-00-mnist-search. */
function defaultFolder({ configs }: SearchPlan): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const [first] = Object.values(configs);
  const name = path.parse(first?.task.dataset ?? '').name.replace(/[^A-Za-z0-9_-]+/g, '-');
  return path.join('runs', `${time}-${name}-search`);
}
