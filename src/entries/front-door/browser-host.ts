import { isUserFile } from '../../config/user-file.ts';
import { ApicalError } from '../../errors.ts';
import type { Host } from './host.ts';

/** A page: without files and worker threads of rules. Built-in rules and data sets are fetched when they are needed. */
export const host: Host = {
  now: () => performance.now() / 1000,
  pause,
  async loadRule(reference) {
    if (isUserFile(reference)) {
      throw new ApicalError(
        'rule.file',
        `A page cannot open the rule file "${reference}". Import it, and give the rule that it exports.`,
        { reference },
      );
    }
    return (await import('../../rules/index.ts')).ruleById(reference);
  },
  // The ids of built-in rules are not loaded here, so `save` checks them.
  checkOwnRule: () => undefined,
  async openDataset({ task: { dataset = '', options } }) {
    return (await import('./generated-data.ts')).generatedData(dataset, options);
  },
  async openEnvironment(id, options) {
    return (await import('../../environments/index.ts')).environmentById(id, options);
  },
  loadObjective({ objective }) {
    if (objective === undefined || !isUserFile(objective)) return Promise.resolve(undefined);
    return Promise.reject(
      new ApicalError(
        'objective.file',
        `A page cannot open the objective file "${objective}". Use "cross-entropy", "squared-error" or "zero-one".`,
        { objective },
      ),
    );
  },
  loadActivations: () => Promise.resolve(),
  prepare(configs) {
    const many = configs.find(({ workers }) => workers > 1);
    if (!many) return configs;
    throw new ApicalError(
      'config.workers',
      `workers is ${many.workers}, but a page trains on one worker. Leave workers out.`,
    );
  },
  startFromWeights(_network, { weights }) {
    if (weights === undefined) return;
    throw new ApicalError(
      'weights.missing',
      'A page cannot open the file in weights. Leave weights out, or use the command line.',
    );
  },
  openTeam: () => undefined,
};

/** Gives events their turn by a message, since timers wait for 4 ms. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
