/** One entry of docs/bibliography.json. */
export interface Source {
  readonly title: string;
  readonly authors: readonly string[];
  readonly year: number;
  readonly venue: string;
  readonly doi?: string;
  readonly url?: string;
}

/** Formats a source: "Lillicrap, Cownden, Tweed & Akerman (2016). Title. Venue.", with a link if there is one. */
export function citationOf(source: Source): { readonly text: string; readonly link: string | undefined } {
  const names = source.authors.map((author) => author.replace(/,.*$/, ''));
  const last = names.pop() ?? '';
  const authors = names.length === 0 ? last : `${names.join(', ')} & ${last}`;
  return {
    text: `${authors} (${source.year}). ${source.title}. ${source.venue}.`,
    link: source.doi === undefined ? source.url : `https://doi.org/${source.doi}`,
  };
}

/** Formats a source as BibTeX, under its key in the bibliography. */
export function bibtexOf(key: string, { title, authors, year, venue, doi, url }: Source): string {
  const fields = {
    author: authors.join(' and '),
    title: `{${title}}`,
    year: String(year),
    howpublished: venue,
    ...(doi === undefined ? {} : { doi }),
    ...(url === undefined ? {} : { url }),
  };
  const lines = Object.entries(fields).map(([name, value]) => `  ${name} = {${bibtexText(value)}}`);
  return `@misc{${key},\n${lines.join(',\n')}\n}`;
}

/** Escapes characters that are special in TeX. */
const bibtexText = (text: string) => text.replace(/[&%$#_]/g, (character) => `\\${character}`);
