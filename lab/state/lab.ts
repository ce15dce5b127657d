import { batch, computed, signal } from '@preact/signals';
import type { NoAngle } from '../../src/entries/browser-internals.ts';
import type { Arrival, Catalogue, Frame, LaneView, Plan, Problem, Session, Watch } from '../protocol.ts';
import { Curves } from './curves.ts';
import type { Quantity } from './curves.ts';
import { EngineClient, EngineProblem } from './engine.ts';

/** The state of the engine as the page knows it, and the requests that change it. */

export type Phase = 'opening' | 'loading' | 'ready' | 'failed' | 'lost';

export const DEFAULT_PLAN: Plan = {
  preset: 'digits',
  set: [],
  lanes: [
    { rule: 'backprop', options: {} },
    { rule: 'feedback-alignment', options: {} },
  ],
  seeds: '0',
};

export const phase = signal<Phase>('opening');
export const catalogue = signal<Catalogue | null>(null);
export const plan = signal<Plan>(DEFAULT_PLAN);
export const session = signal<Session | null>(null);
/** Problems: omitted settings of the plan, or the reason why no session could begin. */
export const problems = signal<readonly Problem[]>([]);
/** A message that is not a problem, for example that something was copied or opened. */
export const notice = signal<string>('');
/** The browser's reason for the end of the engine, or "". */
export const lostReason = signal('');
export const arrival = signal<Arrival | null>(null);

export const step = signal(0);
export const playing = signal(false);
export const speed = signal(0);
/** Requested steps per second; null: as many as possible. */
export const wantedSpeed = signal<number | null>(null);
/** The step at which learning in the background stops; null if it is not in the background. */
export const unseenUntil = signal<number | null>(null);
export const views = signal<readonly (LaneView | undefined)[]>([]);
/** Why a run has failed, by lane. */
export const failures = signal<readonly (Problem | undefined)[]>([]);
/** Increases with every new record, so that charts update. */
export const recorded = signal(0);
/** Curves of all runs of the session. */
export let curves = new Curves();

export const watch = signal<Watch>({
  example: 0,
  area: null,
  unit: null,
  projection: null,
  errors: true,
  gallery: [],
  surface: false,
  history: true,
});

export const epoch = computed(() => (session.value ? step.value / session.value.stepsPerEpoch : 0));
export const isDone = computed(() => session.value !== null && step.value >= session.value.totalSteps);

/** Returns why the latest update of a lane makes no angle with the gradient, rendered again with every record. */
export const reasonOf = (lane: number, projection: string): NoAngle | undefined =>
  recorded.value < 0 ? undefined : curves.reason(lane, projection);

/** Returns the latest value of the first seed of a lane. A component that calls it is rendered again with every record. */
export const latest = (lane: number, quantity: Quantity): number | undefined =>
  recorded.value < 0 ? undefined : curves.latest(lane, quantity);

/** Projections with recorded angles. */
export const probed = computed<readonly string[]>(() => (recorded.value < 0 ? [] : curves.projections));

let client = openEngine();
let turn = 0;
let seenUntil: number | null = null;

function openEngine(): EngineClient {
  return new EngineClient({
    frame: take,
    arrival: (progress) => (arrival.value = progress),
    lost(reason) {
      batch(() => {
        lostReason.value = reason;
        playing.value = false;
        unseenUntil.value = null;
        phase.value = 'lost';
      });
    },
  });
}

/** Applies a frame, and asks for the next when this one has been drawn. */
function take(frame: Frame): void {
  batch(() => {
    step.value = frame.step;
    speed.value = frame.stepsPerSecond;
    if (!frame.playing) {
      playing.value = false;
      unseenUntil.value = null;
    }
    if (curves.add(frame)) recorded.value += 1;
    if (frame.views.some(Boolean)) views.value = frame.views;
    const now = frame.runs.map((seeds) => seeds.find(({ failure }) => failure)?.failure);
    if (now.some((failure, lane) => failure?.message !== failures.value[lane]?.message)) failures.value = now;
  });
  requestAnimationFrame(() => void client.ask('drawn').catch(() => undefined));
}

/** Asks the engine for its rules, presets and config schema. */
export async function loadCatalogue(): Promise<void> {
  try {
    catalogue.value = await client.ask('catalogue');
  } catch (thrown) {
    fail(thrown);
  }
}

