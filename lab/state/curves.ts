import type { Alignment, MetricsRecord, NoAngle } from '../../src/entries/browser-internals.ts';
import type { Frame } from '../protocol.ts';

/** A quantity that charts draw over time. */
export type Quantity =
  | 'train error'
  | 'test error'
  | 'train loss'
  | 'test loss'
  | 'readout error'
  | 'return'
  | { readonly metric: string }
  | { readonly projection: string; readonly field: Exclude<keyof Alignment, 'reason'> };

export interface Curve {
  /** Steps, and the value at each step; NaN if nothing was measured. */
  readonly x: number[];
  readonly y: number[];
}

/** Longer curves lose every other point, because more points than pixels only cost time. */
const MOST_POINTS = 600;

/** All records of the runs of a session, as curves. */
export class Curves {
  /** By lane, by seed. */
  readonly #curves: Map<string, Curve>[][] = [];
  readonly #projections = new Set<string>();
  readonly #metrics = new Set<string>();
  readonly #latest: Map<string, number>[] = [];
  /** By lane, by projection: why the latest update of the first seed makes no angle. */
  readonly #reasons: Map<string, NoAngle | undefined>[] = [];

  /** Adds the records of a frame. Returns whether there were any. */
  add({ runs }: Frame): boolean {
    let changed = false;
    runs.forEach((seeds, lane) => {
      seeds.forEach(({ records }, seed) => {
        for (const record of records) {
          this.#note(lane, seed, record);
          changed = true;
        }
      });
    });
    return changed;
  }

  curve(lane: number, seed: number, quantity: Quantity): Curve | undefined {
    return this.#curves[lane]?.[seed]?.get(keyOf(quantity));
  }

  /** Returns the latest value of the first seed of a lane. */
  latest(lane: number, quantity: Quantity): number | undefined {
    return this.#latest[lane]?.get(keyOf(quantity));
  }

  /** Returns why the latest update of the first seed of a lane makes no angle with the gradient, if it makes none. */
  reason(lane: number, projection: string): NoAngle | undefined {
    return this.#reasons[lane]?.get(projection);
  }

  /** Projections that a lane has compared with the exact gradient. */
  get projections(): readonly string[] {
    return [...this.#projections];
  }

  /** Names of the metrics that rules have reported at the end of an epoch. */
  get metrics(): readonly string[] {
    return [...this.#metrics];
  }

  #note(lane: number, seed: number, record: MetricsRecord): void {
    const put = (quantity: Quantity, y: number | null | undefined) => {
      if (y !== undefined) this.#put(lane, seed, keyOf(quantity), record.step, y ?? NaN);
    };
    if (record.kind === 'probe') {
      for (const [projection, alignment] of Object.entries(record.projections)) {
        this.#projections.add(projection);
        if (seed === 0) {
          (this.#reasons[lane] ??= new Map<string, NoAngle | undefined>()).set(projection, alignment.reason);
        }
        for (const field of ['angle', 'feedbackAngle', 'normRatio'] as const) {
          put({ projection, field }, alignment[field]);
        }
      }
      return;
    }
    if (record.kind === 'progress') {
      put('train error', record.train?.error);
      put('train loss', record.train?.loss);
    } else {
      put('test error', (record.test ?? record.validation)?.error);
      put('test loss', (record.test ?? record.validation)?.loss);
      put('readout error', (record.readout?.test ?? record.readout?.validation)?.error);
      for (const [metric, value] of Object.entries(record.metrics ?? {})) {
        this.#metrics.add(metric);
        put({ metric }, value);
      }
    }
    put('return', record.metrics?.['return']);
  }

  #put(lane: number, seed: number, key: string, x: number, y: number): void {
    const seeds = (this.#curves[lane] ??= []);
    const curves = (seeds[seed] ??= new Map<string, Curve>());
    let curve = curves.get(key);
    if (!curve) curves.set(key, (curve = { x: [], y: [] }));
    if (curve.x.at(-1) === x) curve.y[curve.y.length - 1] = y;
    else {
      curve.x.push(x);
      curve.y.push(y);
    }
    if (curve.x.length > MOST_POINTS) {
      curve.x.splice(0, curve.x.length, ...halved(curve.x));
      curve.y.splice(0, curve.y.length, ...halved(curve.y));
    }
    if (seed === 0) (this.#latest[lane] ??= new Map<string, number>()).set(key, y);
  }
}

const keyOf = (quantity: Quantity) => {
  if (typeof quantity === 'string') return quantity;
  return 'metric' in quantity ? `metric ${quantity.metric}` : `${quantity.field} of ${quantity.projection}`;
};

/** Removes every other point, but keeps the last point and the early ones, where curves change most. */
const halved = (values: readonly number[]) =>
  values.filter((_, index) => index < 40 || index % 2 === 0 || index === values.length - 1);
