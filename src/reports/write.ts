import { join } from 'node:path';
import { ApicalError } from '../errors.ts';
import { writeDocument } from '../runs/folder/files.ts';
import { figureSvg, figuresOf } from './charts/figures.ts';
import type { ComparisonReport, RunReport } from '../runs/report-inputs.ts';
import { mistakesSvg } from './charts/pictures.ts';

/**
 * Writes every figure that the records can fill as SVG and PNG (twice the SVG's size) into an existing folder:
 * `curves`, `angles`, `feedback` and, for a run, `mistakes`. Each file appears whole or not at all.
 *
 * @returns the paths written.
 * @throws ApicalError `no_fonts` when the system has no font to label a PNG with; the SVGs are written by then.
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

/**
 * An SVG as PNG bytes on its own background, at `scale` pixels a unit.
 *
 * @throws ApicalError `no_fonts` when the system has no font: the picture would have no labels.
 */
export async function renderPng(svg: string, scale = 2): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const probe = new Resvg(
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="15">A</text></svg>',
  );
  if (probe.getBBox() === undefined) {
    throw new ApicalError(
      'no_fonts',
      'A PNG needs a font for its labels, and this system has none: install one (such as DejaVu Sans), or use the SVG.',
    );
  }
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: scale } }).render().asPng();
}
