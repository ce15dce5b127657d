/** Markup that is known to be safe to put in a page as it is. Only `html` and `trusted` make it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Interpolated = Markup | string | number | null | undefined | false | readonly Interpolated[];

/**
 * A template whose interpolated values are escaped, so that a name from a user's file cannot become markup.
 * `Markup` and arrays of it pass as they are; null, undefined and false print nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Interpolated[]): Markup {
  let text = strings[0] ?? '';
  values.forEach((value, index) => {
    text += markupOf(value) + (strings[index + 1] ?? '');
  });
  return new Markup(text);
}

/** Text that another renderer has already escaped. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

/** Escapes text for HTML and XML, in elements and in quoted attributes; drops characters that XML forbids. */
export function escape(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** The text without control characters and halves of surrogate pairs, which no XML document may hold. */
export function printable(text: string): string {
  return text.toWellFormed().replace(FORBIDDEN, '�');
}

// eslint-disable-next-line no-control-regex -- these are exactly the characters to be removed
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function markupOf(value: Interpolated): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'number') return String(value);
  return value.map(markupOf).join('');
}
