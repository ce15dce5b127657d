import { html, trusted, type Interpolated, type Markup } from './markup.ts';
import { FONT_STACK, themeVariables } from './charts/theme.ts';

/** Returns a complete, self-contained HTML page whose content security policy forbids every request. */
export function page(title: string, generator: string, body: Markup): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="${generator}" />
        <title>${title}</title>
        <style>
          ${trusted(STYLE)}
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html> `.text;
}

/** Returns a section with a heading; undefined without content. */
export function section(id: string, heading: string, content: Interpolated): Markup | undefined {
  if (content === undefined || content === null || content === false) return undefined;
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${heading}</h2>
    ${content}
  </section> `;
}

/** A column of a table. */
export interface Column {
  readonly heading: Interpolated;
  /** Whether cells are right-aligned, as numbers are. */
  readonly numeric?: boolean;
}

/** Returns a table that scrolls by itself on narrow screens. The first cell of a row is its heading. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Interpolated[])[],
): Markup {
  const style = (index: number) => trusted(columns[index]?.numeric ? ' class="number"' : '');
  const head = columns.map((column, index) => html`<th scope="col" ${style(index)}>${column.heading}</th>`);
  const body = rows.map(([first, ...rest]) => {
    const cells = rest.map((cell, index) => html`<td${style(index + 1)}>${cell}</td>`);
    return html`<tr>
      <th scope="row">${first}</th>
      ${cells}
    </tr> `;
  });
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div> `;
}

/** Returns a table of names and values without column headings; undefined without rows. */
export function facts(
  caption: string,
  rows: readonly (readonly [name: string, value: Interpolated])[],
): Markup | undefined {
  if (rows.length === 0) return undefined;
  const body = rows.map(
    ([name, value]) =>
      html`<tr>
        <th scope="row">${name}</th>
        <td>${value}</td>
      </tr> `,
  );
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table class="facts">
      <caption>
        ${caption}
      </caption>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div> `;
}

/** Returns preformatted text, such as a command line. */
export function code(text: string): Markup {
  return html`<pre tabindex="0"><code>${text}</code></pre> `;
}

/** Returns content that a reader can unfold below a summary. */
export function details(summary: string, content: Interpolated): Markup {
  return html`<details>
    <summary>${summary}</summary>
    ${content}
  </details> `;
}

const STYLE = `
:root{color-scheme:light dark;${themeVariables('light')};--raised:#f5f7f9;--link:#0757a8;--alarm:#a32a00}
@media (prefers-color-scheme:dark){:root{${themeVariables('dark')};--raised:#1c2126;--link:#7fbcf5;--alarm:#ff9b70}}
@media print{:root{color-scheme:light;${themeVariables('light')};--raised:#f5f7f9;--link:#0757a8;--alarm:#a32a00}}
*{box-sizing:border-box}
body{margin:0;background:var(--background);color:var(--text);font:16px/1.55 ${FONT_STACK};-webkit-text-size-adjust:100%}
main{max-width:64rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}
header{border-bottom:1px solid var(--grid);padding-bottom:1.25rem;margin-bottom:1.75rem}
h1{font-size:clamp(1.55rem,1.2rem + 1.6vw,2.15rem);line-height:1.2;letter-spacing:-.015em;margin:.2rem 0 .6rem;text-wrap:balance}
h2{font-size:1.25rem;line-height:1.3;letter-spacing:-.005em;margin:2.6rem 0 .7rem}
h3{font-size:1.02rem;margin:1.6rem 0 .4rem}
p{margin:.5rem 0;max-width:46rem}
.kind{color:var(--muted);font-size:.85rem;margin:0}
.lead{color:var(--muted);font-size:1.05rem}
.alarm{color:var(--alarm);font-weight:600}
a{color:var(--link)}
a,td,li,dd,p{overflow-wrap:break-word}
.scroll{overflow-x:auto;margin:.8rem 0;scrollbar-width:thin}
.scroll:focus-visible,pre:focus-visible,summary:focus-visible{outline:2px solid var(--link);outline-offset:2px}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;min-width:100%}
table.facts{min-width:min(100%,28rem)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));column-gap:2.5rem}
.pair table.facts{min-width:100%}
caption{text-align:left;color:var(--muted);font-size:.85rem;padding-bottom:.35rem}
th,td{padding:.38rem .9rem .38rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}
th:last-child,td:last-child{padding-right:0}
thead th{font-weight:600;color:var(--muted);border-bottom:1.5px solid var(--muted);vertical-align:bottom}
tbody th{font-weight:600}
.facts th{font-weight:400;width:1%;color:var(--muted);padding-right:1.6rem;white-space:nowrap}
.number{text-align:right;white-space:nowrap}
thead .number{white-space:normal}
.number+:not(.number){padding-left:1rem}
table:not(.facts) td:not(.number){min-width:6.5rem}
.columns{font-size:.85rem;color:var(--muted);display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.6rem 0;max-width:52rem}
.columns dt{color:var(--text);font-weight:600}
.columns dd{margin:0}
figure{margin:1rem 0}
figcaption{color:var(--muted);font-size:.875rem;max-width:46rem;margin-top:.5rem}
.charts .grid{display:grid;gap:1.1rem 1.25rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr))}
.charts.columns-1 .grid{max-width:34rem}
@media (min-width:46rem){.charts.columns-2 .grid{grid-template-columns:1fr 1fr}.charts.columns-3 .grid{grid-template-columns:repeat(3,1fr)}}
.chart{display:block;width:100%;height:auto;overflow:visible}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;margin:0 0 .7rem;padding:0;font-size:.9rem}
.legend li{display:flex;align-items:center;gap:.5rem}
.mistakes{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(5.2rem,1fr));gap:1rem .6rem}
.mistakes li{text-align:center;line-height:1.3}
.mistakes img{display:block;margin:0 auto .3rem;width:56px;height:56px;object-fit:contain;image-rendering:pixelated;border-radius:3px;outline:1px solid var(--grid)}
.mistakes span{display:block}
.fantasies{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(3.4rem,1fr));gap:.35rem}
.fantasies img{display:block;width:100%;max-width:56px;aspect-ratio:1;object-fit:contain;image-rendering:pixelated;border-radius:3px;outline:1px solid var(--grid)}
.answer{font-weight:600;font-size:.9rem}
.confidence{color:var(--muted);font-size:.8rem;font-variant-numeric:tabular-nums}
.equation{overflow-x:auto;padding:.3rem 0;font-size:1.15rem}
math{font-family:"Cambria Math","STIX Two Math","Latin Modern Math","DejaVu Math TeX Gyre",math}
math.tml-display{width:fit-content;margin:0}
mo.tml-prime{transform:translateY(.4em) scale(1.2)}
.tml-right{text-align:-webkit-right;text-align:right}
.tml-left{text-align:-webkit-left;text-align:left}
.tml-sml-pad{padding-left:.05em}.tml-med-pad{padding-left:.1em}.tml-lrg-pad{padding-left:.15em}
pre{background:var(--raised);padding:.8rem 1rem;border-radius:6px;overflow:auto;max-height:32rem;font-size:.84rem;line-height:1.5;margin:.6rem 0}
code{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
details{margin:.6rem 0}
summary{cursor:pointer;padding:.2rem 0}
.sources{padding-left:1.2rem;font-size:.95rem}
.sources li{margin:.3rem 0}
@media (max-width:34rem){main{padding:1.5rem 1rem 3rem}.columns{grid-template-columns:1fr}.columns dd{margin-bottom:.35rem}}
@media print{main{max-width:none;padding:0}section,figure,tr{break-inside:avoid}pre{max-height:none;white-space:pre-wrap}}
`;
