import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import { Option } from 'commander';
import { ApicalError } from '../../errors.ts';
import { parseSeeds } from '../../config/assignments.ts';
import { configFilesIn } from '../../runs/plan.ts';
import { planOf, readSearch } from '../../search/document.ts';
import type { SearchDocument } from '../../search/document.ts';
import { planSearch } from '../../search/plan.ts';
import type { SearchPlan } from '../../search/plan.ts';
import { describeEnvironment } from '../../runs/folder/index.ts';
import { runSearch } from '../../search/search.ts';
import { showDimension } from '../../search/space.ts';
import { EXIT } from '../exit.ts';
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

/** `apical search`: each rule's best config, on the same budget for every rule. */
export function addSearchCommand(program: Command, finish: (code: number) => void): void {
  const collected = (flags: string, description: string) =>
    new Option(flags, description)
      .default([], 'none')
      .argParser((value: string, previous: string[]) => [...previous, value]);
  program
    .command('search')
    .summary("each rule's best learning rate and the like, on equal terms")
    .argument('[preset|config.json]', 'where to start from; `apical help presets` lists them')
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical search digits --rules backprop,feedback-alignment --budget 60',
        '  apical search digits --rules backprop,node-perturbation --budget 120 --seeds 0..1 --workers 4 \\',
        '    --vary optimiser.rate=log:1e-5..0.1 --vary node-perturbation:ruleOptions.noise=log:1e-3..0.1',
        '  apical search --resume runs/2026-01-31T12-00-00-mnist-search',
        '  apical compare --from-search runs/2026-01-31T12-00-00-mnist-search --seeds 100..104',
        '',
        'Random search with successive halving: many trials learn for a few epochs, and of each rung the best',
        'go on. Trials are judged by validation error; test examples are not read. The best config of each rule',
        'is left as best-RULE.json, which `apical run` takes.',
        '',
        'Ranges: log:0.001..0.1 (each power of ten alike), linear:0..0.5, whole:1..8, or values such as 0.5|0.9.',
        'Without --space and --vary: the learning rate, and the scale of the first weights.',
        '',
      ].join('\n'),
    )
    .option('--rules <a,b,c>', 'rules: ids or files, with commas between')
    .option(
      '--configs <a.json,b.json>',
      'instead, config files, or a folder of them; a rule may have several',
    )
    .option('--budget <n>', 'epochs for each rule, over all its trials and seeds')
    .addOption(
      collected(
        '--vary <[rule:]path=range>',
        'search this key of the config, for all rules or for one; may be repeated',
      ),
    )
    .option('--space <file>', 'a JSON file with ranges by path: {"optimiser.rate": "log:0.0003..0.1"}')
    .addOption(collected('--set <path=value>', 'set any key of the config for all trials; may be repeated'))
    .option('--seeds <list>', 'each trial is a mean over these: 3, 0..4 or 0,2,5')
    .option('--epochs <n>', 'epochs of a trial of full length')
    .option('--eta <n>', 'of each rung one trial in so many goes on; 3 by default')
    .option('--rungs <n>', 'how many rungs, 1 for plain random search; by default as many as fit')
    .option('--search-seed <n>', 'decides which values are tried; 0 by default')
    .option(
      '--workers <n>',
      'processes that learn trials side by side, each on one thread; by default one a core',
    )
    .option('--backend <name>', 'auto, blas, wasm or reference')
    .option('--blas <path>', 'the BLAS library to use (or set APICAL_BLAS)')
    .option('--out <folder>', 'where to keep the search; by default a new folder in runs/')
    .option('--resume <folder>', 'go on with a search that was interrupted')
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
  introduce(terminal, plan, workers);

  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    terminal.note('\nStopping, with a checkpoint of every trial. Once more to stop at once.');
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
        // Loaded late: figures need libraries that a search does not.
        const { renderSearchReport } = await import('../../reports/search-report.ts');
        return renderSearchReport(document, describeEnvironment());
      },
      signal: stop.signal,
      listener: {
        opened: ({ title, backend, taskKind }) => {
          view.taskKind = taskKind;
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
    terminal.note(`Interrupted. Go on with: apical search --resume ${quote(folder)}`);
    return EXIT.interrupted;
  }
  return search.status === 'failed' ? EXIT.failed : EXIT.done;
}

/** What will be done, before it is. */
function introduce(terminal: Terminal, { configs, budget, seeds, space }: SearchPlan, workers: number): void {
  const rungs = budget.rungs.map(({ trials, epochs }) => `${trials} to epoch ${epochs}`).join(', ');
  terminal.note(
    `${Object.keys(configs).join(', ')}: each ${budget.planned} epochs on ${seeds.length === 1 ? `seed ${seeds[0] ?? 0}` : `${seeds.length} seeds`}: ${rungs}; ${workers} worker${workers === 1 ? '' : 's'}`,
  );
  terminal.note(`Searched: ${space.map(showDimension).join(', ')}`);
}

async function planFrom(base: string | undefined, options: SearchArguments): Promise<SearchPlan> {
  const rules = options.rules?.split(',').map((rule) => rule.trim()) ?? DEFAULT_RULES;
  if (new Set(rules).size < rules.length) {
    throw new ApicalError('config.rules', `--rules names a rule twice: "${rules.join(',')}".`);
  }
  if (options.out === '') {
    throw new ApicalError('config.folder', '--out is empty: give the path of a folder.');
  }
  const budget = wholeNumber('--budget', options.budget, 1, 1e9);
  if (budget === undefined) {
    throw new ApicalError(
      'search.budget',
      'Say how many epochs each rule may have, over all its trials and seeds: --budget 60, say.',
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
    files: filesOf(base, options),
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

/** Throws `config.together`. */
function filesOf(base: string | undefined, { configs, rules }: SearchArguments): string[] | undefined {
  if (configs === undefined) return undefined;
  const other = rules === undefined ? base : '--rules';
  if (other === undefined) return configs.split(',').flatMap((file) => configFilesIn(file.trim()));
  throw new ApicalError(
    'config.together',
    `--configs says which rules are searched, and from where, so ${other} has no place: leave one of them out.`,
  );
}

/** Options that decide what is searched, and so have no place in going on. */
const IN_THE_PLAN = [
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

/** The search of a folder, which has its plan. Throws `search.resume` when the command says another. */
function readResumed(base: string | undefined, options: SearchArguments): SearchDocument {
  const { resume = '', vary, set } = options;
  const given = [
    ...(base === undefined ? [] : [base]),
    ...(vary.length > 0 ? ['--vary'] : []),
    ...(set.length > 0 ? ['--set'] : []),
    ...IN_THE_PLAN.filter((key) => options[key] !== undefined).map(
      (key) => `--${key.replace('searchSeed', 'search-seed')}`,
    ),
  ];
  const [first] = given;
  if (first !== undefined) {
    throw new ApicalError(
      'search.resume',
      `--resume ${resume} goes on with the plan of that folder, so ${first} has no place: leave it out, or begin another search. (--workers and --json may change.)`,
    );
  }
  return readSearch(resume);
}

/** Throws `search.option`. */
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
    `${option} takes a whole number of at least ${least}${most < 1e6 ? ` and at most ${most}` : ''}, but it is "${text}".`,
  );
}

/** runs/2026-01-31T12-00-00-mnist-search */
function defaultFolder({ configs }: SearchPlan): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const [first] = Object.values(configs);
  const name = path.parse(first?.task.dataset ?? '').name.replace(/[^A-Za-z0-9_-]+/g, '-');
  return path.join('runs', `${time}-${name}-search`);
}
