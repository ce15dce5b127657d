import path from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import { ApicalError } from '../../errors.ts';
import type { Config } from '../../config/config.ts';
import { parseSeeds } from '../../config/assignments.ts';
import { configFilesIn, planConfigs, planRuns } from '../../runs/plan.ts';
import { compareDocument } from '../../runs/documents.ts';
import { resumable } from '../../runs/resume.ts';
import type { Resumable } from '../../runs/resume.ts';
import { resultsOf } from '../../search/document.ts';
import { runSession } from '../../runs/session.ts';
import type { Session } from '../../runs/session.ts';
import { EXIT } from '../exit.ts';
import { repeatable } from '../options.ts';
import { ProgressView } from '../progress.ts';
import { showComparison, showRun } from '../results.ts';
import { Terminal } from '../terminal.ts';

interface RunArguments {
  readonly rule?: string;
  readonly rules?: string;
  readonly configs?: string;
  readonly fromSearch?: string;
  readonly set: string[];
  readonly seeds?: string;
  readonly epochs?: string;
  readonly backend?: string;
  readonly threads?: string;
  readonly workers?: string;
  readonly weights?: string;
  readonly blas?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly figures?: boolean;
  readonly json?: boolean;
}

/** Adds `apical run` and `apical compare`, which run one session for one rule or several. */
export function addRunCommands(program: Command, finish: (code: number) => void): void {
  const run = program
    .command('run')
    .summary('train a network with one learning rule')
    .description('Trains a network with one learning rule.')
    .argument(
      '[preset|config.json]',
      'preset or config file to start from; `apical help presets` lists presets',
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical run mnist --rule feedback-alignment',
        '  apical run digits --rule ./my-rule.ts --set network.hidden=[100] --seeds 0..4',
        '  apical run --resume runs/2026-01-31T12-00-00-mnist-backprop',
        '',
      ].join('\n'),
    )
    .option('--rule <id|file>', 'learning rule: an id, or a file that exports one');
  const compare = program
    .command('compare')
    .summary('train with several rules side by side and compare them')
    .description('Trains with several rules side by side, on equal terms, and compares them.')
    .argument(
      '[preset|config.json]',
      'preset or config file to start from; `apical help presets` lists presets',
    )
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical compare digits --rules backprop,feedback-alignment',
        '  apical compare mnist --rules backprop,./my-rule.ts --seeds 0..4 --figures',
        '  apical compare --from-search runs/2026-01-31T12-00-00-mnist-search --seeds 100..104',
        '',
      ].join('\n'),
    )
    .option('--rules <a,b,c>', 'rules to compare: ids or files, separated by commas')
    .option(
      '--configs <a.json,b.json>',
      'compare config files instead, or a folder of them; a rule may have several',
    )
    .option('--from-search <folder>', 'compare the best configs that `apical search` found');
  for (const command of [run, compare]) {
    command
      .addOption(
        repeatable(
          '--set <path=value>',
          'set a key of the config, such as batch=50; `apical help config` lists keys',
        ),
      )
      .option('--seeds <list>', 'seeds, one run each: 3, 0..4 or 0,2,5')
      .option('--epochs <n>', 'passes through the training examples')
      .option('--backend <name>', 'backend: auto, blas, wasm or reference (double precision)')
      .option('--threads <n>', 'most threads for a matrix product; 0 for as many as help')
      .option('--workers <n>', 'worker threads that share the samples of a perturbation rule')
      .option('--weights <file>', 'initial weights: a .safetensors or .npz file, as `apical export` writes')
      .option('--blas <path>', 'BLAS library to use (or set APICAL_BLAS)')
      .option('--out <folder>', 'folder to save to; by default a new one in runs/')
      .option('--resume <folder>', 'resume an interrupted run or comparison')
      .option('--figures', 'also save the figures as SVG and PNG files')
      .action(async (base: string | undefined, options: RunArguments) => {
        finish(await execute(command === compare, base, options));
      });
  }
}

