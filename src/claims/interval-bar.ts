import { number } from '../reports/charts/format.ts';
import { html, trusted, type Markup } from '../reports/markup.ts';
import type { Expected } from './claim.ts';

export interface IntervalBar {
  readonly expected: Expected;
  /** The measured figure; null if it was not finite. */
  readonly measured: number | null;
  readonly holds: boolean;
  readonly perSeed: readonly number[];
  /** The content of the picture in words, for screen readers. */
  readonly label: string;
}

const WIDTH = 560;
const HEIGHT = 64;
const LEFT = 24;
const RIGHT = WIDTH - LEFT;
const MIDDLE = 24;
const BAND = 15;
/** Ratio of largest to smallest value from which positive values are drawn on a logarithmic scale. */
const LOGARITHMIC_FROM = 20;

/** Draws a number line with the expected interval as a band, seeds as dots and the deciding figure as a diamond. */
export function intervalBar({ expected, measured, holds, perSeed, label }: IntervalBar): Markup {
  const bounds = [expected.minimum, expected.maximum].filter((bound) => bound !== undefined);
  const values = [...perSeed, ...(measured === null ? [] : [measured])];
  const { at, ticks } = scaleOf([...bounds, ...values]);
  const from = expected.minimum === undefined ? 0 : at(expected.minimum);
  const to = expected.maximum === undefined ? WIDTH : at(expected.maximum);
  const diamond = measured === null ? undefined : at(measured);
  return html`<svg class="interval" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
    <rect
      class="expected"
      x="${px(from)}"
      y="${MIDDLE - BAND}"
      width="${px(to - from)}"
      height="${2 * BAND}"
    />
    ${bounds.map(
      (bound) =>
        html`<line
          class="bound"
          x1="${px(at(bound))}"
          x2="${px(at(bound))}"
          y1="${MIDDLE - BAND}"
          y2="${MIDDLE + BAND}"
        />`,
    )}
    <line class="axis" x1="0" x2="${WIDTH}" y1="${MIDDLE}" y2="${MIDDLE}" />
    ${ticks.map(
      (tick) =>
        html`<text x="${px(at(tick))}" y="${HEIGHT - 6}" text-anchor="middle">${number(tick, 3)}</text>`,
    )}
    ${perSeed.map(
      (value, index) =>
        html`<circle
          class="seed"
          cx="${px(at(value))}"
          cy="${MIDDLE + (((index * 5) % 9) - 4) * 2}"
          r="3"
        />`,
    )}
    ${
      diamond === undefined
        ? undefined
        : html`<path class="${holds ? 'holds' : 'fails'}" d="${trusted(diamondPath(diamond))}" />`
    }
  </svg> `;
}

function diamondPath(x: number): string {
  const size = 8;
  return `M${px(x - size)} ${MIDDLE}L${px(x)} ${MIDDLE - size}L${px(x + size)} ${MIDDLE}L${px(x)} ${MIDDLE + size}Z`;
}

/** Returns a function that places values on the line, and ticks whose labels do not overlap. */
function scaleOf(values: readonly number[]): { at: (value: number) => number; ticks: number[] } {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const logarithmic = low > 0 && high / low > LOGARITHMIC_FROM;
  const bend = logarithmic ? Math.log : (value: number) => value;
  const unbend = logarithmic ? Math.exp : (value: number) => value;
  // A band with one end, or equal values, still needs room on both sides.
  const span = bend(high) - bend(low) || Math.abs(bend(high)) || 1;
  const start = bend(low) - span * 0.12;
  const end = bend(high) + span * 0.12;
  const at = (value: number) => LEFT + ((bend(value) - start) / (end - start)) * (RIGHT - LEFT);
  const ticks = logarithmic ? decades(unbend(start), unbend(end)) : roundTicks(start, end);
  return { at, ticks };
}

function decades(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low));
  const last = Math.floor(Math.log10(high));
  const every = Math.max(1, Math.ceil((last - first + 1) / 6));
  return Array.from(
    { length: Math.floor((last - first) / every) + 1 },
    (_, index) => 10 ** (first + index * every),
  );
}

/** Returns four to eight ticks at multiples of 1, 2 or 5 times a power of ten. */
function roundTicks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

const px = (value: number): string => String(Math.round(value * 10) / 10);

/** Styles of the classes above; colours are variables of the page. */
export const INTERVAL_STYLE = `
.interval{display:block;width:100%;max-width:42rem;height:auto;margin:.4rem 0}
.interval .expected{fill:var(--series-1);opacity:.16}
.interval .bound{stroke:var(--series-1);stroke-width:1.5}
.interval .axis{stroke:var(--muted);stroke-width:1}
.interval text{fill:var(--muted);font-size:12px}
.interval .seed{fill:var(--text);opacity:.45}
.interval .holds{fill:var(--series-3);stroke:var(--background);stroke-width:1.5}
.interval .fails{fill:var(--series-2);stroke:var(--background);stroke-width:1.5}
`;
