import path from 'node:path';
import type cliProgress from 'cli-progress';
import { REPORT_FILE } from '../search/document.ts';
import type { SearchDocument } from '../search/document.ts';
import type { SearchPlan } from '../search/plan.ts';
import type { SearchListener, TrialStep } from '../search/search.ts';
import { progressBars } from './bars.ts';
import { duration, percent, table } from './terminal.ts';
import type { Terminal } from './terminal.ts';

type Outcome = Parameters<NonNullable<SearchListener['scored']>>[1];

/** Shows a search as it goes: a bar a rule on a terminal, a line a judgement elsewhere. */
export class SearchView {
  readonly #terminal: Terminal;
  readonly #plan: SearchPlan;
  readonly #bars: cliProgress.MultiBar | undefined;
  readonly #byRule = new Map<string, cliProgress.SingleBar>();
  readonly #spent = new Map<string, number>();
  readonly #best = new Map<string, number>();
  /** How errors are shown. */
  taskKind: SearchDocument['taskKind'] = 'classification';

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

  progress({ rule, trial }: TrialStep, epoch: number): void {
    this.#byRule
      .get(rule)
      ?.update({ state: `${this.#bestOf(rule)}trial ${trial} at epoch ${epoch.toFixed(1)}` });
  }

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
    const on = this.#plan.seeds.length > 1 ? `, seed ${seed}` : '';
    const result = outcome.kind === 'scored' ? `validation error ${this.#show(outcome.error)}` : outcome.kind;
    this.#terminal.note(
      `${rule}  trial ${trial}${on}  epoch ${epochs}  ${result}  (${spent}/${planned} epochs)`,
    );
    if (outcome.kind === 'failed') this.#terminal.note(`  ${outcome.message}`);
  }

  warning(message: string): void {
    const line = `Warning: ${message}`;
    if (this.#bars) this.#bars.log(`${line}\n`);
    else this.#terminal.note(line);
  }

  stop(): void {
    this.#bars?.stop();
  }

  #bestOf(rule: string): string {
    const best = this.#best.get(rule);
    return best === undefined ? '' : `best validation error ${this.#show(best)}  `;
  }

  #show(error: number): string {
    return showError(this.taskKind, error);
  }
}

const showError = (taskKind: SearchDocument['taskKind'], error: number) =>
  taskKind === 'regression' ? error.toPrecision(3) : percent(error);

/** What a search found, and what to do with it. */
export function showSearch(terminal: Terminal, search: SearchDocument): void {
  const { configs, best, trials, spent, folder, taskKind, seeds } = search;
  const show = (error: number) => showError(taskKind, error);
  terminal.line();
  terminal.line(
    table(
      ['rule', 'validation error', 'values', 'trials', 'no result', 'epochs', 'time'],
      Object.keys(configs).map((rule) => {
        const found = best.find((its) => its.rule === rule);
        const own = trials.filter((trial) => trial.rule === rule);
        const took = spent.find((its) => its.rule === rule);
        const values = Object.entries(found?.point ?? {}).map(
          ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
        );
        return [
          rule,
          found ? show(found.error) : '–',
          found ? values.join(' ') : 'none',
          String(own.length),
          String(own.filter(({ status }) => status === 'diverged' || status === 'failed').length),
          String(took?.epochs ?? 0),
          duration(took?.trainedSeconds ?? 0),
        ];
      }),
    ),
  );
  const edges = best.filter(({ atEdge }) => atEdge.length > 0);
  if (edges.length > 0) terminal.line('\nNear an end of the range, beyond which better values may lie:');
  for (const { rule, point, atEdge } of edges) {
    terminal.line(`  ${rule}  ${atEdge.map((name) => `${name}=${JSON.stringify(point[name])}`).join(' ')}`);
  }
  for (const rule of Object.keys(configs)) {
    if (search.status === 'interrupted' || best.some((its) => its.rule === rule)) continue;
    const own = trials.filter((trial) => trial.rule === rule);
    const reasons = own.flatMap((trial) =>
      trial.seeds.flatMap((seed) => seed.rungs.flatMap(({ failure }) => failure?.message ?? [])),
    );
    terminal.line(`\n${rule} has no result: all of its trials diverged or failed. ${reasons[0] ?? ''}`);
  }
  terminal.line(`\nReport: ${path.join(folder, REPORT_FILE)}`);
  if (best.length === 0 || search.status === 'interrupted') return;
  const fresh = Math.max(...seeds) + 1;
  terminal.line('Compare the best configs on test examples and fresh seeds:');
  terminal.line(`  apical compare --from-search ${folder} --seeds ${fresh}..${fresh + 4}`);
}
