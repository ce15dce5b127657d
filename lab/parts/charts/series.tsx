import { useComputed } from '@preact/signals';
import { seriesStyle, SCHEMES } from '../../../src/entries/browser-internals.ts';
import { isDark } from '../../state/preferences.ts';

/** Returns the colour of a lane, which is the same in reports. Lanes also differ in mark and dash, never in colour alone. */
export const colourOf = (lane: number): string =>
  seriesStyle(SCHEMES[isDark.value ? 'dark' : 'light'], lane).colour;

export const dashOf = (lane: number): number[] => [[], [7, 4], [2, 3], [9, 3, 2, 3]][lane % 4] ?? [];

/** The mark of a lane. */
export function Mark({ lane }: { readonly lane: number }) {
  const colour = useComputed(() => colourOf(lane)).value;
  const shapes = [
    <circle cx="6" cy="6" r="5" />,
    <rect x="1.4" y="1.4" width="9.2" height="9.2" />,
    <path d="M6 .8 11.4 10.6H.6Z" />,
    <path d="M6 .4 11.6 6 6 11.6.4 6Z" />,
  ];
  return (
    <svg class="mark" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" fill={colour}>
      {shapes[lane % 4]}
    </svg>
  );
}
