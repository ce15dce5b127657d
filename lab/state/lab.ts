import { batch, computed, signal } from '@preact/signals';
import type { Arrival, Catalogue, Frame, LaneView, Plan, Problem, Session, Watch } from '../protocol.ts';
import { Curves } from './curves.ts';
import type { Quantity } from './curves.ts';
import { EngineClient, EngineProblem } from './engine.ts';

/** Everything that the page knows of its engine, and what it can ask of it. */

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
/** What was left out of the plan, or why there is no session. */
export const problems = signal<readonly Problem[]>([]);
/** Things worth saying that are no problems: what was copied, what was opened. */
export const notice = signal<string>('');
/** What the browser said of the engine's end, where it said anything. */
export const lostReason = signal('');
export const arrival = signal<Arrival | null>(null);

export const step = signal(0);
export const playing = signal(false);
export const speed = signal(0);
/** Steps a second that are asked for; null for as many as there can be. */
export const wantedSpeed = signal<number | null>(null);
/** Where learning unseen is to stop; null while it is seen. */
export const unseenUntil = signal<number | null>(null);
export const views = signal<readonly (LaneView | undefined)[]>([]);
/** By lane: why a run has ended before its time. */
export const failures = signal<readonly (Problem | undefined)[]>([]);
/** Counts up with every record, so that charts know. */
export const recorded = signal(0);
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

/** The latest value of a lane's first seed; whoever asks is told anew with every record. */
export const latest = (lane: number, quantity: Quantity): number | undefined =>
  recorded.value < 0 ? undefined : curves.latest(lane, quantity);

/** Projections whose angles have been recorded. */
export const probed = computed<readonly string[]>(() => (recorded.value < 0 ? [] : curves.projections));

let client = openEngine();
let turn = 0;
let seenUntil: number | null = null;

function openEngine(): EngineClient {
  return new EngineClient({
    frame: take,
    arrival: (latest) => (arrival.value = latest),
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

/** Frames come no faster than they are drawn. */
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

/** The first thing to do: asks what there is. */
export async function loadCatalogue(): Promise<void> {
  try {
    catalogue.value = await client.ask('catalogue');
  } catch (thrown) {
    fail(thrown);
  }
}

/** Begins anew by another plan, or by the same. Resolves when there is something to see. */
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

/** What was looked at, as far as the new networks have it. */
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

/** Learns, up to a step where one is given. */
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

/** Learns up to a step without showing anything on the way. */
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

export function look(change: Partial<Watch>): void {
  watch.value = { ...watch.value, ...change };
  void client.ask('watch', watch.value).catch(fail);
}

/** After the engine was lost: a new one, and the same plan up to the same step, which gives the same numbers. */
export async function restart(): Promise<void> {
  const reached = step.value;
  client.end();
  client = openEngine();
  await begin(plan.value);
  if (phase.value === 'ready' && reached > 0) runUnseen(reached);
}

export const ask: EngineClient['ask'] = (...request) => client.ask(...request);

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
