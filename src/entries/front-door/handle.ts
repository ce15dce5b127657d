import { ApicalError } from '../../errors.ts';

/** The interface of a run in progress: it emits records, and a signal stops it. */
export interface Going<Item> {
  readonly emit: (item: Item) => void;
  readonly signal: AbortSignal;
}

/**
 * A run in progress: a promise of its result, and an iterable of its records. Every `for await` yields all records from the
 * first one on. Leaving a loop before the end stops the run, which rejects the promise with `run.left`.
 */
export type Handle<Item, Result> = Promise<Result> & AsyncIterable<Item>;

/**
 * Starts a run at once and returns its handle. When the signal of the options is aborted, the run stops, and its promise is
 * rejected with the reason of the signal.
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
    // A failure is thrown in the loop, so it is not unhandled.
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
          new ApicalError('run.left', 'The run was stopped, because its loop was left before the end.'),
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
