/** The colours of figures: fixed on paper, and CSS variables that follow the colour scheme in a page. */
export interface Theme {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly background: string;
  /** Distinct for common forms of colour blindness, with a contrast of at least 3 : 1 to the background. */
  readonly series: readonly string[];
}

const LIGHT_SERIES = ['#0072b2', '#d55e00', '#00805e', '#aa4499', '#8a6500', '#3d3d3d', '#882255'];
const DARK_SERIES = ['#5ab4ea', '#ff8f50', '#36c99c', '#e29acb', '#efc04c', '#e4e4e4', '#e8829b'];

/** Black on white, for stand-alone files. */
export const PAPER: Theme = {
  text: '#1b1f24',
  muted: '#57606a',
  grid: '#e2e5e9',
  background: '#ffffff',
  series: LIGHT_SERIES,
};

const DARK: Theme = {
  text: '#e6e8eb',
  muted: '#a0a8b2',
  grid: '#30363d',
  background: '#14171b',
  series: DARK_SERIES,
};

/** Fixed colours of each scheme, for pages that draw on a canvas. */
export const SCHEMES = { light: PAPER, dark: DARK } as const;

/** The CSS variables that `themeVariables` defines. */
export const PAGE: Theme = {
  text: 'var(--text)',
  muted: 'var(--muted)',
  grid: 'var(--grid)',
  background: 'var(--background)',
  series: LIGHT_SERIES.map((_, index) => `var(--series-${index + 1})`),
};

/** Returns the CSS declarations of the variables for the light or the dark scheme. */
export function themeVariables(scheme: 'light' | 'dark'): string {
  const theme = scheme === 'light' ? PAPER : DARK;
  const series = theme.series.map((colour, index) => `--series-${index + 1}:${colour}`);
  return [
    `--text:${theme.text}`,
    `--muted:${theme.muted}`,
    `--grid:${theme.grid}`,
    `--background:${theme.background}`,
    ...series,
  ].join(';');
}

/** System fonts. The names after Arial are for renderers that do not resolve font aliases. */
export const FONT_STACK =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/** The style of a series, distinct also without colour. */
export interface SeriesStyle {
  readonly colour: string;
  readonly dash: string;
  readonly symbol: 'circle' | 'square' | 'triangle' | 'diamond';
}

/** Returns the style of the series with this index; styles repeat only after all colours have all dashes. */
export function seriesStyle(theme: Theme, index: number): SeriesStyle {
  const symbols = ['circle', 'square', 'triangle', 'diamond'] as const;
  return {
    colour: theme.series[index % theme.series.length] ?? theme.text,
    dash:
      index < theme.series.length
        ? 'none'
        : (['6 3', '2 3', '8 3 2 3'][Math.floor(index / theme.series.length) - 1] ?? '1 2'),
    symbol: symbols[index % symbols.length] ?? 'circle',
  };
}
