import { PAPER } from '../../../src/entries/browser-internals.ts';

/** A chart as a drawing on white, with title, legend and every seed. */
export interface ChartDrawing {
  readonly title: string;
  /** Label of the horizontal axis. */
  readonly horizontal: string;
  readonly logarithmic: boolean;
  /** Returns a value of the vertical axis as text. */
  readonly format: (value: number) => string;
  readonly reference: number | undefined;
  readonly lines: readonly DrawnLine[];
}

export interface DrawnLine {
  /** Name in the legend; undefined for single seeds beside their mean. */
  readonly name: string | undefined;
  readonly colour: string;
  readonly dash: readonly number[];
  readonly points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 20;
const TOP = 58;
const BOTTOM = 46;

/** Returns the chart as the text of an SVG file. */
export function chartSvg(chart: ChartDrawing): string {
  const { title, lines, logarithmic, reference, format, horizontal } = chart;
  const finite = lines.flatMap(({ points }) =>
    points.filter(([, y]) => Number.isFinite(y) && (!logarithmic || y > 0)),
  );
  const most = (values: readonly number[], start: number) =>
    values.reduce((high, value) => Math.max(high, value), start);
  const right = most(
    finite.map(([x]) => x),
    1e-6,
  );
  const values = finite.map(([, y]) => y);
  const top = most(values, reference ?? 1e-6) * 1.05;
  const bottom = logarithmic ? values.reduce((low, value) => Math.min(low, value), top) / 1.1 : 0;
  const x = (value: number) => LEFT + (value / right) * (WIDTH - LEFT - RIGHT);
  const share = (value: number) =>
    logarithmic ? Math.log(value / bottom) / Math.log(top / bottom) : (value - bottom) / (top - bottom);
  const y = (value: number) => HEIGHT - BOTTOM - share(value) * (HEIGHT - TOP - BOTTOM);
  const text = (content: string, left: number, at: number, more = '') =>
    `<text x="${left.toFixed(1)}" y="${at.toFixed(1)}" ${more}>${escape(content)}</text>`;
  const rule = (at: number, colour: string, dash = '') =>
    `<path d="M${LEFT} ${at.toFixed(1)}H${WIDTH - RIGHT}" stroke="${colour}" ${dash}/>`;

  const ticks = logarithmic ? decades(bottom, top) : steps(top);
  const named = lines.filter(({ name }) => name !== undefined);
  let left = LEFT;
  const legend = named.map(({ name = '', colour, dash }) => {
    const entry =
      `<path d="M${left} 40h26" stroke="${colour}" stroke-width="2.4" stroke-dasharray="${dash.join(' ')}"/>` +
      text(name, left + 32, 44);
    left += 50 + 6.6 * name.length;
    return entry;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" fill="none"`,
    ` font-family="Inter, system-ui, sans-serif" font-size="12"><title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="${PAPER.background}"/><g fill="${PAPER.text}">`,
    text(title, LEFT, 22, 'font-size="15" font-weight="600"'),
    ...legend,
    `</g><g fill="${PAPER.muted}">`,
    ...ticks.map(
      (tick) => rule(y(tick), PAPER.grid) + text(format(tick), LEFT - 8, y(tick) + 4, 'text-anchor="end"'),
    ),
    ...steps(right).map((tick) => text(shown(tick), x(tick), HEIGHT - BOTTOM + 18, 'text-anchor="middle"')),
    text(horizontal, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, 'text-anchor="middle"'),
    '</g>',
    reference === undefined ? '' : rule(y(reference), PAPER.muted, 'stroke-dasharray="5 4"'),
    ...lines.map(({ colour, dash, points, name }) => {
      const path = points
        .filter(([, value]) => Number.isFinite(value) && (!logarithmic || value > 0))
        .map(([at, value], index) => `${index === 0 ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`)
        .join('');
      const style = name === undefined ? 'stroke-width="1" stroke-opacity="0.4"' : 'stroke-width="2"';
      return `<path d="${path}" stroke="${colour}" stroke-linejoin="round" stroke-dasharray="${dash.join(' ')}" ${style}/>`;
    }),
    '</svg>',
  ].join('');
}

/** Renders an SVG as a PNG file at twice its size. */
export async function chartPng(svg: string): Promise<Blob> {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [2 * WIDTH, 2 * HEIGHT];
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) =>
        blob ? resolve(blob) : reject(new Error('The browser cannot encode the chart as PNG.')),
      ),
    );
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Returns about five round values from 0 to `top`. */
function steps(top: number): number[] {
  const rough = top / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** Returns 1, 2 and 5 times every power of ten between `bottom` and `top`. */
function decades(bottom: number, top: number): number[] {
  const from = Math.floor(Math.log10(bottom));
  const to = Math.ceil(Math.log10(top));
  return Array.from({ length: to - from + 1 }, (_, index) =>
    [1, 2, 5].map((factor) => factor * 10 ** (from + index)),
  )
    .flat()
    .filter((tick) => tick >= bottom && tick <= top);
}

const shown = (value: number) => String(Number(value.toPrecision(4)));

const escape = (text: string) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
