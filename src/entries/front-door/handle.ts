import { ApicalError } from '../../errors.ts';

/** What a run that is going on can do: hand out a record, and hear that it is to stop. */
export interface Going<Item> {
  readonly emit: (item: Item) => void;
  readonly signal: AbortSignal;
}

/**
 * A run that is going on: a promise of its result, and its records as they are made. Every `for await` sees all records
 * from the first. Leaving a loop before the end stops the run, and then its promise is rejected with `run.left`.
 */
export type Handle<Item, Result> = Promise<Result> & AsyncIterable<Item>;

/**
 * Begins a run at once and returns its handle. The options' signal, once aborted, stops the run, and its promise is rejected with the
 * signal's reason.
 */
export function begin<Item, Result>(
  options: { readonly signal?: AbortSignal | undefined } | undefined,
  body: (going: Going<Item>) => Promise<Result>,
): Handle<Item, Result> {
  const items: Item[] = [];
  const stop = new AbortController();
  let isOver = false;
  let wake = (): void => undefined;
  let next = nextWake();
  function nextWake(): Promise<void> {
    return new Promise((resolve) => (wake = resolve));
  }
  const announce = () => {
    wake();
    next = nextWake();
  };
  const emit = (item: Item) => {
    items.push(item);
    announce();
  };

  const run = async () => {
    const signal = options?.signal;
    checkSignal(signal);
    const abort = () => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      stop.signal.throwIfAborted();
      return await body({ emit, signal: stop.signal });
    } finally {
      signal?.removeEventListener('abort', abort);
      isOver = true;
      announce();
    }
  };
  const promise = run();

  async function* iterate(): AsyncGenerator<Item, void> {
    // Whoever iterates hears of a failure in the loop.
    promise.catch(() => undefined);
    let index = 0;
    try {
      for (;;) {
        while (index < items.length) yield items[index++] as Item;
        if (isOver) break;
        await next;
      }
      await promise;
    } finally {
      if (!isOver) {
        stop.abort(
          new ApicalError('run.left', 'The run was stopped, because its loop was left before its end.'),
        );
        await promise.catch(() => undefined);
      }
    }
  }
  return Object.assign(promise, { [Symbol.asyncIterator]: iterate });
}

function checkSignal(signal: unknown): void {
  const { aborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (signal === undefined || (typeof aborted === 'boolean' && typeof addEventListener === 'function'))
    return;
  throw new ApicalError(
    'train.options',
    'signal is not an AbortSignal: give that of new AbortController(), or AbortSignal.timeout(60_000).',
  );
}
