import type { BenchDocument, BenchRow } from './document.ts';

const HEADINGS = [
  'work',
  'tool',
  'threads',
  'median ms',
  'fastest ms',
  'GFLOP/s',
  'of limit',
  'comparison',
] as const;

/** Renders the results as a plain-text table, one line per row, with notes below. Ends with a line break. */
export function renderBench(document: BenchDocument): string {
  const { machine, rows } = document;
  const measured = rows.filter(({ threads }) => threads > 0);
  const cells = measured.map((row, index) => [
    row.work === measured[index - 1]?.work ? '' : row.work,
    row.subject,
    String(row.threads),
    row.millisecondsPerStep === null ? 'failed' : significant(row.millisecondsPerStep),
    row.fastestMilliseconds === null ? '' : significant(row.fastestMilliseconds),
    row.gflops === null ? '' : row.gflops.toFixed(1),
    row.limitFraction === null ? '' : percent(row.limitFraction),
    comparison(row),
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((line) => (line[column] as string).length)),
  );
  const isText = (column: number) => column < 2 || column === HEADINGS.length - 1;
  const format = (line: readonly string[]) =>
    line
      .map((cell, column) => {
        const width = widths[column] as number;
        return isText(column) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const [before, after] = machine.load.map((load) => load.toFixed(1));
  return [
    `${machine.processor}, ${machine.processors} processors, ${machine.platform}, Node ${machine.node}`,
    `BLAS: ${machine.blas ?? 'none'}`,
    `Medians over ${document.rounds} rounds with turns of ${document.secondsPerTurn} s. Load average ${before} before, ${after} after.`,
    'Of limit: the rate relative to the best rate of a large BLAS product in this run.',
    '',
    format(HEADINGS),
    ...cells.map(format),
    ...notes(rows).map((note) => `\n${note}`),
    '',
  ].join('\n');
}

function comparison({ ratio, fastestRatio, relative }: BenchRow): string {
  if (ratio !== undefined && fastestRatio !== undefined) {
    return `Apical is ${ratio.toFixed(2)} × as fast (${fastestRatio.toFixed(2)} × in the fastest rounds)`;
  }
  return relative ? `takes ${percent(relative.value)} of the time of ${relative.to}` : '';
}

/** Returns the reasons of rows without a time. */
function notes(rows: readonly BenchRow[]): string[] {
  const failed = rows.filter(({ millisecondsPerStep, note }) => millisecondsPerStep === null && note);
  return failed.map(({ subject, work, note }) => `${subject} (${work}): ${note ?? ''}`);
}

const percent = (fraction: number) => `${(100 * fraction).toFixed(Math.abs(fraction) < 0.1 ? 1 : 0)} %`;

/** Formats a number with three significant digits, without an exponent. */
function significant(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(value)));
  return value.toFixed(Math.min(6, digits));
}
