import path from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import { Option } from 'commander';
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

/** `apical run` and `apical compare`: the same session, for one rule or for several side by side. */
export function addRunCommands(program: Command, finish: (code: number) => void): void {
  const run = program
    .command('run')
    .summary('learn a task by one rule')
    .argument('[preset|config.json]', 'where to start from; `apical help presets` lists them')
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical run mnist --rule feedback-alignment',
        '  apical run digits --set optimiser.rate=0.1 --set network.hidden=[100] --seeds 0..4',
        '  apical run --rule ./my-rule.ts --set task.dataset=fashion-mnist',
        '  apical run cart-pole --rule node-perturbation --set control.critic.rule=backprop',
        '  apical run --resume runs/2026-01-31T12-00-00-mnist-backprop',
        '',
      ].join('\n'),
    )
    .option('--rule <id|file>', 'the learning rule: an id, or a file that exports one');
  const compare = program
    .command('compare')
    .summary('several rules side by side on the same budget')
    .argument('[preset|config.json]', 'where to start from; `apical help presets` lists them')
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
    .option('--rules <a,b,c>', 'rules to compare: ids or files, with commas between')
    .option(
      '--configs <a.json,b.json>',
      'instead, config files, or a folder of them; a rule may have several',
    )
    .option('--from-search <folder>', 'instead, the best config of each rule that `apical search` found');
  for (const command of [run, compare]) {
    command
      .addOption(
        new Option('--set <path=value>', 'set any key of the config; may be repeated')
          .default([], 'none')
          .argParser((value: string, previous: string[]) => [...previous, value]),
      )
      .option('--seeds <list>', 'seeds: 3, 0..4 or 0,2,5')
      .option('--epochs <n>', 'passes through the training examples')
      .option('--backend <name>', 'auto, blas, wasm or reference')
      .option('--threads <n>', 'most threads of a matrix product; 0 for as many as help')
      .option('--workers <n>', 'worker threads that share the samples of a perturbation rule')
      .option('--weights <file>', 'start from these weights: .safetensors or .npz, as `apical export` writes')
      .option('--blas <path>', 'the BLAS library to use (or set APICAL_BLAS)')
      .option('--out <folder>', 'where to keep the run; by default a new folder in runs/')
      .option('--resume <folder>', 'go on with a run or comparison that was interrupted')
      .option('--figures', 'also write the figures as SVG and PNG files')
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
  const asked = base !== undefined || givesConfig(options);
  const { configs, names } = resumed && !asked ? resumed : plan(isComparison, base, options, resumed);
  if (options.blas !== undefined) checkBlas(configs);
  const folder = options.resume ?? options.out ?? defaultFolder(configs, isComparison);

  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    terminal.note('\nStopping after this step, with a checkpoint. Once more to stop at once.');
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
      command: resumed && !asked ? resumed.command : command,
      figures: options.figures ?? false,
      // Loaded late: figures need libraries that a run does not.
      reports: () => import('../../reports/index.ts'),
      signal: stop.signal,
      listener: {
        opened: ({ backend }, { title, about }) => {
          const threads = backend.threads === 1 ? '1 thread' : `up to ${backend.threads} threads`;
          terminal.note(`${title}: ${about}`);
          const workers = Math.max(...configs.map((config) => config.workers));
          const each = workers > 1 ? ` for each of ${workers} workers` : '';
          terminal.note(`Backend ${backend.name}, ${threads}${each} (${backend.detail})`);
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
      `Interrupted. Go on with: apical ${isComparison ? 'compare' : 'run'} --resume ${quote(folder)}`,
    );
    return EXIT.interrupted;
  }
  return session.status === 'failed' ? EXIT.failed : EXIT.done;
}

/** The configs that a command line asks for; when resuming, on top of what is in the folder. */
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
    throw new ApicalError('config.rules', `--rules names a rule twice: "${rules.join(',')}".`);
  }
  const seeds = options.seeds === undefined ? undefined : parseSeeds(options.seeds);
  if (!from || rules) {
    return { configs: planRuns({ base, from, set, rules, seeds: seeds ?? (from && seedsOf(resumed)) }) };
  }
  // Each goes on with its own config: those of tuned rules differ.
  const byName = new Map(
    resumed?.configs.map((config, index) => [resumed.names?.[index] ?? config.rule, config]),
  );
  const all = [...byName.values()].map((config) =>
    planRuns({ from: { ...from, config }, set, seeds: seeds ?? seedsOf(resumed) }),
  );
  return {
    configs: (all[0] ?? []).flatMap((_, index) => all.map((its) => its[index] as Config)),
    names: (all[0] ?? []).flatMap(() => [...byName.keys()]),
  };
}

const seedsOf = (resumed: Resumable | undefined) =>
  resumed && [...new Set(resumed.configs.map(({ seed }) => seed))];

/** The configs that a comparison is given as files. Throws `config.together`, `search.…`. */
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
      `${given} says which rules are compared, and how, so ${other} has no place: leave one of them out.`,
    );
  }
  return configs?.split(',').flatMap((file) => configFilesIn(file.trim())) ?? resultsOf(fromSearch ?? '');
}

export const DEFAULT_RULES = ['backprop', 'feedback-alignment'];

/** Throws `config.folder`. */
function checkFolders({ out, resume }: RunArguments): void {
  for (const [name, value] of Object.entries({ out, resume })) {
    if (value === '')
      throw new ApicalError('config.folder', `--${name} is empty: give the path of a folder.`);
  }
  if (out !== undefined && resume !== undefined) {
    throw new ApicalError(
      'config.folder',
      `--resume ${resume} goes on in that folder, so --out ${out} has no place: leave one of them out.`,
    );
  }
}

/** Throws `config.blas` when no run would use the library that is named. */
function checkBlas(configs: readonly Config[]): void {
  const unused = configs.find(({ backend }) => backend !== 'blas' && backend !== 'auto');
  if (!unused) return;
  throw new ApicalError(
    'config.blas',
    `--blas names a library, but the backend is "${unused.backend}", which uses none: add --backend blas.`,
  );
}

const givesConfig = (options: RunArguments): boolean =>
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

/** runs/2026-01-31T12-00-00-mnist-feedback-alignment */
function defaultFolder(configs: readonly Config[], isComparison: boolean): string {
  const [first] = configs as [Config];
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const name = (text: string) => path.parse(text).name.replace(/[^A-Za-z0-9_-]+/g, '-');
  return path.join(
    'runs',
    `${time}-${name(first.task.environment ?? first.task.dataset ?? '')}-${isComparison ? 'compare' : name(first.rule)}`,
  );
}

/** As it can be typed again. */
export function commandLine(): string {
  return ['apical', ...process.argv.slice(2).map(quote)].join(' ');
}

export const quote = (argument: string) =>
  /^[\w./,=:@+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
