import { summarise } from '../../runs/documents.ts';
import type { PairedRow, SummaryRow } from '../../runs/documents.ts';
import type { Config } from '../../config/config.ts';
import type { MetricsRecord, RunDocument } from '../../training/records.ts';
import { conduct } from './conduct.ts';
import type { Going } from './handle.ts';
import type { Host } from './host.ts';
import type { CompareOptions } from './options.ts';
import { readCompareOptions } from './read-options.ts';
import type { AskedRun } from './read-options.ts';
import { openFor } from './train.ts';

/** A record of one of the runs of a comparison. */
export type ComparedRecord = MetricsRecord & {
  /** Name of the run: the id of its rule, or the given name. */
  readonly rule: string;
  readonly seed: number;
};

/** The result of `compare`. */
export interface CompareResult {
  /** One document per rule and seed. A failed run has its error in `failure`. */
  readonly runs: readonly RunDocument[];
  /** By rule and metric: the mean over seeds with its 95 % interval. */
  readonly summary: readonly SummaryRow[];
  /** By pair of rules and metric: the mean difference over shared seeds with its 95 % interval. */
  readonly paired: readonly PairedRow[];
  /** Every record of every run, in order. */
  readonly records: readonly ComparedRecord[];
  /** Warnings and hints about the runs, each a sentence. */
  readonly warnings: readonly string[];
}

/** Does the runs of some options: the rules of one seed take turns, one seed after the other. */
export async function compareOn(
  host: Host,
  options: CompareOptions,
  { emit, signal }: Going<ComparedRecord>,
): Promise<CompareResult> {
  const asked = await readCompareOptions(host, options);
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const { compute, task, configs } = await openFor(host, asked, signal, warn);
  const records: ComparedRecord[] = [];
  const documents: RunDocument[] = [];
  // A configuration error in one run stops the others too.
  const halt = new AbortController();
  const stop = () => halt.abort(signal.reason);
  signal.addEventListener('abort', stop);
  const runOne = async (index: number): Promise<void> => {
    const config = configs[index] as Config;
    const { name, rules } = asked.runs[index] as AskedRun;
    const run = await conduct({
      ...{ host, compute, task, config, rules, warn, signal: halt.signal },
      variant: name === rules.rule.id ? undefined : name,
      emit(record) {
        const compared = { ...record, rule: name, seed: config.seed };
        records.push(compared);
        emit(compared);
      },
    });
    run.training.dispose();
    documents[index] = run.document;
  };
  try {
    for (const seed of new Set(configs.map((config) => config.seed))) {
      const together = configs.flatMap((config, index) => (config.seed === seed ? [index] : []));
      const ends = await Promise.allSettled(
        together.map((index) =>
          runOne(index).catch((error: unknown) => {
            halt.abort(error);
            throw error;
          }),
        ),
      );
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    }
    return { runs: documents, ...summarise(documents), records, warnings };
  } finally {
    signal.removeEventListener('abort', stop);
    task.dispose();
    compute.dispose();
  }
}
