import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DOMParser } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { figuresOf, figureSvg } from '../../src/reports/charts/figures.ts';
import type { ComparisonReport, RunReport } from '../../src/runs/report-inputs.ts';
import { mistakesSvg } from '../../src/reports/charts/pictures.ts';
import { writeFigures } from '../../src/reports/index.ts';
import { comparisonReport, runReport } from './fixture.ts';

const comparison = comparisonReport(['backprop', 'feedback-alignment'], [0, 1, 2]);

function documentOf(svg: string): Document {
  return new DOMParser().parseFromString(svg, 'image/svg+xml') as unknown as Document;
}

function svgOf(report: RunReport | ComparisonReport, id: string): Document {
  const figure = figuresOf(report).find((candidate) => candidate.id === id);
  if (!figure) throw new Error(`no figure ${id}`);
  return documentOf(figureSvg(figure));
}

function panels(svg: Document): string[] {
  return [...svg.querySelectorAll('svg.chart > text')].map((text) => text.textContent);
}

/** Returns the names of the lines of a panel, as a pointer shows them. */
function lineNames(svg: Document, panel: number): string[] {
  const chart = [...svg.querySelectorAll('svg.chart')][panel];
  return [...(chart?.querySelectorAll('g[aria-label="line"] title') ?? [])].map((title) => title.textContent);
}

/** Returns the vertical positions of the points of a line, in pixels. */
function heights(svg: Document, panel: number, name: string): number[] {
  const chart = [...svg.querySelectorAll('svg.chart')][panel];
  const path = [...(chart?.querySelectorAll('g[aria-label="line"] path') ?? [])].find(
    (candidate) => candidate.getAttribute('aria-label') === name,
  );
  return [...(path?.getAttribute('d') ?? '').matchAll(/[ML]?[\d.e-]+,([\d.e-]+)/g)].map((match) =>
    Number(match[1]),
  );
}

