import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';
import colours from 'picocolors';

/** Prints results to stdout and everything else to stderr. With `--json`, stdout holds JSON documents only. */
export class Terminal {
  readonly json: boolean;
  /** Colours for stdout; plain if it is no terminal or NO_COLOR is set. */
  readonly colours: ReturnType<typeof colours.createColors>;
  /** Whether progress lines may be overwritten. */
  readonly animated: boolean;

  constructor(json: boolean) {
    this.json = json;
    const plain = process.env['NO_COLOR'] !== undefined && process.env['NO_COLOR'] !== '';
    // isTTY is undefined without a terminal; picocolors would then decide itself.
    this.colours = colours.createColors(plain ? false : isTerminal(process.stdout));
    this.animated = isTerminal(process.stderr) && process.env['TERM'] !== 'dumb' && !process.env['CI'];
  }

  /** Prints a line of the result; nothing with `--json`. */
  line(text = ''): void {
    if (!this.json) process.stdout.write(`${text}\n`);
  }

  /** Prints the result as a versioned document; nothing without `--json`. Several calls print JSON lines. */
  document(value: object): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Prints a note to stderr. */
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }
}

const isTerminal = (stream: { readonly isTTY?: boolean }): boolean => stream.isTTY ?? false;

/** Formats a table. Columns are as wide as their widest cell; columns of numbers are right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const numeric = head.map((_, column) =>
    rows.every((row) => /^([-+−]?\d|–?$)/.test(plain(row[column] ?? ''))),
  );
  const widths = head.map((title, column) =>
    Math.max(width(title), ...rows.map((row) => width(row[column] ?? ''))),
  );
  const render = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const space = ' '.repeat(Math.max(0, (widths[column] as number) - width(cell)));
        return numeric[column] ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [render(head), ...rows.map(render)].join('\n');
}

const plain = (text: string) => stripVTControlCharacters(text);
const width = (text: string) => Array.from(plain(text)).length;

/** Formats 0.0213 as "2.13 %". */
export const percent = (fraction: number, digits = 2): string =>
  Number.isFinite(fraction) ? `${(fraction * 100).toFixed(digits)} %` : '–';

/** Formats seconds: "4.2 s", "3 min 05 s". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${minutes} min ${String(Math.round(seconds % 60)).padStart(2, '0')} s`;
}

/** Formats values within [low, high] as a row of small bars. */
export function sparkline(values: readonly number[], low: number, high: number): string {
  const bars = '▁▂▃▄▅▆▇█';
  return values
    .map((value) => bars[Math.min(7, Math.max(0, Math.floor(((value - low) / (high - low)) * 8)))] ?? '▁')
    .join('');
}
