import { batch, effect, signal } from '@preact/signals';
import { exhibitById } from '../exhibits/index.ts';
import { addressOf, parseAddress } from './address.ts';
import type { Address, Sight, View } from './address.ts';
import { choose, example } from './example.ts';
import {
  begin,
  DEFAULT_PLAN,
  look,
  phase,
  plan,
  playing,
  problems,
  runUnseen,
  session,
  setSpeed,
  step,
  wantedSpeed,
  watch,
} from './lab.ts';
import type { Plan, Problem } from '../protocol.ts';

/** The open view of the page, in step with the address: each follows changes of the other. */

export type Lens = 'activity' | 'error';

export const view = signal<View>('lab');
export const item = signal<string | null>(null);
export const lens = signal<Lens>('activity');

/** The address that the page wrote last, so that it follows only changes by others. */
let written = '';

/** Opens the view, plan and selection of an address. */
export async function open(hash: string): Promise<void> {
  written = hash;
  const { address, problems: wrong } = parseAddress(hash);
  batch(() => {
    view.value = address.view;
    item.value = address.item;
  });
  const exhibit =
    address.view === 'exhibits' && address.item !== null ? exhibitById(address.item) : undefined;
  const wanted = address.plan ?? exhibit?.plan ?? (phase.value === 'opening' ? DEFAULT_PLAN : undefined);
  const sight = address.plan ? address.sight : { ...exhibit?.sight, ...address.sight };
  const isNew = wanted !== undefined && (!session.value || !same(wanted, plan.value) || address.step > 0);
  if (isNew && (address.view === 'lab' || exhibit)) await go(wanted, sight, address.step, wrong);
  else {
    // Without a session, the reason for that stays.
    if (session.value) problems.value = [...wrong, ...apply(sight)];
    else problems.value = [...problems.value, ...wrong];
  }
}

/** Begins a plan, applies the selection of a link, and learns up to the step of the link. */
async function go(wanted: Plan, sight: Sight, upTo: number, wrong: readonly Problem[]): Promise<void> {
  lens.value = sight.lens ?? 'activity';
  setSpeed(sight.speed ?? null);
  await begin(wanted);
  if (phase.value !== 'ready') return;
  problems.value = [...wrong, ...problems.value, ...apply(sight)];
  const total = session.value?.totalSteps ?? 0;
  if (upTo > total) {
    const message = `In the link, step is ${upTo}, but the run has ${total} steps. It runs to its end.`;
    problems.value = [...problems.value, { code: 'lab.link', about: 'step', message }];
  }
  if (upTo > 0) runUnseen(Math.min(upTo, total));
}

/** Applies the selection of a link, and returns a problem for each part that the networks lack. */
function apply(sight: Sight): Problem[] {
  const wrong: Problem[] = [];
  const networks = session.value?.lanes.map(({ network }) => network) ?? [];
  const areas = [...new Set(networks.flatMap((network) => network.areas.map(({ id }) => id)))];
  const projections = [...new Set(networks.flatMap((network) => network.projections.map(({ id }) => id)))];
  const known = (key: 'area' | 'projection', there: readonly string[]) => {
    const wanted = sight[key];
    if (wanted === undefined || there.includes(wanted)) return wanted;
    wrong.push({
      code: 'lab.link',
      about: key,
      message: `In the link, ${key} is "${wanted}", but the network has ${there.join(', ')}.`,
    });
    return undefined;
  };
  const area = known('area', areas);
  const projection = known('projection', projections);
  if (sight.lens) lens.value = sight.lens;
  look({
    ...(area === undefined ? {} : { area }),
    ...(sight.unit === undefined ? {} : { unit: sight.unit }),
    ...(projection === undefined ? {} : { projection }),
  });
  if (sight.example !== undefined) {
    const count = session.value?.task.testCount ?? 0;
    if (sight.example < count) choose(sight.example);
    else {
      wrong.push({
        code: 'lab.link',
        about: 'example',
        message: `In the link, example is ${sight.example}, but there are ${count} test examples.`,
      });
    }
  }
  return wrong;
}

/** Returns the current selection, without defaults. */
function sightNow(): Sight {
  const { area, unit, projection } = watch.value;
  const { index } = example.value;
  return {
    ...(area === null ? {} : { area }),
    ...(unit === null ? {} : { unit }),
    ...(projection === null ? {} : { projection }),
    ...(index === null ? {} : { example: index }),
    ...(lens.value === 'activity' ? {} : { lens: lens.value }),
    ...(wantedSpeed.value === null ? {} : { speed: wantedSpeed.value }),
  };
}

/** Returns the link to the current state of the lab, including the step. */
export function linkNow(): string {
  const here: Address = { view: 'lab', item: null, plan: plan.value, step: step.value, sight: sightNow() };
  return `${location.href.replace(/#.*/s, '')}${addressOf(here)}`;
}

const same = (a: Plan, b: Plan) => JSON.stringify(a) === JSON.stringify(b);

/** Keeps the address and the lab in step. */
export function startNavigation(): void {
  addEventListener('hashchange', () => {
    if (location.hash !== written) void open(location.hash);
  });
  effect(() => {
    // While runs learn, the address would be out of date at once.
    if (view.value !== 'lab' || phase.value !== 'ready' || playing.value) return;
    const hash = addressOf({
      view: 'lab',
      item: null,
      plan: plan.value,
      step: step.value,
      sight: sightNow(),
    });
    if (hash === location.hash) return;
    written = hash;
    history.replaceState(null, '', hash);
  });
  void open(location.hash);
}
