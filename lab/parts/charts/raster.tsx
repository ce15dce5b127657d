import { useEffect, useRef } from 'preact/hooks';
import { isDark } from '../../state/preferences.ts';

export type RasterKind =
  /** From 0 (paper) to the largest value (ink). */
  | 'activity'
  /** Blue below 0, orange above, paper at 0. */
  | 'signed';

export interface RasterProps {
  readonly values: ArrayLike<number> | undefined;
  readonly rows: number;
  readonly columns: number;
  readonly kind: RasterKind;
  /** The value of the darkest colour. Default: the largest value. */
  readonly largest?: number;
  readonly class?: string;
  readonly label?: string;
}

/** Values as a picture with a pixel for each value. */
export function Raster({ values, rows, columns, kind, largest, class: name, label }: RasterProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = isDark.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !values) return;
    context.putImageData(pictureOf(values, rows, columns, kind, largest, dark), 0, 0);
  }, [values, rows, columns, kind, largest, dark]);
  return (
    <canvas
      ref={canvas}
      width={columns}
      height={rows}
      class={`raster ${name ?? ''}`}
      {...(label === undefined ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': label })}
    />
  );
}

function pictureOf(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  kind: RasterKind,
  largest: number | undefined,
  dark: boolean,
): ImageData {
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = paletteOf(kind, dark);
  let scale = largest ?? 0;
  if (largest === undefined) {
    for (let index = 0; index < values.length; index++)
      scale = Math.max(scale, Math.abs(values[index] as number));
  }
  const count = Math.min(values.length, pixels.length);
  for (let index = 0; index < count; index++) {
    const share = scale === 0 ? 0 : (values[index] as number) / scale;
    // NaN is drawn as 0.
    pixels[index] = colours[128 + Math.round(127 * Math.max(-1, Math.min(1, share || 0)))] as number;
  }
  return image;
}

type Colour = readonly [red: number, green: number, blue: number];

const PAPER = { light: [250, 249, 246], dark: [27, 31, 37] } as const;
const INK = { light: [24, 30, 38], dark: [240, 238, 230] } as const;
const BELOW = { light: [0, 98, 158], dark: [104, 186, 240] } as const;
const ABOVE = { light: [196, 78, 0], dark: [255, 152, 84] } as const;

const palettes = new Map<string, Uint32Array>();

/** Returns the colours of values from −1 to 1; index 128 is the colour of 0. */
export function paletteOf(kind: RasterKind, dark: boolean): Uint32Array {
  const scheme = dark ? 'dark' : 'light';
  const key = `${kind} ${scheme}`;
  const known = palettes.get(key);
  if (known) return known;
  const colours = new Uint32Array(256);
  for (let index = 1; index < 256; index++) {
    const share = (index - 128) / 127;
    const end: Colour = kind === 'activity' ? INK[scheme] : share < 0 ? BELOW[scheme] : ABOVE[scheme];
    colours[index] = mixed(PAPER[scheme], end, Math.abs(share) ** 0.8);
  }
  palettes.set(key, colours);
  return colours;
}

/** Returns a mixed colour as little-endian RGBA. */
function mixed(from: Colour, to: Colour, share: number): number {
  const [red, green, blue] = from.map((value, index) =>
    Math.round(value + ((to[index] as number) - value) * share),
  ) as [number, number, number];
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