describe('figures of a comparison', () => {
  it('draw every seed of every rule, and the mean of each', () => {
    const expected = ['Backprop', 'Feedback alignment'].flatMap((rule) =>
      ['seed 0', 'seed 1', 'seed 2', 'mean'].map((line) => `${rule}, ${line}`),
    );
    for (const id of ['curves', 'angles']) {
      const svg = svgOf(comparison, id);
      panels(svg).forEach((_, panel) => expect(lineNames(svg, panel)).toEqual(expected));
    }
  });

  it('draw errors against cost: rules may differ in passes and agree in time', () => {
    const svg = svgOf(comparison, 'cost');
    expect(panels(svg)).toEqual([
      'Test error against example passes',
      'Test error against seconds of training',
    ]);
    const widest = (panel: number, name: string) => {
      const chart = [...svg.querySelectorAll('svg.chart')][panel];
      const path = [...(chart?.querySelectorAll('g[aria-label="line"] path') ?? [])].find(
        (candidate) => candidate.getAttribute('aria-label') === name,
      );
      const xs = [...(path?.getAttribute('d') ?? '').matchAll(/([\d.e-]+),[\d.e-]+/g)].map(([, x]) =>
        Number(x),
      );
      return Math.max(...xs);
    };
    const [few, many] = ['Backprop, mean', 'Feedback alignment, mean'] as const;
    expect(widest(0, many)).toBeGreaterThan(2 * widest(0, few));
    expect(widest(1, many)).toBeCloseTo(widest(1, few), 6);
    expect(figuresOf(runReport()).some(({ id }) => id === 'cost')).toBe(false);
  });

  it('have a panel for each score and for each measured projection', () => {
    expect(panels(svgOf(comparison, 'curves'))).toEqual([
      'Training error',
      'Validation error',
      'Test error',
      'Training loss',
      'Validation loss',
      'Test loss',
    ]);
    expect(panels(svgOf(comparison, 'angles'))).toEqual([
      'input→hidden1',
      'hidden1→hidden2',
      'hidden2→output',
    ]);
    expect(panels(svgOf(comparison, 'feedback'))).toEqual(['input→hidden1', 'hidden1→hidden2']);
  });

  it('draw the mean at the average height of the seeds', () => {
    const svg = svgOf(comparison, 'angles');
    const seeds = [0, 1, 2].map((seed) => heights(svg, 0, `Feedback alignment, seed ${seed}`));
    const mean = heights(svg, 0, 'Feedback alignment, mean');
    expect(mean.length).toBeGreaterThan(10);
    mean.forEach((y, index) => {
      const expected =
        seeds.reduce((sum, heightsOfSeed) => sum + (heightsOfSeed[index] ?? Number.NaN), 0) / 3;
      expect(y).toBeCloseTo(expected, 1);
    });
    expect(mean[0]).toBeLessThan(mean.at(-1) ?? 0);
  });

  it('end the mean where the first seed ended, and continue the other seeds', () => {
    const runs = comparison.runs.map((report) =>
      report.run.seed === 0
        ? { ...report, metrics: report.metrics.filter((record) => record.epoch <= 2) }
        : report,
    );
    const svg = svgOf({ ...comparison, runs }, 'angles');
    const mean = heights(svg, 0, 'Feedback alignment, mean');
    const seed = heights(svg, 0, 'Feedback alignment, seed 1');
    expect(mean).toHaveLength(9);
    expect(seed).toHaveLength(21);
  });

  it('give angles a common scale with a line at 90°', () => {
    const svg = svgOf(comparison, 'angles');
    for (const chart of svg.querySelectorAll('svg.chart')) {
      expect(chart.textContent).toContain('90°');
      expect(chart.querySelectorAll('g[aria-label="rule"][stroke-dasharray]')).toHaveLength(1);
    }
    const first = heights(svg, 0, 'Backprop, mean');
    expect(heights(svg, 2, 'Backprop, mean')).toEqual(first);
  });

  it('are stand-alone files with titles and fixed colours', () => {
    for (const figure of figuresOf(comparison)) {
      const text = figureSvg(figure);
      expect(text).not.toMatch(/var\(|href|@import|url\(|<script|<style/);
      expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toContain('http');
      const svg = documentOf(text);
      expect(svg.querySelector('svg > title')?.textContent).toBe(figure.title);
      svg
        .querySelectorAll('svg.chart')
        .forEach((chart) => expect(chart.querySelector('title')).not.toBeNull());
    }
  });

  it('use a logarithmic scale only if the values span a wide range and none is zero', () => {
    const caption = (report: ComparisonReport) => figuresOf(report)[0]?.caption;
    expect(caption(comparison)).toContain('logarithmic');
    const runs = comparison.runs.map((report) => ({
      ...report,
      metrics: report.metrics.map((record) =>
        record.kind === 'evaluation' && record.epoch === 5
          ? { ...record, train: { loss: 0, error: 0 } }
          : record,
      ),
    }));
    expect(caption({ ...comparison, runs })).not.toContain('logarithmic');
  });

  it('distinguish two rules with the same title', () => {
    const runs = comparison.runs.map((report) => ({ ...report, ruleTitle: 'Mine' }));
    const svg = svgOf({ ...comparison, runs }, 'angles');
    expect(lineNames(svg, 0)).toContain('Mine (backprop), mean');
    expect(lineNames(svg, 0)).toContain('Mine (feedback-alignment), mean');
  });
});

describe('images of mistakes', () => {
  it('are drawn for pixels in grey or colour, and omitted for data that are not images', () => {
    const report = runReport();
    const [mistake] = report.mistakes;
    if (!mistake) throw new Error('the fixture has mistakes');
    const colour = { ...mistake, pixels: Array.from({ length: 3 * 8 * 6 }, (_, index) => index) };
    expect(mistakesSvg({ ...report, mistakes: [colour], imageShape: [8, 6] })).toContain(
      'data:image/png;base64,',
    );
    expect(
      mistakesSvg({ ...report, mistakes: [{ ...mistake, pixels: [1, 2, 3] }], imageShape: [28, 28] }),
    ).toBeUndefined();
  });
});

describe('files of figures', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'apical-figures-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are written as SVG, and as PNG at twice the size', async () => {
    const written = await writeFigures(folder, runReport());
    const names = ['curves', 'angles', 'feedback', 'mistakes'];
    expect((await readdir(folder)).sort()).toEqual(
      names.flatMap((name) => [`${name}.png`, `${name}.svg`]).sort(),
    );
    expect(written).toHaveLength(8);
    for (const name of names) {
      const svg = await readFile(join(folder, `${name}.svg`), 'utf8');
      const png = await readFile(join(folder, `${name}.png`));
      expect(png.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
      expect(png.readUInt32BE(16)).toBe(2 * Number(/ width="([\d.]+)"/.exec(svg)?.[1]));
    }
  });
});
