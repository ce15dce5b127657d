import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { citation } from '../runs/bibliography.ts';
import { writeDocument } from '../runs/folder/files.ts';
import { figureSvg } from './charts/figures.ts';
import { type Figure } from './charts/figure.ts';
import { html, type Markup } from './markup.ts';
import { section } from './page.ts';
import { linked } from './sections.ts';
import { renderPng } from './write.ts';

/** The last section of a study's report, of keys of the bibliography. */
export const sourcesSection = (keys: readonly string[]): Markup | undefined =>
  section(
    'sources',
    'Sources',
    html`<ol class="sources">
      ${keys.map((key) => html`<li>${linked(citation(key))}</li> `)}
    </ol>`,
  );

/** Leaves a study's report.html in a folder, and its figures beside it, as SVG and PNG. Returns the report's path. */
export async function writeStudy(
  folder: string,
  report: string,
  figures: readonly Figure[],
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'report.html');
  writeDocument(file, report);
  for (const figure of figures) {
    const svg = figureSvg(figure);
    writeDocument(path.join(folder, `${figure.id}.svg`), svg);
    writeDocument(path.join(folder, `${figure.id}.png`), await renderPng(svg));
  }
  return file;
}