async function execute(
  isComparison: boolean,
  base: string | undefined,
  options: RunArguments,
): Promise<number> {
  const terminal = new Terminal(options.json ?? false);
  const command = commandLine();
  checkFolders(options);
  const resumed = options.resume === undefined ? undefined : resumable(options.resume);
  const hasConfig = base !== undefined || setsConfig(options);
  const { configs, names } = resumed && !hasConfig ? resumed : plan(isComparison, base, options, resumed);
  if (options.blas !== undefined) checkBlas(configs);
  const folder = options.resume ?? options.out ?? defaultFolder(configs, isComparison);

  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    terminal.note('\nStopping after this step with a checkpoint. Press Ctrl-C again to stop at once.');
    stop.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const view = new ProgressView(terminal, configs, names);
  let session: Session;
  try {
    session = await runSession({
      configs,
      names,
      folder: path.normalize(folder),
      resume: options.resume !== undefined,
      blasPath: options.blas,
      command: resumed && !hasConfig ? resumed.command : command,
      figures: options.figures ?? false,
      // Loaded on demand: figures need libraries that a run does not.
      reports: () => import('../../reports/index.ts'),
      signal: stop.signal,
      listener: {
        opened: ({ backend }, { title, about }) => {
          const threads = backend.threads === 1 ? '1 thread' : `up to ${backend.threads} threads`;
          terminal.note(`${title}: ${about}`);
          const workers = Math.max(...configs.map((config) => config.workers));
          const perWorker = workers > 1 ? ` for each of ${workers} workers` : '';
          terminal.note(`Backend ${backend.name}, ${threads}${perWorker} (${backend.detail})`);
        },
        progress: (index, progress) => view.progress(index, progress),
        finished: (index, run) => {
          view.finished(index, run);
          const thrown = run.error instanceof Error ? (run.error.cause ?? run.error) : undefined;
          if (process.env['APICAL_DEBUG'] && thrown instanceof Error) terminal.note(thrown.stack ?? '');
        },
        warning: (message) => terminal.note(`Warning: ${message}`),
      },
    });
  } finally {
    view.stop();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }

  if (isComparison) {
    const comparison =
      session.comparison ?? compareDocument(session.documents, path.normalize(folder), session.status);
    terminal.document(comparison);
    showComparison(terminal, session, comparison);
  } else {
    for (const document of session.documents) terminal.document(document);
    for (const run of session.runs) showRun(terminal, run);
    if (session.report) terminal.line(`\nReport: ${session.report}`);
  }
  if (session.status === 'interrupted') {
    terminal.note(
      `Interrupted. Resume with: apical ${isComparison ? 'compare' : 'run'} --resume ${quote(folder)}`,
    );
    return EXIT.interrupted;
  }
  return session.status === 'failed' ? EXIT.failed : EXIT.done;
}

/** Returns the configs that a command line requests; when resuming, they start from those in the folder. */
function plan(
  isComparison: boolean,
  base: string | undefined,
  options: RunArguments,
  resumed: Resumable | undefined,
): Pick<Resumable, 'configs' | 'names'> {
  const set = [...options.set];
  for (const key of ['epochs', 'backend', 'threads', 'workers'] as const) {
    const value = options[key];
    if (value !== undefined) set.push(`${key}=${value}`);
  }
  if (options.weights !== undefined) set.push(`weights=${JSON.stringify(options.weights)}`);
  const files = configFiles(base, options);
  if (files) {
    const seeds = options.seeds === undefined ? undefined : parseSeeds(options.seeds);
    const variants = planConfigs({ files, set, seeds });
    return { configs: variants.map(({ config }) => config), names: variants.map(({ name }) => name) };
  }
  const [first] = resumed?.configs ?? [];
  const from =
    first && base === undefined ? { config: first, name: `the run in ${options.resume}` } : undefined;
  const rules = isComparison
    ? (options.rules?.split(',').map((rule) => rule.trim()) ?? (from ? undefined : DEFAULT_RULES))
    : options.rule === undefined
      ? undefined
      : [options.rule];
  if (rules && new Set(rules).size < rules.length) {
    throw new ApicalError(
      'config.rules',
      `--rules names a rule twice: "${rules.join(',')}". Name each rule once.`,
    );
  }
  const seeds = options.seeds === undefined ? undefined : parseSeeds(options.seeds);
  if (!from || rules) {
    return { configs: planRuns({ base, from, set, rules, seeds: seeds ?? (from && seedsOf(resumed)) }) };
  }
  // Each rule resumes from its own config; configs of tuned rules differ.
  const byName = new Map(
    resumed?.configs.map((config, index) => [resumed.names?.[index] ?? config.rule, config]),
  );
  const all = [...byName.values()].map((config) =>
    planRuns({ from: { ...from, config }, set, seeds: seeds ?? seedsOf(resumed) }),
  );
  return {
    configs: (all[0] ?? []).flatMap((_, index) => all.map((planned) => planned[index] as Config)),
    names: (all[0] ?? []).flatMap(() => [...byName.keys()]),
  };
}

