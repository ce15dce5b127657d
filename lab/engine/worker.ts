import type { EngineMessage, RequestMessage } from '../protocol.ts';
import { Engine } from './engine.ts';
import { problemOf } from './plan.ts';

/** The global object of a worker, which the types of the page do not describe. */
interface WorkerScope {
  readonly name: string;
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: { readonly data: RequestMessage }) => void) | null;
}
const scope = globalThis as unknown as WorkerScope;

const post = (message: EngineMessage) => scope.postMessage(message);
const opening = Engine.open(post);
// The first request reports a failure; until then nobody awaits the promise.
opening.catch(() => undefined);

/** Resolves once this worker holds the lock of its name. The page waits for the lock to learn that the worker has ended. */
const locks = navigator.locks as LockManager | undefined;
const locked = new Promise<void>((held) => {
  if (!locks || scope.name === '') held();
  else {
    void locks.request(scope.name, () => {
      held();
      return new Promise<never>(() => undefined);
    });
  }
});

scope.onmessage = ({ data: { id, name, args } }) => void answer(id, name, args);

async function answer(id: number, name: RequestMessage['name'], args: readonly unknown[]): Promise<void> {
  try {
    await locked;
    const engine = await opening;
    const request = engine.requests[name] as ((...values: readonly unknown[]) => unknown) | undefined;
    if (!request) throw new Error(`The engine has no request "${name}".`);
    post({ kind: 'reply', id, value: await request(...args) });
  } catch (thrown) {
    post({ kind: 'reply', id, problem: problemOf(thrown) });
  }
}
