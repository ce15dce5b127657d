import { join } from 'node:path';
import { ApicalError } from '../errors.ts';
import { writeDocument } from '../runs/folder/files.ts';
import { figureSvg, figuresOf } from './charts/figures.ts';
import type { ComparisonReport, RunReport } from '../runs/report-inputs.ts';
import { mistakesSvg } from './charts/pictures.ts';

/**
 * Writes every figure that the records allow, as SVG and PNG (at twice the size), into an existing folder: `curves`,
 * `cost`, `angles`, `feedback` and, for a run, `mistakes`. Returns the paths. Each file is written atomically.
 *
 * Throws `no_fonts` if the system has no font for the labels of a PNG; the SVG files are complete by then.
 */
export async function writeFigures(folder: string, report: RunReport | ComparisonReport): Promise<string[]> {
  const drawings: { name: string; svg: string }[] = figuresOf(report).map((figure) => ({
    name: figure.id,
    svg: figureSvg(figure),
  }));
  const mistakes = 'runs' in report ? undefined : mistakesSvg(report);
  if (mistakes !== undefined) drawings.push({ name: 'mistakes', svg: mistakes });
  const written: string[] = [];
  for (const { name, svg } of drawings) {
    written.push(join(folder, `${name}.svg`));
    writeDocument(join(folder, `${name}.svg`), svg);
  }
  for (const { name, svg } of drawings) {
    const png = await renderPng(svg);
    written.push(join(folder, `${name}.png`));
    writeDocument(join(folder, `${name}.png`), png);
  }
  return written;
}

/** Renders an SVG to PNG bytes, at `scale` pixels per unit. Throws `no_fonts` if the system has no font for the labels. */
export async function renderPng(svg: string, scale = 2): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const probe = new Resvg(
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="15">A</text></svg>',
  );
  if (probe.getBBox() === undefined) {
    throw new ApicalError(
      'no_fonts',
      'The labels of a PNG need a font, but this system has none: install one, such as DejaVu Sans, or use the SVG.',
    );
  }
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: scale } }).render().asPng();
}