const seedsOf = (resumed: Resumable | undefined) =>
  resumed && [...new Set(resumed.configs.map(({ seed }) => seed))];

/** Returns the config files of a comparison, if it is given any. Throws `config.together` and `search.…` errors. */
function configFiles(base: string | undefined, options: RunArguments): string[] | undefined {
  const { configs, fromSearch, rules } = options;
  const [given, second] = [
    ...(configs === undefined ? [] : ['--configs']),
    ...(fromSearch === undefined ? [] : ['--from-search']),
  ];
  if (given === undefined) return undefined;
  const other = second ?? (rules === undefined ? base : '--rules');
  if (other !== undefined) {
    throw new ApicalError(
      'config.together',
      `${given} already sets the rules and their configs, so it cannot be combined with ${other}. Leave one of them out.`,
    );
  }
  return configs?.split(',').flatMap((file) => configFilesIn(file.trim())) ?? resultsOf(fromSearch ?? '');
}

/** Rules that are compared or searched by default. */
export const DEFAULT_RULES = ['backprop', 'feedback-alignment'];

/** Throws `config.folder` if --out or --resume is empty, or if both are given. */
function checkFolders({ out, resume }: RunArguments): void {
  for (const [name, value] of Object.entries({ out, resume })) {
    if (value === '')
      throw new ApicalError('config.folder', `--${name} is empty. Give the path of a folder.`);
  }
  if (out !== undefined && resume !== undefined) {
    throw new ApicalError(
      'config.folder',
      `--resume ${resume} continues in that folder, so it cannot be combined with --out ${out}. Leave one of them out.`,
    );
  }
}

/** Throws `config.blas` if --blas is given but a run uses another backend. */
function checkBlas(configs: readonly Config[]): void {
  const unused = configs.find(({ backend }) => backend !== 'blas' && backend !== 'auto');
  if (!unused) return;
  throw new ApicalError(
    'config.blas',
    `--blas names a library, but the backend "${unused.backend}" uses none. Add --backend blas, or leave --blas out.`,
  );
}

/** Returns whether any option changes a config. */
const setsConfig = (options: RunArguments): boolean =>
  options.set.length > 0 ||
  [
    options.configs,
    options.fromSearch,
    options.rule,
    options.rules,
    options.seeds,
    options.epochs,
    options.backend,
    options.threads,
    options.workers,
    options.weights,
  ].some((value) => value !== undefined);

/** Returns a new folder such as runs/2026-01-31T12-00-00-mnist-feedback-alignment. */
function defaultFolder(configs: readonly Config[], isComparison: boolean): string {
  const [first] = configs as [Config];
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const name = (text: string) => path.parse(text).name.replace(/[^A-Za-z0-9_-]+/g, '-');
  return path.join(
    'runs',
    `${time}-${name(first.task.environment ?? first.task.dataset ?? '')}-${isComparison ? 'compare' : name(first.rule)}`,
  );
}

/** Returns the command line of this process, as it can be typed again. */
export function commandLine(): string {
  return ['apical', ...process.argv.slice(2).map(quote)].join(' ');
}

/** Quotes an argument for the shell, if necessary. */
export const quote = (argument: string) =>
  /^[\w./,=:@+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