/** Begins a session by a plan, at step 0. Resolves when the session is ready or has failed. */
export async function begin(wanted: Plan): Promise<void> {
  const mine = ++turn;
  batch(() => {
    plan.value = wanted;
    playing.value = false;
    unseenUntil.value = null;
    phase.value = 'loading';
    problems.value = [];
    arrival.value = null;
  });
  try {
    const begun = await client.ask('begin', wanted);
    if (mine !== turn) return;
    curves = new Curves();
    batch(() => {
      session.value = begun;
      plan.value = begun.plan;
      problems.value = begun.problems;
      step.value = begun.step;
      speed.value = 0;
      views.value = [];
      failures.value = [];
      recorded.value += 1;
      arrival.value = null;
      phase.value = 'ready';
      watch.value = fitting(watch.value, begun);
    });
    await client.ask('watch', watch.value);
  } catch (thrown) {
    if (mine === turn) fail(thrown);
  }
}

/** Returns what to watch in a new session: the same as before, as far as the new networks have it. */
function fitting(wanted: Watch, { lanes, task }: Session): Watch {
  const networks = lanes.map(({ network }) => network);
  const area = networks.every(({ areas }) => areas.some(({ id }) => id === wanted.area))
    ? wanted.area
    : (networks[0]?.areas.find(({ role }) => role === 'hidden')?.id ?? null);
  const answered = networks
    .flatMap(({ projections }) => projections)
    .filter(({ feedback }) => feedback !== undefined);
  const projection = answered.some(({ id }) => id === wanted.projection)
    ? wanted.projection
    : (answered[0]?.id ?? null);
  return {
    ...wanted,
    area,
    unit: area === wanted.area ? wanted.unit : null,
    projection,
    surface: task.points !== undefined,
    example:
      typeof wanted.example === 'number'
        ? Math.min(wanted.example, Math.max(0, task.testCount - 1))
        : wanted.example,
    gallery: wanted.gallery.filter((index) => index < task.testCount),
  };
}

/** Learns to the end, or up to a step. */
export function play(until: number | null = null): void {
  if (!session.value || isDone.value) return;
  playing.value = true;
  unseenUntil.value = null;
  seenUntil = until;
  void client.ask('play', { stepsPerSecond: wantedSpeed.value, until, unseen: false }).catch(fail);
}

export function pause(): void {
  playing.value = false;
  unseenUntil.value = null;
  void client.ask('pause').catch(fail);
}

export function stepOnce(): void {
  if (!session.value) return;
  void client.ask('play', { stepsPerSecond: null, until: step.value + 1, unseen: false }).catch(fail);
}

/** Learns up to a step without drawing. */
export function runUnseen(until: number): void {
  if (!session.value) return;
  const last = Math.min(until, session.value.totalSteps);
  if (last <= step.value) return;
  batch(() => {
    playing.value = true;
    unseenUntil.value = last;
  });
  void client.ask('play', { stepsPerSecond: null, until: last, unseen: true }).catch(fail);
}

export function setSpeed(stepsPerSecond: number | null): void {
  wantedSpeed.value = stepsPerSecond;
  if (playing.value && unseenUntil.value === null) play(seenUntil);
}

/** Changes the views that the engine computes. */
export function look(change: Partial<Watch>): void {
  watch.value = { ...watch.value, ...change };
  void client.ask('watch', watch.value).catch(fail);
}

/** Opens a new engine after the old one was lost, and repeats the plan up to the same step, which gives the same numbers. */
export async function restart(): Promise<void> {
  const reached = step.value;
  client.end();
  client = openEngine();
  await begin(plan.value);
  if (phase.value === 'ready' && reached > 0) runUnseen(reached);
}

export const ask: EngineClient['ask'] = (...request) => client.ask(...request);

/** Shows a thrown value as a problem of the page. */
export function fail(thrown: unknown): void {
  const problem =
    thrown instanceof EngineProblem
      ? thrown.problem
      : { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown) };
  if (problem.code === 'lab.lost') return;
  batch(() => {
    problems.value = [...problems.value, problem];
    if (!session.value || phase.value !== 'ready') phase.value = 'failed';
  });
}
