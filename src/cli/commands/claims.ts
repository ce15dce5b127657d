import process from 'node:process';
import type { Command } from 'commander';
import { Option } from 'commander';
import { checkClaims, listClaims, runClaims, TIERS, writeClaimsReport } from '../../claims/index.ts';
import type { CheckOutcome, ClaimCheck, ClaimEntry, ClaimProgress, ClaimsDocument, Tier } from '../../claims/index.ts';
import { ApicalError } from '../../errors.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import { duration, table, Terminal } from '../terminal.ts';

interface RunArguments {
  readonly tier?: Tier;
  readonly stale?: boolean;
  readonly json?: boolean;
}

interface CheckArguments {
  readonly markStale?: boolean;
  readonly json?: boolean;
}

/** `apical claims`: published claims, and whether the programs here reproduce them. */
export function addClaimsCommand(program: Command, finish: (code: number) => void): void {
  const claims = program
    .command('claims')
    .summary('published claims: list, run, check, report')
    .enablePositionalOptions()
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical claims                              each claim with its last verdict',
        '  apical claims run lillicrap2016-aligns     one claim',
        '  apical claims run --tier exact             all that take seconds',
        '  apical claims run --stale                  those never run, or whose code has changed',
        '  apical claims check                        compare first training steps with those of the verdicts',
        '  apical claims report                       one HTML page',
        '',
      ].join('\n'),
    )
    .addHelpText(
      'after',
      [
        '',
        'A verdict is "stale" when code that decides it has changed since. It is "unchecked" when only shared code has',
        'changed and the claim trains networks. Then `apical claims check` finds in seconds whether training still takes',
        'the same first steps, and `apical claims run --stale` renews the verdict if it does, or runs the claim again.',
        'docs/systems.md says what the numbers of systems and checks refer to.',
        '',
      ].join('\n'),
    )
    .action(({ json }: { json?: boolean }) => {
      const terminal = new Terminal(json ?? false);
      const document = listClaims();
      terminal.document(document);
      showClaims(terminal, document);
      const unchecked = document.claims.filter((entry) => entry.unchecked).length;
      if (unchecked > 0) {
        terminal.note(
          `Shared code of ${unchecked} verdicts has changed: apical claims check compares their fingerprints.`,
        );
      }
      finish(EXIT.done);
    });
  claims
    .command('run')
    .summary('run claims and keep their verdicts')
    .argument('[id...]', 'claims to run')
    .addHelpText(
      'before',
      'Examples:\n  apical claims run lillicrap2016-aligns\n  apical claims run --tier exact --stale\n',
    )
    .addOption(new Option('--tier <tier>', 'all of a tier').choices([...TIERS]))
    .option('--stale', 'only those never run, or whose code has changed; renew those whose fingerprint holds')
    .option('--json', 'print one JSON document to stdout and nothing else there')
    .action(async (ids: string[], options: RunArguments) => {
      finish(
        await run(ids, { ...options, json: options.json ?? claims.opts<{ json?: boolean }>().json ?? false }),
      );
    });
  claims
    .command('check')
    .summary('compare first training steps with those of the verdicts')
    .argument('[id...]', 'claims to check; by default all that train')
    .addHelpText(
      'before',
      'Examples:\n  apical claims check\n  apical claims check akrout2019-mnist\n  apical claims check --mark-stale\n',
    )
    .addHelpText(
      'after',
      [
        '',
        'Takes a few steps of each training of a claim, seconds in all, and compares every bit with the fingerprint kept',
        'beside the verdict. Exit code 3 means that a fingerprint has changed. If the change is meant, run those claims',
        'again, or give --mark-stale until someone does.',
        '',
      ].join('\n'),
    )
    .option('--mark-stale', 'drop changed fingerprints, so that their verdicts are stale until run again')
    .option('--json', 'print one JSON document to stdout and nothing else there')
    .action(async (ids: string[], options: CheckArguments) => {
      finish(
        await check(ids, {
          ...options,
          json: options.json ?? claims.opts<{ json?: boolean }>().json ?? false,
        }),
      );
    });
  claims
    .command('report')
    .summary('one HTML page of all claims and verdicts')
    .addHelpText('before', 'Examples:\n  apical claims report --out claims.html\n')
    .option('--out <file>', 'where to write it', 'claims.html')
    .option('--json', 'print one JSON document to stdout and nothing else there')
    .action(({ out, json }: { out: string; json?: boolean }) => {
      const terminal = new Terminal(json ?? claims.opts<{ json?: boolean }>().json ?? false);
      writeClaimsReport(out);
      terminal.document({ version: 1, kind: 'claims-report', path: out });
      terminal.line(`Report: ${out}`);
      finish(EXIT.done);
    });
}

