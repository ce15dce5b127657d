import type { EngineMessage, RequestMessage } from '../protocol.ts';
import { Engine } from './engine.ts';
import { problemOf } from './plan.ts';

/** What a worker's global is, of which the page's types know nothing. */
interface WorkerScope {
  readonly name: string;
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: { readonly data: RequestMessage }) => void) | null;
}
const scope = globalThis as unknown as WorkerScope;

const post = (message: EngineMessage) => scope.postMessage(message);
const opening = Engine.open(post);
// Whoever asks first is told what went wrong; until then it is nobody's to catch.
opening.catch(() => undefined);

/** Whoever waits for this lock, by the name of this worker, learns that it has ended, however it ended. */
const locks = navigator.locks as LockManager | undefined;
const alive = new Promise<void>((held) => {
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
    await alive;
    const engine = await opening;
    const request = engine.requests[name] as ((...values: readonly unknown[]) => unknown) | undefined;
    if (!request) throw new Error(`The engine knows no request "${name}".`);
    post({ kind: 'reply', id, value: await request(...args) });
  } catch (thrown) {
    post({ kind: 'reply', id, problem: problemOf(thrown) });
  }
}
