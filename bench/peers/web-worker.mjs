/** Web workers on the worker threads of Node, for libraries that are written for browsers. */
import { resolveObjectURL } from 'node:buffer';
import { Worker as Thread } from 'node:worker_threads';

const prelude = `
const { parentPort } = require('node:worker_threads');
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on('message', (data) => globalThis.onmessage?.({ data }));
`;

class WebWorker {
  onmessage = null;
  onerror = null;
  #thread;

  constructor(url) {
    this.#thread = resolveObjectURL(String(url))
      .text()
      .then((source) => {
        const thread = new Thread(prelude + source, { eval: true });
        thread.on('message', (data) => this.onmessage?.({ data }));
        thread.on('error', (error) => this.onerror?.(error));
        return thread;
      });
  }

  postMessage(message) {
    void this.#thread.then((thread) => thread.postMessage(message));
  }

  terminate() {
    void this.#thread.then((thread) => thread.terminate());
  }
}

/** Defines `Worker` in this process, and a `navigator` that reports `threads` processors. */
export function lendWebWorkers(threads) {
  globalThis.Worker = WebWorker;
  Object.defineProperty(globalThis, 'navigator', {
    value: { hardwareConcurrency: threads, userAgent: 'Node.js' },
    configurable: true,
  });
}
