/** Markup that is safe to insert into a page. Only `html` and `trusted` create it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** A value that the `html` template can interpolate. */
export type Interpolated = Markup | string | number | null | undefined | false | readonly Interpolated[];

/**
 * Builds markup from a template. Interpolated text is escaped, so that a name from a user's file cannot become markup;
 * `Markup` is inserted unchanged, arrays are concatenated, and null, undefined and false give nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Interpolated[]): Markup {
  let text = strings[0] ?? '';
  values.forEach((value, index) => {
    text += markupOf(value) + (strings[index + 1] ?? '');
  });
  return new Markup(text);
}

/** Returns text as markup without escaping it, for text that another renderer has escaped. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

/** Escapes text for elements and quoted attributes of HTML and XML, and replaces characters that XML forbids. */
export function escape(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Replaces the characters that XML forbids: control characters and unpaired surrogates. */
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
