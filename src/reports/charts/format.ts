/*
 * Numbers and names in the form that readers see. A missing number prints as a dash, and a number that is not finite as
 * such.
 */

const NARROW_SPACE = '\u202F';

/** Formats a count, with thousands separated: 60 000. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  return sign(value) + grouped(Math.abs(value), Number.isInteger(value) ? 0 : 2);
}

function grouped(size: number, decimals: number): string {
  const [whole = '', fraction] = size.toFixed(decimals).split('.');
  const spaced = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE) : whole;
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** Formats a number with at most `digits` significant digits, in exponent form only if the plain form is long. */
export function number(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa = '', exponent = '0'] = size.toExponential(digits - 2).split('e');
    return `${sign(value)}${mantissa} × 10${superscript(Number(exponent))}`;
  }
  if (size >= 10 ** digits) return count(Math.round(value));
  return sign(value) + String(Number(size.toPrecision(digits)));
}

/** Formats a fraction in percent with one decimal, or with two below 1 %: "2.9 %", "0.12 %". */
export function percent(fraction: number): string {
  if (!Number.isFinite(fraction)) return nonFinite(fraction);
  const size = Math.abs(fraction * 100);
  return `${sign(fraction)}${size.toFixed(size !== 0 && size < 0.995 ? 2 : 1)} %`;
}

/** Formats an angle in degrees; "–" for a missing one. */
export function degrees(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return Number.isFinite(value) ? `${sign(value)}${Math.abs(value).toFixed(1)}°` : nonFinite(value);
}

/** Formats a number with three significant digits; "–" for a missing one. */
export function optional(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : number(value, 3);
}

/** Formats a duration: 42.1 s, 3 min 05 s, 2 h 07 min. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return nonFinite(seconds);
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Formats a number of bytes in binary multiples: 1.5 MiB. */
export function bytes(value: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? count(size) : number(size, 3)} ${units[unit] ?? ''}`;
}

/** Estimates the width of a text in pixels, because SVG cannot measure it. */
export function estimatedWidth(text: string, pixelsPerLetter: number): number {
  return Array.from(text).length * pixelsPerLetter;
}

/** Shortens a text to at most `most` letters, with an ellipsis in the middle because projection names differ at the ends. */
export function shortened(text: string, most: number): string {
  const letters = Array.from(text);
  if (letters.length <= most) return text;
  const kept = Math.max(2, most - 1);
  return `${letters.slice(0, Math.ceil(kept / 2)).join('')}…${letters.slice(-Math.floor(kept / 2)).join('')}`;
}

/** Formats a count with its noun: "1 epoch", "5 epochs". */
export function plural(amount: number, singular: string, many = `${singular}s`): string {
  return `${count(amount)} ${Math.abs(amount) === 1 ? singular : many}`;
}

/** Converts the id of a metric to words: `testError`, `test.error` and `test-error` all become "test error". */
export function words(id: string): string {
  return id
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[._-]+/g, ' ')
    .toLowerCase()
    .trim();
}

/** Capitalises the first letter. */
export function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The unit of a metric. */
export type Unit = 'percent' | 'degrees' | 'seconds' | 'bytes' | 'plain';

/** Returns the unit of a metric from the words of its name. */
export function unitOf(metric: string, errorsAreRates: boolean): Unit {
  const name = words(metric);
  if (/\b(error|accuracy)\b/.test(name)) return errorsAreRates ? 'percent' : 'plain';
  if (/\b(angle|degrees|alignment)\b/.test(name)) return 'degrees';
  if (/\bseconds$/.test(name)) return 'seconds';
  if (/\bbytes$/.test(name)) return 'bytes';
  return 'plain';
}

/** Formats a value in its unit. */
export function inUnit(value: number, unit: Unit): string {
  if (unit === 'percent') return percent(value);
  if (unit === 'degrees') return degrees(value);
  if (unit === 'seconds') return duration(value);
  if (unit === 'bytes') return bytes(value);
  return number(value);
}

/**
 * Formats a mean with the half-width of its interval, to two significant digits of the half-width: "2.91 ± 0.12 %".
 * A difference shows its plus sign, and differences of percentages are in percentage points.
 */
export function meanWithInterval(
  mean: number,
  interval: number | null,
  unit: Unit,
  difference = false,
): string {
  if (!Number.isFinite(mean)) return nonFinite(mean);
  const scale = unit === 'percent' ? 100 : 1;
  const suffix = {
    percent: difference ? ' points' : ' %',
    degrees: '°',
    seconds: ' s',
    bytes: ' B',
    plain: '',
  }[unit];
  const plus = difference && mean > 0 ? '+' : '';
  const value = Math.abs(mean * scale);
  if (interval === null || !Number.isFinite(interval)) {
    const digits =
      unit === 'percent' ? value.toFixed(2) : unit === 'degrees' ? value.toFixed(1) : number(value);
    return `${plus}${sign(mean)}${digits}${suffix}`;
  }
  const half = Math.abs(interval * scale);
  // Angles are meaningful to a tenth of a degree.
  const most = unit === 'degrees' ? 1 : 8;
  const decimals =
    half === 0 ? Math.min(2, most) : Math.min(most, Math.max(0, 1 - Math.floor(Math.log10(half))));
  return `${plus}${sign(mean)}${grouped(value, decimals)} ± ${grouped(half, decimals)}${suffix}`;
}

function sign(value: number): string {
  return value < 0 ? '−' : '';
}

function nonFinite(value: number): string {
  return Number.isNaN(value) ? 'not a number' : value > 0 ? '∞' : '−∞';
}

function superscript(exponent: number): string {
  return String(exponent).replace(/[-\d]/g, (digit) =>
    digit === '-' ? '⁻' : ('⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] ?? ''),
  );
}
