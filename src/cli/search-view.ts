import path from 'node:path';
import type cliProgress from 'cli-progress';
import { rankedError, REPORT_FILE } from '../search/document.ts';
import type { SearchDocument } from '../search/document.ts';
import type { SearchPlan } from '../search/plan.ts';
import type { SearchListener, TrialStep } from '../search/search.ts';
import { progressBars } from './bars.ts';
import { duration, percent, table } from './terminal.ts';
import type { Terminal } from './terminal.ts';

type Outcome = Parameters<NonNullable<SearchListener['scored']>>[1];

/** Shows the progress of a search: one bar per rule on a terminal, elsewhere one line per score. */
export class SearchView {
  readonly #terminal: Terminal;
  readonly #plan: SearchPlan;
  readonly #bars: cliProgress.MultiBar | undefined;
  readonly #byRule = new Map<string, cliProgress.SingleBar>();
  readonly #spent = new Map<string, number>();
  readonly #best = new Map<string, number>();
  /** Determines how errors are formatted. */
  taskKind: SearchDocument['taskKind'] = 'classification';
  /** Name of the error that ranks trials. */
  rankedError = 'validation error';

  constructor(terminal: Terminal, plan: SearchPlan, resumed?: SearchDocument) {
    this.#terminal = terminal;
    this.#plan = plan;
    for (const { rule, epochs } of resumed?.spent ?? []) this.#spent.set(rule, epochs);
    if (!terminal.animated) return;
    this.#bars = progressBars('{value}/{total} epochs');
    const rules = Object.keys(plan.configs);
    const longest = Math.max(...rules.map((rule) => rule.length));
    for (const rule of rules) {
      const label = rule.padEnd(longest);
      const spent = this.#spent.get(rule) ?? 0;
      this.#byRule.set(rule, this.#bars.create(plan.budget.planned, spent, { label, state: '' }));
    }
  }

  /** Shows the progress of a trial. */
  progress({ rule, trial }: TrialStep, epoch: number): void {
    this.#byRule
      .get(rule)
      ?.update({ state: `${this.#bestOf(rule)}trial ${trial} at epoch ${epoch.toFixed(1)}` });
  }

  /** Shows the score of a trial at a rung. */
  scored(step: TrialStep, outcome: Outcome): void {
    const { rule, trial, seed, rung } = step;
    const { rungs, planned } = this.#plan.budget;
    const epochs = rungs[rung]?.epochs ?? 0;
    const spent = (this.#spent.get(rule) ?? 0) + epochs - (rungs[rung - 1]?.epochs ?? 0);
    this.#spent.set(rule, spent);
    if (outcome.kind === 'scored') {
      this.#best.set(rule, Math.min(outcome.error, this.#best.get(rule) ?? Number.POSITIVE_INFINITY));
    }
    const bar = this.#byRule.get(rule);
    if (bar) {
      bar.update(spent, { state: this.#bestOf(rule) });
      return;
    }
    const seedLabel = this.#plan.seeds.length > 1 ? `, seed ${seed}` : '';
    const result =
      outcome.kind === 'scored' ? `${this.rankedError} ${this.#show(outcome.error)}` : outcome.kind;
    this.#terminal.note(
      `${rule}  trial ${trial}${seedLabel}  epoch ${epochs}  ${result}  (${spent}/${planned} epochs)`,
    );
    if (outcome.kind === 'failed') this.#terminal.note(`  ${outcome.message}`);
  }

  /** Shows a warning. */
  warning(message: string): void {
    const line = `Warning: ${message}`;
    if (this.#bars) this.#bars.log(`${line}\n`);
    else this.#terminal.note(line);
  }

  /** Stops all bars. */
  stop(): void {
    this.#bars?.stop();
  }

  #bestOf(rule: string): string {
    const best = this.#best.get(rule);
    return best === undefined ? '' : `best ${this.rankedError} ${this.#show(best)}  `;
  }

  #show(error: number): string {
    return showError(this.taskKind, error);
  }
}

const showError = (taskKind: SearchDocument['taskKind'], error: number) =>
  taskKind === 'regression' ? error.toPrecision(3) : percent(error);

/** Prints the result of a search and the next step. */
export function showSearch(terminal: Terminal, search: SearchDocument): void {
  const { configs, best, trials, spent, folder, taskKind, seeds } = search;
  const show = (error: number) => showError(taskKind, error);
  terminal.line();
  terminal.line(
    table(
      ['rule', rankedError(search), 'best values', 'trials', 'no result', 'epochs', 'time'],
      Object.keys(configs).map((rule) => {
        const bestTrial = best.find((entry) => entry.rule === rule);
        const ofRule = trials.filter((trial) => trial.rule === rule);
        const cost = spent.find((entry) => entry.rule === rule);
        const values = Object.entries(bestTrial?.point ?? {}).map(
          ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
        );
        return [
          rule,
          bestTrial ? show(bestTrial.error) : '–',
          bestTrial ? values.join(' ') : '–',
          String(ofRule.length),
          String(ofRule.filter(({ status }) => status === 'diverged' || status === 'failed').length),
          String(cost?.epochs ?? 0),
          duration(cost?.trainedSeconds ?? 0),
        ];
      }),
    ),
  );
  const edges = best.filter(({ atEdge }) => atEdge.length > 0);
  if (edges.length > 0)
    terminal.line('\nBest values near an end of their range; better ones may lie outside:');
  for (const { rule, point, atEdge } of edges) {
    terminal.line(`  ${rule}  ${atEdge.map((name) => `${name}=${JSON.stringify(point[name])}`).join(' ')}`);
  }
  for (const rule of Object.keys(configs)) {
    if (search.status === 'interrupted' || best.some((entry) => entry.rule === rule)) continue;
    const ofRule = trials.filter((trial) => trial.rule === rule);
    const reasons = ofRule.flatMap((trial) =>
      trial.seeds.flatMap((seed) => seed.rungs.flatMap(({ failure }) => failure?.message ?? [])),
    );
    terminal.line(`\n${rule} has no result: all of its trials diverged or failed. ${reasons[0] ?? ''}`);
  }
  terminal.line(`\nReport: ${path.join(folder, REPORT_FILE)}`);
  if (best.length === 0 || search.status === 'interrupted') return;
  const firstSeed = Math.max(...seeds) + 1;
  terminal.line('Next, compare the best configs on test examples and new seeds:');
  terminal.line(`  apical compare --from-search ${folder} --seeds ${firstSeed}..${firstSeed + 4}`);
}
