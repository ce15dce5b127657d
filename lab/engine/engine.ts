import {
  ApicalError,
  auditStandard,
  exactFor,
  configSchema,
  fingerprintOf,
  identityOf,
  openBackend,
  PRESETS,
  totalMacs,
  z,
} from '../../src/entries/browser-internals.ts';
import type { Audit, Compute, Task } from '../../src/entries/browser-internals.ts';
import type {
  Catalogue,
  EngineMessage,
  Frame,
  GalleryExamples,
  LanePlan,
  NamedFile,
  Opened,
  Pace,
  Plan,
  Requests,
  Schema,
  Session,
  Watch,
} from '../protocol.ts';
import { dropped, Tasks } from './data.ts';
import { folderOf, planOf, readRuns, restoreRun, unpacked, zipFolders } from './folder.ts';
import type { OpenedRun } from './folder.ts';
import { Pacer } from './pacer.ts';
import { accept, commandOf, problemOf } from './plan.ts';
import type { Accepted } from './plan.ts';
import { knownRules, ruleOf, ruleProblems } from './rules.ts';
import { Run } from './run.ts';
import { describeTask, drawnShape, shapeOf, shownSteps } from './shapes.ts';
import { loadUserRules } from './user-rules.ts';

const NOTHING_WATCHED: Watch = {
  example: 0,
  area: null,
  unit: null,
  projection: null,
  errors: false,
  gallery: [],
  surface: false,
  history: false,
};

/** The library as the page uses it: one heap, and one session at a time. */
export class Engine {
  readonly #compute: Compute;
  readonly #tasks: Tasks;
  readonly #post: (message: EngineMessage) => void;
  #session = 0;
  #task: Task | undefined;
  /** By lane, by seed. */
  #lanes: readonly (readonly Run[])[] = [];
  #pacer: Pacer | undefined;
  #watch = NOTHING_WATCHED;
  #isDrawn = true;
  #opened: readonly OpenedRun[] = [];
  #command = '';

  /** Opens the backend and loads the user's rules. Throws `wasm.no-simd`. */
  static async open(post: (message: EngineMessage) => void): Promise<Engine> {
    const [compute] = await Promise.all([openBackend({ backend: 'wasm' }), loadUserRules()]);
    return new Engine(compute, post);
  }

  private constructor(compute: Compute, post: (message: EngineMessage) => void) {
    this.#compute = compute;
    this.#post = post;
    this.#tasks = new Tasks(compute, post);
  }

  /** The requests of the page, by name. */
  readonly requests: { [Name in keyof Requests]?: (...args: Parameters<Requests[Name]>) => unknown } = {
    catalogue: () => this.#catalogue(),
    check: (plan) => accept(plan).problems,
    begin: (plan) => this.#begin(plan),
    play: (pace) => this.#play(pace),
    pause: () => this.#pause(),
    step: () => this.#pacer?.step ?? 0,
    watch: (watch) => this.#setWatch(watch),
    drawn: () => {
      this.#isDrawn = true;
      return null;
    },
    examples: (indices) => this.#examples(indices),
    pick: (count, from, onlyWrong) => this.#pick(count, from, onlyWrong),
    audit: (lane) => this.#audit(lane),
    auditRule: (rule) => this.#auditRule(rule),
    fingerprint: (lane) => this.#fingerprint(lane),
    records: (lane, seed) => this.#lanes[lane]?.[seed]?.metrics ?? [],
    folder: () => this.#folder(),
    open: (files) => this.#openFiles(files),
  };

