import process from 'node:process';
import { blasBackend } from '../backends/blas/index.ts';
import { provideBlas } from '../backends/open.ts';
import { ApicalError } from '../errors.ts';
import { openBlind } from './blind.ts';
import type { BlindTask } from './blind.ts';
import type { WorkerCommand, WorkerReply } from './pool.ts';
import { runTrial } from './trial.ts';

/*
 * The program of a worker process: runs the trials it receives one after the other, on a backend of its own. It saves
 * a checkpoint before it ends, whether it is told to stop or its parent is gone.
 */

const PROGRESS_MILLISECONDS = 200;

const stop = new AbortController();
let task: Promise<BlindTask> | undefined;
let reported = 0;
let isRunning = false;

const send = (reply: WorkerReply) => {
  if (process.connected) process.send?.(reply);
};

async function handle(command: WorkerCommand): Promise<void> {
  if (command.kind === 'stop') {
    stop.abort();
    return;
  }
  const { work, blasPath } = command;
  isRunning = true;
  try {
    task ??= openBlind(work.config, blasPath);
    const outcome = await runTrial(await task, work, stop.signal, {
      progress: (epoch) => {
        if (Date.now() - reported < PROGRESS_MILLISECONDS) return;
        reported = Date.now();
        send({ kind: 'progress', epoch });
      },
      warning: (message) => send({ kind: 'warning', message }),
    });
    send({ kind: 'outcome', outcome });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    send({ kind: 'refused', code: error instanceof ApicalError ? error.code : 'internal', message });
  }
  isRunning = false;
  exitIfOrphaned();
}

/** Ends the process if its parent is gone; timers of a rule could keep it alive. */
function exitIfOrphaned(): void {
  if (!process.connected && !isRunning) process.exit();
}

provideBlas(blasBackend);
// Ctrl-C reaches the whole process group; the parent decides what to do.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => {
  stop.abort();
  process.disconnect();
});
process.on('disconnect', () => {
  stop.abort();
  exitIfOrphaned();
});
process.on('message', (command) => void handle(command as WorkerCommand));
send({ kind: 'ready' });
