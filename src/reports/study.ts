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

/** Returns the section of sources of a study, from keys of the bibliography. */
export const sourcesSection = (keys: readonly string[]): Markup | undefined =>
  section(
    'sources',
    'Sources',
    html`<ol class="sources">
      ${keys.map((key) => html`<li>${linked(citation(key))}</li> `)}
    </ol>`,
  );

/** Writes report.html and the figures of a study, as SVG and PNG, into a folder. Returns the path of the report. */
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
