import process from 'node:process';
import type { Command } from 'commander';
import { Option } from 'commander';
import { listClaims, runClaims, TIERS, writeClaimsReport } from '../../claims/index.ts';
import type { ClaimProgress, ClaimsDocument, Tier } from '../../claims/index.ts';
import { ApicalError } from '../../errors.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import { duration, table, Terminal } from '../terminal.ts';

interface RunArguments {
  readonly tier?: Tier;
  readonly stale?: boolean;
  readonly json?: boolean;
}

/** `apical claims`: what was published, and whether the programs here reproduce it. */
export function addClaimsCommand(program: Command, finish: (code: number) => void): void {
  const claims = program
    .command('claims')
    .summary('published claims: list, run, report')
    .enablePositionalOptions()
    .addHelpText(
      'before',
      [
        'Examples:',
        '  apical claims                              each claim with its last verdict',
        '  apical claims run lillicrap2016-aligns     one claim',
        '  apical claims run --tier exact             all that take seconds',
        '  apical claims run --stale                  those never run, or whose code changed',
        '  apical claims report                       one HTML page',
        '',
      ].join('\n'),
    )
    .action(({ json }: { json?: boolean }) => {
      const terminal = new Terminal(json ?? false);
      const document = listClaims();
      terminal.document(document);
      showClaims(terminal, document);
      finish(EXIT.done);
    });
  claims
    .command('run')
    .summary('run claims and keep their verdicts')
    .argument('[id...]', 'claims to run')
    .addHelpText(
      'before',
      'Examples:\n  apical claims run lillicrap2016-linear\n  apical claims run --tier exact --stale\n',
    )
    .addOption(new Option('--tier <tier>', 'all of a tier').choices([...TIERS]))
    .option('--stale', 'only those never run, or whose code changed since')
    .option('--json', 'print one JSON document to stdout and nothing else there')
    .action(async (ids: string[], options: RunArguments) => {
      finish(
        await run(ids, { ...options, json: options.json ?? claims.opts<{ json?: boolean }>().json ?? false }),
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
  const stop = new AbortController();
  const interrupt = () => (stop.signal.aborted ? process.exit(EXIT.interrupted) : stop.abort());
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const started = Date.now();
  try {
    const selection = {
      ...(ids.length > 0 ? { ids } : {}),
      ...(tier ? { tier } : {}),
      ...(stale ? { stale } : {}),
    };
    const { results, failures, interrupted } = await runClaims(selection, {
      signal: stop.signal,
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
    for (const { id, error } of failures) {
      terminal.note(`${id} could not be run: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (interrupted) return EXIT.interrupted;
    const [failure] = failures;
    if (failure) return exitCodeOf(failure.error);
    return results.every(({ status }) => status === 'reproduced') ? EXIT.done : EXIT.claimNotMet;
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
      claims.map(({ id, checks, tier, status, measured, expected, unit, seeds, stale }) => [
        id,
        checks.map((check) => `#${check}`).join(' '),
        tier,
        paint[status](stale ? `${status} (stale)` : status),
        measured === null ? '–' : `${Number(measured.toPrecision(3))}${unit ? ` ${unit}` : ''}`,
        expected.text,
        String(seeds.length),
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
  } else if (terminal.animated) process.stderr.write('\r\u001b[K');
}
