import { figureMarkup, figuresOf } from './charts/figures.ts';
import {
  count,
  degrees,
  duration,
  inUnit,
  number,
  optional,
  percent,
  plural,
  unitOf,
  words,
  capitalised,
} from './charts/format.ts';
import type { RunReport } from '../runs/report-inputs.ts';
import { html, type Interpolated, type Markup } from './markup.ts';
import { details, facts, page, section, table } from './page.ts';
import { fantasiesMarkup, mistakesMarkup } from './charts/pictures.ts';
import {
  costTable,
  environments,
  equations,
  howToReproduce,
  localityAudit,
  sources,
  speedFacts,
} from './sections.ts';
import { errorsAreRates, groupByRule, lastProbe, projectionsOf } from './charts/series.ts';

/** Returns the report of a run as one HTML file without scripts and without references to other files. */
export function renderRunReport(report: RunReport): string {
  const groups = groupByRule([report]);
  const figures = new Map(figuresOf(report).map((figure) => [figure.id, figure]));
  const markupOf = (id: 'curves' | 'readout' | 'angles' | 'feedback') => {
    const figure = figures.get(id);
    return figure && figureMarkup(figure);
  };
  const curves = markupOf('curves');
  const readout = markupOf('readout');
  const angles = markupOf('angles');
  const feedback = markupOf('feedback');
  const title = runTitle(report);
  const body = html`<header>
      <p class="kind">Apical · Run report</p>
      <h1>${title}</h1>
      ${failure(report)} ${equations(groups)}
    </header>
    ${[
      section('key-figures', 'Key figures', keyFigures(report)),
      section('curves', 'Learning curves', curves && [curves, epochTable(report)]),
      section('readout', 'Readout', readout && (curves ? readout : [readout, epochTable(report)])),
      section(
        'angles',
        'Angle to the exact gradient',
        (angles ?? changesNothing(report)) && [angles, alignmentTable(report)],
      ),
      section('feedback', 'Feedback weights', feedback),
      section('fantasies', 'Fantasies', fantasiesMarkup(report)),
      section('mistakes', 'Mistakes', mistakesMarkup(report)),
      section('locality', 'Locality audit', localityAudit(groups)),
      section('cost', 'Cost', costTable(groups)),
      section('environment', 'Hardware and software', environments(groups)),
      section('repeat', 'How to reproduce', howToReproduce(groups, report.command)),
      section('sources', 'Sources', sources(groups)),
    ]}`;
  return page(title, `Apical ${report.environment.apical}`, body);
}

/** Returns the outcome of a run in one line, such as "Backpropagation learned MNIST to 1.9 % test error in 5 epochs". */
export function runTitle(report: RunReport): string {
  const { run } = report;
  const rule = report.ruleTitle || run.rule;
  const task = taskTitle(report);
  const score = finalScore(report);
  const reached = lastEpoch(report);
  if (run.status === 'failed') return `${rule} failed on ${task} after ${epochs(reached)}`;
  if (run.status === 'interrupted') {
    return `${rule} was interrupted on ${task} after ${epochs(reached)}${score ? `, at ${score.text}` : ''}`;
  }
  if (run.status === 'running')
    return `${rule} is still learning ${task}${score ? `: ${score.text} after ${epochs(reached)}` : ''}`;
  const read = run.readout?.test ?? run.readout?.validation;
  if (!score || (score.error === undefined && read)) {
    const shown = read && (errorsAreRates(report) ? percent(read.error) : number(read.error, 3));
    return `${rule} ran ${epochs(run.epochs)} of ${task}${shown === undefined ? '' : `, and a readout reached ${shown} error`}`;
  }
  if (run.metrics['return'] !== undefined) {
    if (report.solvedAt === undefined)
      return `${rule} reached ${score.text} on ${task} in ${epochs(run.epochs)}`;
    const verb = run.metrics['return'] >= report.solvedAt ? 'solved' : 'did not solve';
    return `${rule} ${verb} ${task}: ${score.text} after ${epochs(run.epochs)}`;
  }
  const chance = report.classNames && report.classNames.length > 1 ? 1 - 1 / report.classNames.length : 1;
  if (errorsAreRates(report) && score.error !== undefined && score.error >= 0.9 * chance) {
    return `${rule} did not learn ${task}: ${score.text} after ${epochs(run.epochs)}`;
  }
  return `${rule} learned ${task} to ${score.text} in ${epochs(run.epochs)}`;
}

/** Returns the name of the task for readers. */
export function taskTitle(report: RunReport): string {
  const known: Readonly<Record<string, string>> = { mnist: 'MNIST', 'fashion-mnist': 'Fashion-MNIST' };
  const { task } = report.run;
  return report.taskTitle ?? (Object.hasOwn(known, task) ? known[task] : undefined) ?? task;
}

/** Returns the last score of a run: its error or, if nothing is compared with a target, its loss. */
function finalScore(report: RunReport): { error: number | undefined; text: string } | undefined {
  const { test, validation, train, metrics } = report.run;
  if (metrics['return'] !== undefined) {
    return { error: 0, text: `a mean return of ${number(metrics['return'])}` };
  }
  const [name, score] = test
    ? (['test', test] as const)
    : validation
      ? (['validation', validation] as const)
      : (['training', train] as const);
  if (!score) return undefined;
  const { error, loss } = score;
  if (error === undefined) return { error, text: `a ${name} loss of ${number(loss, 3)}` };
  const shown = errorsAreRates(report)
    ? `${percent(error)} ${name} error`
    : `a normalised ${name} error of ${number(error, 3)}`;
  return { error, text: shown };
}

function failure(report: RunReport): Markup | undefined {
  const { failure: cause } = report.run;
  return cause && html`<p class="alarm">${cause.message} (${cause.code})</p> `;
}

