import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { figuresOf, figureSvg } from '../../src/reports/charts/figures.ts';
import type { ComparisonReport, RunReport } from '../../src/runs/report-inputs.ts';
import { mistakesSvg } from '../../src/reports/charts/pictures.ts';
import {
  renderComparisonReport,
  renderComparisonTable,
  renderRunReport,
  runTitle,
} from '../../src/reports/index.ts';
import { renderPng } from '../../src/reports/write.ts';
import { comparisonReport, EPOCHS, metricsOf, runReport } from './fixture.ts';

function open(page: string) {
  return parseHTML(page).document;
}

/** Returns the text of a node as a reader sees it, with white space collapsed and narrow spaces as spaces. */
function textOf(node: { readonly textContent: string | null } | null): string {
  return (node?.textContent ?? '').replace(/\s+/g, ' ').trim();
}

function cells(document: Document, section: string): string[][] {
  return [...document.querySelectorAll(`section[aria-labelledby="${section}"] tr`)].map((row) =>
    [...row.children].map(textOf),
  );
}

function namesAndValues(rows: readonly string[][]): Record<string, string> {
  return Object.fromEntries(rows.map(([name = '', value = '']) => [name, value]));
}

/** Lists everything in a page that could make a browser fetch or run something. */
function externalReferences(document: Document): string[] {
  const references: string[] = [];
  for (const element of document.querySelectorAll('*')) {
    const name = element.tagName.toLowerCase();
    if (['script', 'link', 'iframe', 'object', 'embed', 'base', 'form'].includes(name)) references.push(name);
    for (const { name: attribute, value } of element.attributes) {
      if (attribute.startsWith('on')) references.push(`${name} ${attribute}`);
      const address = attribute === 'src' || attribute === 'href' || attribute === 'xlink:href';
      const citation = name === 'a' && element.closest('.sources') && value.startsWith('https://');
      if (address && !citation && !value.startsWith('data:image/png;base64,'))
        references.push(`${name} ${value}`);
    }
  }
  const styles = [...document.querySelectorAll('style')].map(textOf).join(' ');
  return [...references, ...(styles.match(/@import|url\(/g) ?? [])];
}

describe('the report of a run', () => {
  const document = open(renderRunReport(runReport()));

  it('states the outcome in one line', () => {
    expect(textOf(document.querySelector('h1'))).toMatch(
      /^Feedback alignment learned MNIST to \d\.\d % test error in 5 epochs$/,
    );
    expect(textOf(document.querySelector('title'))).toBe(textOf(document.querySelector('h1')));
  });

  it('prints the values of the records', () => {
    const report = runReport();
    const figures = namesAndValues(cells(document, 'key-figures'));
    const wrong = report.run.test?.errors ?? Number.NaN;
    expect(figures['Test error']).toBe(`${(wrong / 100).toFixed(1)} % (${wrong} of 10 000 wrong)`);
    expect(figures['Time']).toBe('21.1 s, 14 213 examples per second');
    expect(figures['Weight norm']).toBe('21.4');
    const epochs = cells(document, 'curves');
    expect(epochs).toHaveLength(1 + EPOCHS);
    const costs = cells(document, 'cost');
    expect(costs[1]).toEqual([
      'Feedback alignment',
      '545 000',
      '153 000',
      '545 000',
      '1 243 000',
      '2.28 ×',
      '6.33 KiB',
    ]);
    const environment = namesAndValues(cells(document, 'environment'));
    expect(environment['Backend']).toBe('blas (OpenBLAS 0.3.21), 2 threads');
    expect(environment['Commit']).toBe('4f2a9c1d07be, with uncommitted changes');
  });

  it('shows the audit of each projection and explains every column', () => {
    const audit = cells(document, 'locality');
    expect(audit.slice(1).map((row) => row[0])).toEqual(['input→hidden1', 'hidden2→output']);
    const terms = [...document.querySelectorAll('section[aria-labelledby="locality"] dt')].map(textOf);
    expect(terms).toEqual(audit[0]?.slice(1));
    expect(textOf(document.querySelector('section[aria-labelledby="locality"] p'))).toContain(
      'No weight transport',
    );
    const backprop = open(renderRunReport(runReport('backprop')));
    expect(textOf(backprop.querySelector('section[aria-labelledby="locality"] p'))).toMatch(
      /^Weight transport: .*input→hidden1/,
    );
  });

  it('names the projections that are stored sparsely, if any', () => {
    const report = runReport();
    const run = {
      ...report.run,
      storage: { 'input→hidden1': 'sparse', 'hidden1→output': 'sparse' } as const,
    };
    const facts = (page: string) =>
      [...open(page).querySelectorAll('tr')].map((row) => [...row.children].map(textOf).join(': '));
    expect(facts(renderRunReport({ ...report, run }))).toContain(
      'Sparse storage: input→hidden1, hidden1→output',
    );
    expect(facts(renderRunReport(report)).filter((line) => line.startsWith('Sparse'))).toEqual([]);
  });

  it('contains the command line and the complete config', () => {
    const report = runReport();
    const codes = [...document.querySelectorAll('pre')].map((block) => block.textContent);
    expect(codes[0]).toBe(report.command);
    expect(codes.map(parsed)).toContainEqual(report.config);
  });

  it('is self-contained', () => {
    expect(externalReferences(document)).toEqual([]);
    expect([...document.querySelectorAll('.sources a')].map((link) => link.getAttribute('href'))).toEqual([
      'https://doi.org/10.1038/ncomms13276',
    ]);
  });

  it('renders the equation in MathML and keeps its TeX', () => {
    const math = document.querySelector('math');
    expect(math?.querySelectorAll('msub, msup, msubsup').length).toBeGreaterThan(4);
    expect(textOf(math?.querySelector('annotation') ?? null)).toBe(runReport().ruleEquation);
  });

  it('is accessible: headings in order, and names for tables, charts and images', () => {
    const headings = [...document.querySelectorAll('h1, h2, h3')].map((heading) =>
      Number(heading.tagName.slice(1)),
    );
    expect(headings[0]).toBe(1);
    headings.forEach((level, index) => expect(level - (headings[index - 1] ?? 1)).toBeLessThanOrEqual(1));
    for (const header of document.querySelectorAll('th'))
      expect(header.getAttribute('scope')).toMatch(/^(row|col)$/);
    for (const chart of document.querySelectorAll('svg.chart')) {
      expect(textOf(chart.querySelector('title'))).not.toBe('');
      expect(chart.getAttribute('aria-label')).not.toBe('');
    }
    const pictures = [...document.querySelectorAll('img')].map(
      (picture) => picture.getAttribute('alt') ?? '',
    );
    expect(pictures).toHaveLength(24);
    pictures.forEach((alt) => expect(alt).toMatch(/^Test example \d+: label \d, prediction \d$/));
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows the most confident mistakes first, with the names of the classes', () => {
    const classNames = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
    const page = open(renderRunReport({ ...runReport(), classNames }));
    const confidences = [...page.querySelectorAll('.confidence')].map((span) =>
      Number.parseFloat(textOf(span)),
    );
    expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
    expect(textOf(page.querySelector('.answer'))).toMatch(/^[a-z]+ → [a-z]+$/);
  });

  it('is deterministic', () => {
    expect(renderRunReport(runReport())).toBe(renderRunReport(runReport()));
  });
});

describe('the report of an unusual run', () => {
  const empty: RunReport = {
    ...runReport(),
    run: { ...runReport().run, train: null, test: null, metrics: {} },
    metrics: [],
    citations: [],
    locality: [],
    cost: null,
    mistakes: [],
    ruleEquation: '',
  };

  it('shows the reason of a failure and the results until then', () => {
    const failure = { code: 'diverged', message: 'The loss became NaN at step 7200: lower rule.rate (0.5).' };
    const metrics = metricsOf('feedback-alignment', 0).filter((record) => record.epoch <= 2);
    const report: RunReport = { ...empty, metrics, run: { ...empty.run, status: 'failed', failure } };
    const document = open(renderRunReport(report));
    expect(textOf(document.querySelector('h1'))).toBe('Feedback alignment failed on MNIST after 2 epochs');
    expect(textOf(document.querySelector('.alarm'))).toBe(`${failure.message} (diverged)`);
    expect(document.querySelectorAll('svg.chart').length).toBeGreaterThan(0);
  });

  it('omits empty sections and prints no invalid value', () => {
    const document = open(renderRunReport(empty));
    const headings = [...document.querySelectorAll('h2')].map(textOf);
    expect(headings).toEqual(['Key figures', 'Hardware and software', 'How to reproduce']);
    expect(textOf(document.body)).not.toMatch(/NaN|undefined|\[object|null/);
  });

  it('does not report learning at the level of chance', () => {
    const test = { loss: 2.3, error: 0.897, errors: 8970, count: 10_000 };
    const classNames = Array.from({ length: 10 }, (_, index) => String(index));
    const report = { ...empty, classNames, run: { ...empty.run, test } };
    expect(runTitle(report)).toBe('Feedback alignment did not learn MNIST: 89.7 % test error after 5 epochs');
  });

  it('shows a normalised error, not a percentage, for regression', () => {
    const test = { loss: 0.012, error: 0.0312, errors: 0, count: 500 };
    const report = { ...empty, run: { ...empty.run, task: 'sine', test } };
    expect(runTitle(report)).toBe(
      'Feedback alignment learned sine to a normalised test error of 0.0312 in 5 epochs',
    );
    expect(namesAndValues(cells(open(renderRunReport(report)), 'key-figures'))).toMatchObject({
      'Test normalised error': '0.0312',
    });
  });

  it('draws curves around values that are not finite', () => {
    const metrics = metricsOf('feedback-alignment', 0).map((record) =>
      record.kind === 'evaluation' && record.epoch > 3
        ? { ...record, train: { loss: Number.NaN, error: Infinity } }
        : record,
    );
    const document = open(renderRunReport({ ...runReport(), metrics }));
    for (const path of document.querySelectorAll('svg path'))
      expect(path.getAttribute('d')).not.toMatch(/NaN|Infinity/);
  });

  it.each([0, 4])('draws progress of a run with %d evaluated epochs against steps or epochs', (epochs) => {
    const metrics = metricsOf('feedback-alignment', 0).filter((record) =>
      epochs === 0 ? record.epoch < 1 : record.epoch <= epochs,
    );
    const chart = open(renderRunReport({ ...runReport(), metrics })).querySelector('svg.chart');
    expect(textOf(chart)).toContain(epochs === 0 ? 'step' : 'epoch');
    expect(
      chart?.querySelectorAll('path[stroke-width="2.3"], g[stroke-width="2.3"] path').length,
    ).toBeGreaterThan(0);
  });
});

describe('hostile text from a user’s files', () => {
  const hostile = `"><script>alert('1')</script><img src=x onerror=alert(2)>&lt;\u0000`;
  const report = runReport();
  const rename = (record: RunReport['metrics'][number]) =>
    record.kind === 'probe'
      ? {
          ...record,
          projections: { [hostile]: record.projections['input→hidden1'] ?? { angle: 1, normRatio: 1 } },
        }
      : record;
  const attacked: RunReport = {
    ...report,
    run: {
      ...report.run,
      rule: hostile,
      task: hostile,
      backend: hostile,
      folder: hostile,
      metrics: { [hostile]: 1 },
    },
    metrics: report.metrics.map(rename),
    config: { [hostile]: `</code></pre>${hostile}` },
    ruleTitle: hostile,
    ruleEquation: String.raw`\text{${hostile.slice(2)}} \href{javascript:alert(1)}{x} \includegraphics{https://example.org/x.png} x_`,
    citations: [hostile, `https://example.org/"onmouseover="alert(3)`, 'javascript:alert(4)'],
    locality: report.locality.map((row) => ({ ...row, projection: hostile, sources: [hostile] })),
    classNames: Array.from({ length: 10 }, () => hostile),
    command: hostile,
    environment: { ...report.environment, apical: hostile, hardware: hostile, commit: hostile },
  };

  it('stays text in the report of a run', () => {
    const document = open(renderRunReport(attacked));
    expect(externalReferences(document)).toEqual([]);
    expect(textOf(document.querySelector('h1'))).toContain(`"><script>alert('1')</script>`);
    expect(document.querySelector('pre')?.textContent).toContain('<img src=x onerror=alert(2)>&lt;');
  });

  it('stays text in the report of a comparison', () => {
    const row = { rule: hostile, metric: hostile, mean: 1, interval: 0.1, seeds: [0], values: [1] };
    const paired = [
      { first: hostile, second: hostile, metric: hostile, mean: 1, interval: null, seeds: [0] },
    ];
    const comparison = { title: hostile, runs: [attacked, report], summary: [row], paired, command: hostile };
    expect(externalReferences(open(renderComparisonReport(comparison)))).toEqual([]);
  });

  it('leaves figures well-formed for a strict SVG parser', async () => {
    for (const figure of figuresOf(attacked)) {
      await expect(renderPng(figureSvg(figure), 0.1)).resolves.toHaveProperty('length');
    }
    await expect(renderPng(mistakesSvg(attacked) ?? '', 0.1)).resolves.toHaveProperty('length');
  });
});

describe('the report of a comparison', () => {
  const report = comparisonReport(['backprop', 'feedback-alignment'], [0, 1, 2]);
  const document = open(renderComparisonReport(report));

  it('shows the means of each rule with their intervals and the seeds', () => {
    const [head, backprop, alignment] = cells(document, 'results');
    expect(head).toEqual(['Rule', 'Test error', 'Test loss', 'Seeds']);
    expect(backprop?.[0]).toBe('Backprop');
    const mean =
      report.summary.find((row) => row.rule === 'feedback-alignment' && row.metric === 'testError')?.mean ??
      0;
    expect(alignment?.[1]).toBe(`${(mean * 100).toFixed(2)} ± 0.12 %`);
    expect(alignment?.[3]).toBe('0, 1, 2');
  });

  it('says in its Markdown table why a rule makes no angle', () => {
    const withoutAngle = { 'input→hidden1': 'no change', 'feedback:output→hidden1': 'no gradient' } as const;
    const runs = report.runs.map((each) =>
      each.run.rule === 'backprop' ? { ...each, run: { ...each.run, withoutAngle } } : each,
    );
    const [head = '', , backprop = '', alignment = ''] = renderComparisonTable({ ...report, runs }).split(
      '\n',
    );
    const at = (row: string, heading: string) => row.split(' | ')[head.split(' | ').indexOf(heading)];
    expect(at(backprop, 'Angle input→hidden1')).toBe('no change');
    expect(at(backprop, 'Angle feedback:output→hidden1')).toBe('no gradient');
    expect(at(alignment, 'Angle feedback:output→hidden1')).toBe('–');
  });

  it('shows the value of every seed', () => {
    const rows = cells(document, 'seeds');
    expect(rows[0]).toEqual(['Rule', 'Metric', 'Seed 0', 'Seed 1', 'Seed 2']);
    const [row] = report.summary;
    expect(rows[1]?.slice(2)).toEqual(row?.values.map((value) => `${(value * 100).toFixed(2)} %`));
  });

  it('states which of two rules is higher, or that no difference is significant', () => {
    const readings = (paired: ComparisonReport['paired']) =>
      cells(open(renderComparisonReport({ ...report, paired })), 'paired')
        .slice(1)
        .map((row) => row.slice(2, 4));
    const [row] = report.paired;
    if (!row) throw new Error('the fixture has paired rows');
    expect(
      readings([
        { ...row, mean: 0.01, interval: 0.002 },
        { ...row, mean: -0.01, interval: 0.002 },
        { ...row, mean: 0.001, interval: 0.002 },
        { ...row, mean: 0.01, interval: null },
      ]),
    ).toEqual([
      ['+1.00 ± 0.20 points', 'first is higher'],
      ['−1.00 ± 0.20 points', 'first is lower'],
      ['+0.10 ± 0.20 points', 'no significant difference'],
      ['+1.00 points', 'one seed, no interval'],
    ]);
  });

  it('lists unfinished runs with the reason', () => {
    const [first, ...rest] = report.runs;
    if (!first) throw new Error('the fixture has runs');
    const failure = { code: 'diverged', message: 'The loss became NaN.' };
    const runs = [{ ...first, run: { ...first.run, status: 'failed' as const, failure } }, ...rest];
    expect(cells(open(renderComparisonReport({ ...report, runs })), 'unfinished')[1]).toEqual([
      'Backprop',
      '0',
      'failed',
      'The loss became NaN.',
    ]);
  });

  it('shows the equation, audit and cost of each rule, and is self-contained', () => {
    expect(document.querySelectorAll('math')).toHaveLength(2);
    expect(document.querySelectorAll('section[aria-labelledby="locality"] table')).toHaveLength(2);
    expect(cells(document, 'cost').map((row) => row[0])).toEqual(['Rule', 'Backprop', 'Feedback alignment']);
    expect(externalReferences(document)).toEqual([]);
  });

  it('shows a common environment once and different environments separately', () => {
    expect(document.querySelectorAll('section[aria-labelledby="environment"] table')).toHaveLength(1);
    const runs = report.runs.map((run, index) =>
      index === 0 ? { ...run, environment: { ...run.environment, hardware: 'another machine' } } : run,
    );
    const separate = open(renderComparisonReport({ ...report, runs }));
    expect(separate.querySelectorAll('section[aria-labelledby="environment"] table')).toHaveLength(2);
  });

  it('is a valid page without runs', () => {
    const empty = open(renderComparisonReport({ ...report, runs: [], summary: [], paired: [] }));
    expect(textOf(empty.querySelector('section'))).toContain('nothing to compare');
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
