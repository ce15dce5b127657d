import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { PAPER, SCHEMES, seriesStyle } from '../../../src/entries/browser-internals.ts';
import { chartPng, chartSvg } from './chart-svg.ts';
import type { DrawnLine } from './chart-svg.ts';
import { useWidth } from '../hooks.ts';
import { colourOf, dashOf } from './series.tsx';
import type { Curve, Quantity } from '../../state/curves.ts';
import { curves, recorded, session } from '../../state/lab.ts';
import { isDark, t } from '../../state/preferences.ts';
import { save } from '../../state/sharing.ts';

export type Unit = 'percent' | 'degrees' | 'plain';

export interface ChartProps {
  readonly title: string;
  readonly quantity: Quantity;
  readonly unit: Unit;
  readonly height: number;
  readonly logarithmic?: boolean;
  /** Value of a horizontal reference line. */
  readonly reference?: number;
  readonly lanes: readonly string[];
  readonly seeds: number;
}

/** Live curves of a quantity, with a colour for each lane: single seeds are faint, their mean is bold. */
export function Chart(props: ChartProps) {
  const { title, quantity, unit, height, logarithmic = false, reference, lanes, seeds } = props;
  const [element, width] = useWidth<HTMLDivElement>(320);
  const plot = useRef<uPlot | null>(null);
  const dark = isDark.value;
  const count = recorded.value;
  const perEpoch = session.value?.stepsPerEpoch ?? 1;
  const key = JSON.stringify([quantity, unit, lanes, seeds, logarithmic, dark, reference]);

  useEffect(() => {
    const parent = element.current;
    if (!parent) return undefined;
    const made = new uPlot(optionsOf(props, width), dataOf(quantity, lanes.length, seeds, perEpoch), parent);
    made.root.setAttribute('aria-hidden', 'true');
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [key]);
  useEffect(() => plot.current?.setSize({ width, height }), [width, height]);
  useEffect(() => plot.current?.setData(dataOf(quantity, lanes.length, seeds, perEpoch)), [count, key]);

  return (
    <figure class="chart" aria-label={title}>
      <figcaption>
        <span>{title}</span>
        <span class="chart-export">
          {(['svg', 'png'] as const).map((kind) => (
            <button
              key={kind}
              type="button"
              aria-label={`${t.value.share[kind]}: ${title}`}
              title={t.value.share[kind]}
              onClick={() => void exportChart(props, perEpoch, kind)}
            >
              {kind.toUpperCase()}
            </button>
          ))}
        </span>
      </figcaption>
      <div ref={element} class="chart-plot" style={{ minHeight: `${height}px` }} />
      <ul class="sr-only">
        {lanes.map((name, lane) => (
          <li key={lane}>
            {name}: {format(curves.latest(lane, quantity), unit)}
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** Saves the chart in its current state. */
async function exportChart(props: ChartProps, perEpoch: number, kind: 'svg' | 'png'): Promise<void> {
  const { title, quantity, unit, logarithmic = false, reference, lanes, seeds } = props;
  const svg = chartSvg({
    title,
    horizontal: t.value.charts.epochs,
    logarithmic,
    reference,
    format: (value) => format(value, unit),
    lines: lanes.flatMap((name, lane) => {
      const single = seedsOf(lane, seeds, quantity);
      const drawn = (curve: Curve, label: string | undefined): DrawnLine => ({
        name: label,
        colour: seriesStyle(PAPER, lane).colour,
        dash: dashOf(lane),
        points: curve.x.map((at, index) => [at / perEpoch, curve.y[index] as number]),
      });
      if (seeds === 1) return single.map((curve) => drawn(curve, name));
      return [...single.map((curve) => drawn(curve, undefined)), drawn(meanOf(single), name)];
    }),
  });
  const file = `${title.toLowerCase().replace(/[^\p{L}\d]+/gu, '-')}.${kind}`;
  if (kind === 'svg') save(file, svg, 'image/svg+xml');
  else save(file, await chartPng(svg), 'image/png');
}

const seedsOf = (lane: number, seeds: number, quantity: Quantity): Curve[] =>
  Array.from({ length: seeds }, (_, seed) => curves.curve(lane, seed, quantity) ?? { x: [], y: [] });

/** Returns the epochs, then for every lane the values of its seeds and, if there are several, their mean. */
function dataOf(quantity: Quantity, lanes: number, seeds: number, perEpoch: number): uPlot.AlignedData {
  const all: Curve[] = [];
  for (let lane = 0; lane < lanes; lane++) {
    const single = seedsOf(lane, seeds, quantity);
    all.push(...single);
    if (seeds > 1) all.push(meanOf(single));
  }
  const joined = uPlot.join(all.map(({ x, y }) => [x, y] as uPlot.AlignedData)) as unknown as [
    number[],
    ...number[][],
  ];
  const [x, ...rest] = joined;
  return [Array.from(x, (at) => at / perEpoch), ...rest] as uPlot.AlignedData;
}

/** Returns the mean over seeds at the steps that every seed has reached. */
function meanOf(seeds: readonly Curve[]): Curve {
  const sums = new Map<number, { total: number; count: number }>();
  for (const { x, y } of seeds) {
    x.forEach((at, index) => {
      const sum = sums.get(at) ?? { total: 0, count: 0 };
      sums.set(at, { total: sum.total + (y[index] as number), count: sum.count + 1 });
    });
  }
  const whole = [...sums].filter(([, { count }]) => count === seeds.length).sort(([a], [b]) => a - b);
  return { x: whole.map(([at]) => at), y: whole.map(([, { total, count }]) => total / count) };
}

function optionsOf(props: ChartProps, width: number): uPlot.Options {
  const { unit, height, logarithmic = false, reference, lanes, seeds } = props;
  const theme = SCHEMES[isDark.value ? 'dark' : 'light'];
  const font = '11px "Inter Variable", system-ui, sans-serif';
  const axis = {
    stroke: theme.muted,
    font,
    ticks: { show: false },
    grid: { stroke: theme.grid, width: 1 },
  };
  return {
    width,
    height,
    padding: [8, 6, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 6 }, y: false, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: (_, __, high) => [0, upTo(high)] },
      y: logarithmic
        ? logarithmicScale()
        : {
            range: (_, __, high) => [0, unit === 'degrees' ? Math.max(100, upTo(high)) : 1.05 * upTo(high)],
          },
    },
    axes: [
      { ...axis, size: 26, grid: { show: false }, values: (_, ticks) => ticks.map((tick) => short(tick)) },
      {
        ...axis,
        size: 46,
        values: (_, ticks) => ticks.map((tick) => format(logarithmic ? twoDigits(tick) : tick, unit)),
        ...(unit === 'degrees'
          ? { splits: (_, __, ___, high) => [0, 30, 60, 90, 120, 150, 180].filter((angle) => angle <= high) }
          : {}),
      },
    ],
    series: [
      {},
      ...lanes.flatMap((_, lane): uPlot.Series[] => {
        const stroke = colourOf(lane);
        const bold = { stroke, width: 2, dash: dashOf(lane), points: { show: false }, spanGaps: true };
        const faint = { ...bold, width: 1, alpha: 0.35 };
        return seeds === 1 ? [bold] : [...Array.from({ length: seeds }, () => faint), bold];
      }),
    ],
    hooks: reference === undefined ? {} : { draw: [(plot) => drawReference(plot, reference, theme.muted)] },
  };
}

/** Returns the end of an axis that starts at 0; `high` is null if there are no points. */
const upTo = (high: number | null) => Math.max(high ?? 1, 1e-6);

const logarithmicScale = (): uPlot.Scale => {
  const scale: uPlot.Scale = { range: (_, low, high) => logarithmicRange(low, high) };
  // 3 is logarithmic: uPlot has names for these numbers only as types.
  Reflect.set(scale, 'distr', 3);
  return scale;
};

/** Returns the range of a logarithmic axis. Without points uPlot passes null, against its types. */
function logarithmicRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || !(low > 0)) return [0.1, 1];
  return [low / 1.25, high * 1.1];
}

function drawReference({ ctx, bbox, valToPos }: uPlot, value: number, colour: string): void {
  const y = Math.round(valToPos(value, 'y', true));
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/** Returns a tick with two digits. uPlot passes null, against its types, for a tick that it leaves without a number. */
const twoDigits = (tick: number | null) => (tick === null ? null : Number(tick.toPrecision(2)));

const short = (value: number) => String(Number(value.toPrecision(4)));

/** Returns a value as text, in its unit. */
export function format(value: number | null | undefined, unit: Unit): string {
  if (value === null) return '';
  if (value === undefined || !Number.isFinite(value)) return '–';
  if (unit === 'percent') return `${Number((100 * value).toPrecision(3))} %`;
  if (unit === 'degrees') return `${value.toFixed(0)}°`;
  return short(value);
}