async function run(ids: readonly string[], { tier, stale, json }: RunArguments): Promise<number> {
  if (ids.length === 0 && tier === undefined && !stale) {
    throw new ApicalError(
      'claims.selection',
      'Name claims to run, or give --tier exact, quick or full, or --stale.',
    );
  }
  const terminal = new Terminal(json ?? false);
  return await untilInterrupted(async (signal) => {
    const started = Date.now();
    const selection = {
      ...(ids.length > 0 ? { ids } : {}),
      ...(tier ? { tier } : {}),
      ...(stale ? { stale } : {}),
    };
    const { results, failures, interrupted } = await runClaims(selection, {
      signal,
      onProgress: (event) => showProgress(terminal, event),
    });
    const ran = new Set(results.map(({ id }) => id));
    const all = listClaims();
    const document: ClaimsDocument = { ...all, claims: all.claims.filter(({ id }) => ran.has(id)) };
    terminal.document(document);
    if (document.claims.length === 0 && failures.length === 0)
      terminal.line('Nothing to run: every verdict is up to date.');
    else showClaims(terminal, document);
    terminal.note(`${results.length} claims in ${duration((Date.now() - started) / 1000)}`);
    for (const { id, error } of failures) terminal.note(`${id} could not be run: ${messageOf(error)}`);
    if (interrupted) return EXIT.interrupted;
    const [failure] = failures;
    if (failure) return exitCodeOf(failure.error);
    return results.every(({ status }) => status === 'reproduced') ? EXIT.done : EXIT.claimNotMet;
  });
}

async function check(ids: readonly string[], { markStale, json }: CheckArguments): Promise<number> {
  const terminal = new Terminal(json ?? false);
  return await untilInterrupted(async (signal) => {
    const { checks, failures, interrupted } = await checkClaims(ids, {
      signal,
      ...(markStale ? { markStale } : {}),
      onStart: ({ id }, index, total) => terminal.note(`${index + 1}/${total} ${id} …`),
    });
    terminal.document({ version: 1, kind: 'claims-check', claims: checks });
    showChecks(terminal, checks);
    for (const { id, error } of failures) terminal.note(`${id} could not be checked: ${messageOf(error)}`);
    if (interrupted) return EXIT.interrupted;
    const [failure] = failures;
    if (failure) return exitCodeOf(failure.error);
    const changed = checks.filter(({ outcome }) => outcome === 'changed');
    if (changed.length === 0) return EXIT.done;
    terminal.note(
      markStale
        ? `Marked as stale: ${changed.map(({ id }) => id).join(', ')}. Run them again when there is time: apical claims run --stale.`
        : 'Training differs from when these verdicts were found. Run the claims again (apical claims run --stale), or mark them with --mark-stale.',
    );
    return markStale ? EXIT.done : EXIT.claimNotMet;
  });
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Does work that the first SIGINT or SIGTERM asks to stop; the second ends the process. */
async function untilInterrupted(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => (stop.signal.aborted ? process.exit(EXIT.interrupted) : stop.abort());
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function showClaims(terminal: Terminal, { claims }: ClaimsDocument): void {
  const { colours } = terminal;
  const paint = {
    reproduced: colours.green,
    partly: colours.yellow,
    'not-reproduced': colours.red,
    'not-run': colours.dim,
  };
  terminal.line(
    table(
      ['claim', 'check', 'tier', 'verdict', 'measured', 'expected', 'seeds'],
      claims.map(({ id, checks, tier, status, measured, expected, unit, seeds, ...entry }) => [
        id,
        checks.map((number) => `#${number}`).join(' '),
        tier,
        paint[status](`${status}${freshnessOf(entry)}`),
        measured === null ? '–' : `${Number(measured.toPrecision(3))}${unit ? ` ${unit}` : ''}`,
        expected.text,
        String(seeds.length),
      ]),
    ),
  );
}

const freshnessOf = ({
  stale,
  unchecked,
  renewed,
}: Pick<ClaimEntry, 'stale' | 'unchecked' | 'renewed'>): string => {
  if (stale) return ' (stale)';
  if (unchecked) return ' (unchecked)';
  return renewed ? ' (renewed)' : '';
};

const OUTCOME_WORDS: Readonly<Record<CheckOutcome, string>> = {
  unchanged: 'unchanged',
  changed: 'changed',
  'evaluation-changed': 'unchanged, but the claim itself has changed',
  unknown: 'no fingerprint is kept',
};

function showChecks(terminal: Terminal, checks: readonly ClaimCheck[]): void {
  const { colours } = terminal;
  const paint = {
    unchanged: colours.green,
    changed: colours.red,
    'evaluation-changed': colours.yellow,
    unknown: colours.dim,
  };
  terminal.line(
    table(
      ['claim', 'trainings', 'fingerprint', 'time'],
      checks.map(({ id, outcome, trainings, changed, seconds }) => [
        id,
        trainings === 0 ? '–' : String(trainings),
        paint[outcome](
          [OUTCOME_WORDS[outcome], ...(changed.length > 0 ? [changed.join('; ')] : [])].join(': '),
        ),
        duration(seconds),
      ]),
    ),
  );
}

/** One line a claim; on a terminal the share done is drawn over itself. */
function showProgress(terminal: Terminal, event: ClaimProgress): void {
  const at = `${event.index + 1}/${event.total} ${event.claim.id}`;
  if (event.kind === 'start') {
    if (!terminal.animated) terminal.note(`${at} …`);
  } else if (event.kind === 'progress') {
    if (terminal.animated) process.stderr.write(`\r${at} ${Math.round(event.share * 100)} % `);
  } else if (event.kind === 'changed') {
    terminal.note(`${at}: runs again, since training differs (${event.trainings.join('; ')})`);
  } else if (event.kind === 'renewed') {
    terminal.note(`${at}: renewed, since its fingerprint is unchanged`);
  } else if (terminal.animated) process.stderr.write('\r\u001b[K');
}
