import { useEffect, useRef } from 'preact/hooks';
import { SCHEMES } from '../../../src/entries/browser-internals.ts';
import type { LaneView } from '../../protocol.ts';
import { isDark, t } from '../../state/preferences.ts';

const SIDE = 300;
/** The engine computes the plane from −1.25 to 1.25. */
const REACH = 1.25;

/** The decision regions of the network on the plane, with the training points. */
export function Surface({
  lane,
  surface,
  points,
}: {
  readonly lane: number;
  readonly surface: LaneView['surface'];
  readonly points: Float32Array;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = isDark.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const { series, background } = SCHEMES[dark ? 'dark' : 'light'];
    const colours = series.map(parse);
    const paper = parse(background);
    context.clearRect(0, 0, SIDE, SIDE);
    if (surface) {
      const { side, classes, confidences } = surface;
      const image = new ImageData(side, side);
      const chance = 255 / Math.max(2, 1 + classes.reduce((most, value) => Math.max(most, value), 0));
      for (let index = 0; index < classes.length; index++) {
        const colour = colours[(classes[index] as number) % colours.length] as Colour;
        const share = 0.06 + 0.5 * Math.max(0, ((confidences[index] as number) - chance) / (255 - chance));
        for (let channel = 0; channel < 3; channel++) {
          const from = paper[channel] as number;
          image.data[4 * index + channel] = from + ((colour[channel] as number) - from) * share;
        }
        image.data[4 * index + 3] = 255;
      }
      const small = new OffscreenCanvas(side, side);
      small.getContext('2d')?.putImageData(image, 0, 0);
      context.imageSmoothingEnabled = true;
      context.drawImage(small, 0, 0, SIDE, SIDE);
    }
    for (let index = 0; index < points.length; index += 3) {
      const [x, y, label] = [points[index], points[index + 1], points[index + 2]] as [number, number, number];
      const [left, top] = [(SIDE * (1 + x / REACH)) / 2, (SIDE * (1 - y / REACH)) / 2];
      context.fillStyle = series[label % series.length] ?? '';
      context.strokeStyle = background;
      context.beginPath();
      // Classes differ in shape, not only in colour.
      if (label % 2 === 0) context.arc(left, top, 3, 0, 7);
      else context.rect(left - 2.6, top - 2.6, 5.2, 5.2);
      context.fill();
      context.stroke();
    }
  }, [surface, points, dark]);
  return (
    <canvas
      ref={canvas}
      class="surface"
      width={SIDE}
      height={SIDE}
      role="img"
      aria-label={t.value.lane.surface}
      data-lane={lane}
    />
  );
}

type Colour = readonly [number, number, number];

const parse = (colour: string): Colour => [
  parseInt(colour.slice(1, 3), 16),
  parseInt(colour.slice(3, 5), 16),
  parseInt(colour.slice(5, 7), 16),
];
