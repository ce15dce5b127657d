import type { BenchDocument, BenchRow } from './document.ts';

const HEADINGS = ['work', 'by', 'threads', 'ms', 'fastest', 'GFLOP/s', 'of limit', 'Apical is'] as const;

/** A plain text table, one line a row, with notes below it. Ends with a line break. */
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
    judgement(row),
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
    `Medians of ${document.rounds} rounds of ${document.secondsPerTurn} s; load ${before} before, ${after} after.`,
    '',
    format(HEADINGS),
    ...cells.map(format),
    ...notes(rows).map((note) => `\n${note}`),
    '',
  ].join('\n');
}

function judgement({ ratio, fastestRatio, relative }: BenchRow): string {
  if (ratio !== undefined && fastestRatio !== undefined) {
    return `${ratio.toFixed(2)} × as fast (${fastestRatio.toFixed(2)} in the fastest rounds)`;
  }
  return relative ? `${percent(relative.value)} of ${relative.to}` : '';
}

/** Why a row has no time, once each. */
function notes(rows: readonly BenchRow[]): string[] {
  const failed = rows.filter(({ millisecondsPerStep, note }) => millisecondsPerStep === null && note);
  return failed.map(({ subject, work, note }) => `${subject} (${work}): ${note ?? ''}`);
}

const percent = (fraction: number) => `${(100 * fraction).toFixed(Math.abs(fraction) < 0.1 ? 1 : 0)} %`;

/** Three significant digits, never in powers of ten. */
function significant(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(value)));
  return value.toFixed(Math.min(6, digits));
}
