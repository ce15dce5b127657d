/**
 * Apical for Node.js: train networks by any learning rule, compare rules, and use trained networks. `apical/rules` holds
 * the parts of a rule of your own; `apical/browser` is this entry for a page.
 */
import { blasBackend } from '../backends/blas/index.ts';
import { provideBlas } from '../backends/open.ts';

export { compare, evaluate, train } from './front-door/node.ts';
export type { TrainResult } from './front-door/node.ts';
export type { CompareResult } from './front-door/compare.ts';
export type { CompareOptions, Data, TrainOptions } from './front-door/options.ts';
export { exportNetwork, loadNetwork } from '../runs/load-network.ts';
export { serializeWeights } from '../runs/exported-network.ts';
export { describeDatasets, openDataset } from '../runs/files/datasets.ts';
export { RULES, ruleById } from '../rules/index.ts';
export { defineRule } from '../learning/index.ts';
export { PRESETS } from '../config/presets.ts';
export { parseConfig } from '../config/config.ts';
export { ApicalError } from '../errors.ts';

export type { Config, ConfigInput } from '../config/config.ts';
export type { Preset } from '../config/preset.ts';
export type { Dataset } from '../datasets/index.ts';
export type { Environment } from '../environments/index.ts';
export type { Rule } from '../learning/index.ts';
export type { Evaluation } from '../training/evaluation.ts';
export type { OwnData } from '../training/own/own-data.ts';
export type { MetricsRecord, RunDocument } from '../training/records.ts';
export type { Answers, Inputs, TrainedNetwork } from '../training/trained-network.ts';

provideBlas(blasBackend);
