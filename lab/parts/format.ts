/** Numbers as text, the same in both languages. */
export const percent = (share: number | undefined): string =>
  share === undefined || !Number.isFinite(share) ? '–' : `${(100 * share).toFixed(share < 0.0995 ? 2 : 1)} %`;

export const degrees = (angle: number | null | undefined): string =>
  angle === undefined || angle === null || !Number.isFinite(angle) ? '–' : `${angle.toFixed(0)}°`;

export const plain = (value: number | undefined): string => {
  if (value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return grouped(value);
  return size >= 0.01 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
};

/** Returns an integer with thin spaces between thousands: "12 345". */
export const grouped = (value: number): string =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u2009');

/** Returns an id with spaces, to be read: "hidden1→output" as "hidden 1 → output". */
export const spoken = (id: string): string =>
  id.replace(/([a-z])(\d+)/g, '$1\u00a0$2').replaceAll('→', '\u2009→\u2009');
