/**
 * Apical for a page or a web worker: the entry without Node modules. A test bundles it for a browser.
 */
export { compare, evaluate, exportNetwork, loadNetwork, train } from './front-door/browser.ts';
export type { TrainResult } from './front-door/browser-engine.ts';
export type { CompareResult } from './front-door/compare.ts';
export type { CompareOptions, Data, TrainOptions } from './front-door/options.ts';
export { serializeWeights } from '../runs/exported-network.ts';
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