  #catalogue(): Catalogue {
    const { threads, detail } = this.#compute.backend;
    return {
      version: __APICAL_VERSION__,
      rules: knownRules().map(({ id, reference, markup, rule }) => {
        const { family, title, summary, equation, cites, options, dynamics } = rule;
        return {
          ...{ id, family, title, summary, equation, cites },
          options: schemaOf(options),
          ...(dynamics.activations ? { activations: dynamics.activations } : {}),
          ...(reference === undefined ? {} : { file: reference, markup }),
        };
      }),
      ruleProblems: ruleProblems(),
      presets: PRESETS.map(({ id, title, config: { task } }) => ({
        id,
        title,
        dataset: task?.environment === undefined ? (task?.dataset ?? 'mnist') : undefined,
        environment: task?.environment,
      })),
      config: schemaOf(configSchema),
      backend: { threads, detail },
    };
  }

  async #begin(plan: Plan): Promise<Session> {
    this.#pacer?.pause();
    let accepted = accept(plan);
    const [first] = accepted.configs[0] ?? [];
    if (!first) throw new ApicalError('lab.plan', 'There is no rule to run. Select one.');
    const task = await this.#tasks.open(first);
    this.#end();
    this.#task = task;
    const lanes: Run[][] = [];
    this.#lanes = lanes;
    // Opened runs are continued once; the next reset starts at step 0.
    const opened = new Map(this.#opened.map((run) => [run.identity, run]));
    this.#opened = [];
    const problems = [...accepted.problems];
    const kept: LanePlan[] = [];
    for (const [lane, configs] of accepted.configs.entries()) {
      const runs: Run[] = [];
      try {
        for (const config of configs) {
          const run = new Run(this.#compute, task, config, runs.length === 0);
          runs.push(run);
          const found = opened.get(identityOf(config));
          if (found) restoreRun(run, found);
        }
        lanes.push(runs);
        kept.push(accepted.plan.lanes[lane] as LanePlan);
      } catch (thrown) {
        // A rule that does not support this network is left out, as long as another does.
        for (const run of runs) run.dispose();
        if (kept.length === 0 && lane === accepted.configs.length - 1) throw thrown;
        problems.push(problemOf(thrown, `rule=${configs[0]?.rule ?? ''}`));
      }
    }
    accepted = { ...accepted, problems, plan: { ...accepted.plan, lanes: kept } };
    return this.#started(accepted, task);
  }

  #started(accepted: Accepted, task: Task): Session {
    this.#session += 1;
    this.#isDrawn = true;
    this.#pacer = new Pacer(this.#lanes.flat(), {
      frame: (unseen) => this.#frame(unseen),
      isReady: () => this.#isDrawn,
    });
    const [[run] = []] = this.#lanes;
    const config = accepted.configs[0]?.[0];
    if (!run || !config) throw new ApicalError('lab.plan', 'There is no rule to run. Select one.');
    const { threads, detail } = this.#compute.backend;
    this.#command = commandOf(accepted.plan);
    return {
      plan: accepted.plan,
      problems: accepted.problems,
      task: describeTask(task, config),
      lanes: this.#lanes.map(([shown]) => {
        const { training, config: own } = shown as Run;
        const { network } = training.learner;
        return {
          rule: own.rule,
          network: shapeOf(network, task.examples && drawnShape(task.examples)),
          config: own,
          warnings: network.warnings(),
        };
      }),
      seeds: accepted.seeds,
      totalSteps: run.training.totalSteps,
      stepsPerEpoch: run.training.stepsPerEpoch,
      step: this.#pacer.step,
      backend: { threads, detail },
      command: this.#command,
    };
  }

  #end(): void {
    for (const run of this.#lanes.flat()) run.dispose();
    this.#lanes = [];
    this.#pacer = undefined;
  }

  #play(pace: Pace): null {
    this.#pacer?.play(pace);
    return null;
  }

  #pause(): null {
    this.#pacer?.pause();
    this.#frame(false);
    return null;
  }

  #setWatch(watch: Watch): null {
    this.#watch = watch;
    if (!this.#pacer?.isPlaying) this.#frame(false);
    return null;
  }

  #frame(unseen: boolean): void {
    const pacer = this.#pacer;
    if (!pacer) return;
    this.#isDrawn = false;
    const frame: Frame = {
      kind: 'frame',
      session: this.#session,
      step: pacer.step,
      stepsPerSecond: pacer.stepsPerSecond,
      playing: pacer.isPlaying,
      runs: this.#lanes.map((runs) => runs.map((run) => run.state())),
      views: this.#lanes.map(([shown]) =>
        unseen || !shown || shown.failure ? undefined : shown.view(this.#watch),
      ),
    };
    this.#post(frame);
  }

  #examples(indices: readonly number[]): GalleryExamples {
    const examples = this.#task?.examples;
    if (!examples) return { indices: [], labels: [], inputs: new Float32Array() };
    const { test, dataset, inputUnits } = examples;
    const known = indices.filter((index) => index >= 0 && index < test.count);
    const width = inputUnits * shownSteps(examples);
    const inputs = new Float32Array(known.length * width);
    known.forEach((index, row) => {
      const values = test.input(index);
      for (let at = 0; at < width; at++) {
        inputs[row * width + at] = (values[at] as number) * dataset.inputScale;
      }
    });
    const labels = known.map((index) => (dataset.task === 'classification' ? test.label(index) : -1));
    return { indices: known, labels, inputs };
  }

  /** Returns a test example of each class in turn, or with `onlyWrong` the current mistakes of the first lane. */
  #pick(count: number, from: number, onlyWrong: boolean): readonly number[] {
    const examples = this.#task?.examples;
    const [run] = this.#lanes[0] ?? [];
    if (!examples || !run || examples.test.count === 0) return [];
    if (onlyWrong) return run.training.mistakes(count).map(({ index }) => index);
    const { test, dataset } = examples;
    if (dataset.task !== 'classification') {
      return Array.from({ length: Math.min(count, test.count) }, (_, index) => (from + index) % test.count);
    }
    const chosen: number[] = [];
    let at = from;
    for (let looked = 0; chosen.length < count && looked < test.count; at++, looked++) {
      const wanted = chosen.length % dataset.targetSize;
      if (test.label(at % test.count) === wanted) chosen.push(at % test.count);
    }
    return chosen;
  }

  #audit(lane: number): Audit {
    const [run] = this.#lanes[lane] ?? [];
    if (!run || !this.#task) throw new ApicalError('lab.lane', `There is no lane ${lane + 1}.`);
    return this.#task.audit(run.config, { rule: ruleOf(run.config.rule) });
  }

  #auditRule(id: string): Audit & { readonly costRatio: number } {
    const rule = ruleOf(id);
    const seen = auditStandard(this.#compute, rule);
    return {
      ...seen,
      costRatio: totalMacs(seen) / totalMacs(auditStandard(this.#compute, exactFor(rule))),
    };
  }

  /** Returns the SHA-256 of all tensors of a checkpoint, for the first seed of a lane. */
  #fingerprint(lane: number): string {
    const [run] = this.#lanes[lane] ?? [];
    if (!run) throw new ApicalError('lab.lane', `There is no lane ${lane + 1}.`);
    return fingerprintOf(run.training.snapshot().tensors);
  }

  #folder(): { name: string; bytes: Uint8Array } {
    const task = this.#task;
    if (!task) throw new ApicalError('lab.folder', 'There is no run to save yet. Select a task first.');
    const folders: Record<string, Record<string, Uint8Array>> = {};
    for (const [lane, runs] of this.#lanes.entries()) {
      for (const run of runs) {
        const { rule } = run.training.learner;
        const name = `${task.id}-${lane + 1}-${rule.id}-seed${run.config.seed}`;
        folders[name] = folderOf(this.#compute, task, run, this.#command.split('\n')[lane] ?? this.#command);
      }
    }
    return { name: `apical-${task.id}-step${this.#pacer?.step ?? 0}.zip`, bytes: zipFolders(folders) };
  }

  async #openFiles(files: readonly NamedFile[]): Promise<Opened> {
    const all = unpacked(files);
    const runs = readRuns(all, this.#compute);
    if (runs.length === 0) {
      const { droppedDataset } = await import('./dropped.ts');
      const { name, dataset } = await droppedDataset(all);
      dropped.set(name, dataset);
      return { kind: 'dataset', name, title: dataset.title };
    }
    const { plan, left } = planOf(runs);
    this.#opened = runs;
    const warnings = [...new Set(runs.flatMap((run) => run.warnings))];
    if (left > 0)
      warnings.push(
        `${left} of the ${runs.length} runs are left out, because they differ in more than rule and seed.`,
      );
    return { kind: 'runs', plan, count: runs.length - left, warnings };
  }
}

/** Returns a schema as JSON Schema, from which the page makes a form; an empty one if it cannot be expressed. */
function schemaOf(type: z.ZodType): Schema {
  try {
    return z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as Schema;
  } catch {
    return {};
  }
}