function keyFigures(report: RunReport): Markup {
  const { run } = report;
  const areRates = errorsAreRates(report);
  const error = (value: number) => (areRates ? percent(value) : number(value, 3));
  const word = areRates ? 'error' : 'normalised error';
  const heldOut = (name: string, score: typeof run.test | undefined): [string, Interpolated][] => {
    if (!score) return [];
    const loss: [string, Interpolated] = [`${name} loss`, number(score.loss)];
    if (score.error === undefined) return [loss];
    const shown = areRates
      ? `${error(score.error)} (${count(score.errors)} of ${count(score.count)} wrong)`
      : error(score.error);
    return [[`${name} ${word}`, name === 'Test' ? html`<strong>${shown}</strong>` : shown], loss];
  };
  const training: [string, Interpolated][] = run.train
    ? [
        ...(run.train.error === undefined
          ? []
          : [[`Training ${word}`, error(run.train.error)] satisfies [string, Interpolated]]),
        ['Training loss', number(run.train.loss)],
      ]
    : [];
  const scores = facts('At the end of the run', [
    ...heldOut('Test', run.test),
    ...heldOut('Validation', run.validation),
    ...training,
    ...heldOut('Readout test', run.readout?.test),
    ...heldOut('Readout validation', run.readout?.validation),
    ...(run.storage ? [['Sparse storage', Object.keys(run.storage).join(', ')] as const] : []),
    ...Object.entries(run.metrics).map(
      ([name, value]) => [capitalised(words(name)), inUnit(value, unitOf(name, areRates))] as const,
    ),
  ]);
  const setting = facts('Settings and speed', [
    ['Rule', `${report.ruleTitle || run.rule} (${run.rule})`],
    ['Task', taskTitle(report)],
    ['Seed', String(run.seed)],
    [
      'Epochs',
      run.status === 'done'
        ? count(run.epochs)
        : `${epochsDone(lastEpoch(report))} of ${count(run.epochs)} (${run.status})`,
    ],
    ...speedFacts(report),
  ]);
  return html`<div class="pair">${scores}${setting}</div> `;
}

/** Returns a table with the values of the learning curves. */
function epochTable(report: RunReport): Markup | undefined {
  const records = report.metrics.filter((record) => record.kind === 'evaluation');
  if (records.length === 0) return undefined;
  const named = [...new Set(records.flatMap(({ metrics }) => Object.keys(metrics ?? {})))];
  const areRates = errorsAreRates(report);
  const error = (value: number | undefined) =>
    value === undefined ? '–' : areRates ? percent(value) : number(value, 3);
  const splits = (['train', 'validation', 'test'] as const).filter((split) =>
    records.some((record) => record[split]),
  );
  const hasError = records.some((record) => splits.some((split) => record[split]?.error !== undefined));
  const columns = splits.flatMap((split) => {
    const name = split === 'train' ? 'Training' : capitalised(split);
    return [
      ...(hasError ? [{ heading: `${name} error`, numeric: true }] : []),
      { heading: `${name} loss`, numeric: true },
    ];
  });
  const readouts = (['validation', 'test'] as const).filter((split) =>
    records.some((record) => record.readout?.[split]),
  );
  columns.push(...readouts.map((split) => ({ heading: `Readout ${split} error`, numeric: true })));
  columns.push(...named.map((name) => ({ heading: capitalised(words(name)), numeric: true })));
  const rows = records.map((record) => [
    number(record.epoch),
    ...splits.flatMap((split) => [
      ...(hasError ? [error(record[split]?.error)] : []),
      optional(record[split]?.loss),
    ]),
    ...readouts.map((split) => error(record.readout?.[split]?.error)),
    ...named.map((name) => optional(record.metrics?.[name])),
    duration(record.trainedSeconds),
  ]);
  return details(
    'Values of the learning curves',
    table(
      'At the end of each epoch',
      [{ heading: 'Epoch' }, ...columns, { heading: 'Training time', numeric: true }],
      rows,
    ),
  );
}

/** Whether some update is zero, which is shown even if no update makes an angle. */
const changesNothing = (report: RunReport): boolean =>
  Object.values(lastProbe(report)).some(({ reason }) => reason === 'no change');

function alignmentTable(report: RunReport): Markup {
  const last = lastProbe(report);
  const rows = projectionsOf([report]).map((projection) => {
    const alignment = Object.hasOwn(last, projection) ? last[projection] : undefined;
    return [
      projection,
      alignment?.reason ?? degrees(alignment?.angle),
      optional(alignment?.normRatio),
      degrees(alignment?.feedbackAngle),
      degrees(alignment?.pseudoInverseAngle),
      optional(alignment?.pseudoInverseDistance),
    ];
  });
  const headings = [
    'Angle to the gradient',
    'Norm / norm of the gradient',
    'Feedback angle to transpose',
    'Feedback angle to pseudo-inverse',
    'Distance to pseudo-inverse',
  ];
  const used = headings
    .map((heading, index) => ({ heading, index: index + 1 }))
    .filter(({ index }) => rows.some((row) => row[index] !== '–'));
  return table(
    'At the last probe',
    [{ heading: 'Projection' }, ...used.map(({ heading }) => ({ heading, numeric: true }))],
    rows.map((row) => [row[0], ...used.map(({ index }) => row[index])]),
  );
}

function lastEpoch(report: RunReport): number {
  return report.metrics.at(-1)?.epoch ?? 0;
}

function epochsDone(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toFixed(1);
}

function epochs(value: number): string {
  return Number.isInteger(value) ? plural(value, 'epoch') : `${value.toFixed(1)} epochs`;
}
