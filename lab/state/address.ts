import type { LanePlan, Plan, Problem } from '../protocol.ts';

/**
 * The state of the page as the part of its address after "#": the open view, the plan, the step and the selection. A plan
 * determines its runs to the bit, so plan and step are the whole state.
 */

export const VIEWS = ['lab', 'exhibits', 'rules', 'about'] as const;
export type View = (typeof VIEWS)[number];

/** The selection, as far as a link names it. */
export interface Sight {
  readonly area?: string;
  readonly unit?: number;
  readonly projection?: string;
  readonly example?: number;
  readonly lens?: 'activity' | 'error';
  /** Steps per second. */
  readonly speed?: number;
}

export interface Address {
  readonly view: View;
  /** The open exhibit or rule. */
  readonly item: string | null;
  /** Undefined if the address names no plan. */
  readonly plan: Plan | undefined;
  /** The step that the runs shall reach. */
  readonly step: number;
  readonly sight: Sight;
}

const PLAN_KEYS = ['preset', 'rule', 'seeds', 'set'] as const;
const SIGHT_KEYS = ['area', 'unit', 'projection', 'example', 'lens', 'speed'] as const;
const KNOWN: readonly string[] = [...PLAN_KEYS, ...SIGHT_KEYS, 'step'];

/** Returns the address of a state. */
export function addressOf({ view, item, plan, step, sight }: Address): string {
  const query = new URLSearchParams();
  if (plan) {
    query.set('preset', plan.preset);
    for (const { rule, options } of plan.lanes) {
      query.append('rule', Object.keys(options).length === 0 ? rule : `${rule}~${JSON.stringify(options)}`);
    }
    if (plan.seeds !== '0') query.set('seeds', plan.seeds);
    for (const assignment of plan.set) query.append('set', assignment);
  }
  if (step > 0) query.set('step', String(step));
  for (const key of SIGHT_KEYS) if (sight[key] !== undefined) query.set(key, String(sight[key]));
  // Keep legible what addresses allow.
  const text = query
    .toString()
    .replaceAll('%2C', ',')
    .replaceAll('%3A', ':')
    .replaceAll('%5B', '[')
    .replaceAll('%5D', ']');
  return `#/${view}${item === null ? '' : `/${encodeURIComponent(item)}`}${text === '' ? '' : `?${text}`}`;
}

/** Parses an address and omits invalid parts, with a problem for each. The engine validates the plan. */
export function parseAddress(hash: string): {
  readonly address: Address;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const refuse = (about: string, message: string) => problems.push({ code: 'lab.link', message, about });
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [first = '', item] = path.split('/').map(decoded);
  const view = VIEWS.find((name) => name === first) ?? 'lab';
  if (first !== '' && view !== first)
    refuse(first, `The page has no view "${first}". It has ${VIEWS.join(', ')}.`);
  const query = new URLSearchParams(search);
  for (const key of new Set(query.keys())) {
    if (!KNOWN.includes(key)) {
      refuse(key, `The link has an unknown setting "${key}". The page knows ${KNOWN.join(', ')}.`);
    }
  }
  const whole = (key: string): number | undefined => {
    const text = query.get(key);
    if (text === null) return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    refuse(key, `In the link, ${key} must be a whole number of at least 0, but it is "${text}".`);
    return undefined;
  };
  const words = (key: 'area' | 'projection') => query.get(key) ?? undefined;
  const lens = query.get('lens');
  if (lens !== null && lens !== 'activity' && lens !== 'error') {
    refuse('lens', `In the link, lens must be "activity" or "error", but it is "${lens}".`);
  }
  const speed = query.get('speed');
  const isSpeed = speed !== null && Number(speed) > 0 && Number(speed) <= 1000;
  if (speed !== null && !isSpeed) {
    refuse(
      'speed',
      `In the link, speed must be more than 0 and at most 1000 steps per second, but it is "${speed}".`,
    );
  }
  const sight: { -readonly [Key in keyof Sight]?: Sight[Key] | undefined } = {
    area: words('area'),
    unit: whole('unit'),
    projection: words('projection'),
    example: whole('example'),
    lens: lens === 'activity' || lens === 'error' ? lens : undefined,
    speed: isSpeed ? Number(speed) : undefined,
  };
  for (const key of SIGHT_KEYS) if (sight[key] === undefined) Reflect.deleteProperty(sight, key);
  const hasPlan = PLAN_KEYS.some((key) => query.has(key));
  return {
    address: {
      view,
      item: item === undefined || item === '' ? null : item,
      plan: hasPlan
        ? {
            preset: query.get('preset') ?? 'digits',
            set: query.getAll('set'),
            lanes: lanesOf(query.getAll('rule'), refuse),
            seeds: query.get('seeds') ?? '0',
          }
        : undefined,
      step: whole('step') ?? 0,
      sight: sight as Sight,
    },
    problems,
  };
}

function lanesOf(rules: readonly string[], refuse: (about: string, message: string) => void): LanePlan[] {
  if (rules.length === 0) {
    return ['backprop', 'feedback-alignment'].map((rule) => ({ rule, options: {} }));
  }
  return rules.map((text) => {
    const [rule = '', json] = text.split(/~(?=\{)(.*)/s);
    if (json === undefined) return { rule, options: {} };
    try {
      const options = JSON.parse(json) as unknown;
      if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
        return { rule, options: options as Record<string, unknown> };
      }
    } catch {
      // Refused below.
    }
    refuse(
      `rule=${rule}`,
      `The options of the rule "${rule}" in the link must be a JSON object, but they are "${json}".`,
    );
    return { rule, options: {} };
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
