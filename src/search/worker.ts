import process from 'node:process';
import { blasBackend } from '../backends/blas/index.ts';
import { provideBlas } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import { openBlind } from './blind.ts';
import type { BlindTask } from './blind.ts';
import type { WorkerAnswer, WorkerOrder } from './pool.ts';
import { learnTrial } from './trial.ts';

/*
 * The program of a worker process: learns the trials that it is given, one after the other, with a backend of its own.
 * Told to stop, or left behind, it saves a checkpoint first.
 */

const PROGRESS_MILLISECONDS = 200;

const stop = new AbortController();
let task: Promise<BlindTask> | undefined;
let reported = 0;
let isLearning = false;

const say = (answer: WorkerAnswer) => {
  if (process.connected) process.send?.(answer);
};

async function obey(order: WorkerOrder): Promise<void> {
  if (order.kind === 'stop') {
    stop.abort();
    return;
  }
  const { work, blasPath } = order;
  isLearning = true;
  try {
    task ??= openBlind(work.config, blasPath);
    const outcome = await learnTrial(await task, work, stop.signal, {
      progress: (epoch) => {
        if (Date.now() - reported < PROGRESS_MILLISECONDS) return;
        reported = Date.now();
        say({ kind: 'progress', epoch });
      },
      warning: (message) => say({ kind: 'warning', message }),
    });
    say({ kind: 'outcome', outcome });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    say({ kind: 'refused', code: error instanceof ApicalError ? error.code : 'internal', message });
  }
  isLearning = false;
  leave();
}

/** Left behind, it ends: a rule may have timers that would keep it. */
function leave(): void {
  if (!process.connected && !isLearning) process.exit();
}

provideBlas(blasBackend);
// Ctrl-C reaches the whole group; the process that gives the orders says what to do.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => {
  stop.abort();
  process.disconnect();
});
process.on('disconnect', () => {
  stop.abort();
  leave();
});
process.on('message', (order) => void obey(order as WorkerOrder));
say({ kind: 'ready' });
