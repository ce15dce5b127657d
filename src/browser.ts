/**
 * Apical wherever JavaScript runs: nothing here reaches a Node module. A test bundles it for a browser.
 */
export { ApicalError } from './errors.ts';
export * from './random/index.ts';
export * from './tensor/index.ts';
export { openBackend } from './backends/open.ts';
export type { BackendName, BackendOptions } from './backends/open.ts';
export * from './network/index.ts';
export * from './dynamics/index.ts';
export * from './references/index.ts';
export * from './rules/index.ts';
export * from './analysis/index.ts';
export * from './datasets/index.ts';
export * from './environments/index.ts';
export { assign, parseSeeds, setAt } from './experiments/assignments.ts';
export { configSchema, parseConfig, withRule } from './experiments/config.ts';
export type { Config, ConfigInput, Control } from './experiments/config.ts';
export { drive } from './experiments/drive.ts';
export { Examples } from './experiments/examples.ts';
export { PRESETS } from './experiments/presets.ts';
export type { Preset } from './experiments/presets.ts';
export { bibtexOf, citationOf } from './experiments/citations.ts';
export type { Source } from './experiments/citations.ts';
export {
  asJson,
  byStep,
  CHECKPOINT,
  checkDocuments,
  checkpointName,
  CONFIG_FILE,
  METRICS_FILE,
  originOf,
  parseMetrics,
  parseObject,
  RUN_FILE,
  sessionOf,
} from './experiments/folder/contents.ts';
export type {
  BackendInUse,
  Environment as RunEnvironment,
  RunFolderContents,
  RunFolderDocument,
} from './experiments/folder/contents.ts';
export {
  decodeCheckpoint,
  encodeCheckpoint,
  originWarnings,
  restoreTensors,
} from './experiments/folder/checkpoint.ts';
export type { Checkpoint, Origin } from './experiments/folder/checkpoint.ts';
export { differences, hashOfJson, identityOf } from './experiments/folder/identity.ts';
export { fingerprintOf } from './experiments/fingerprint.ts';
export { auditStandard, totalMacs } from './experiments/rule-audit.ts';
export { describeRun } from './experiments/run-document.ts';
export { checkOptions } from './experiments/rule-options.ts';
export { PAPER, SCHEMES, seriesStyle } from './experiments/report/theme.ts';
export type { SeriesStyle, Theme } from './experiments/report/theme.ts';
export { isLogits, TrainedNetwork } from './experiments/trained-network.ts';
export type { Answers, Inputs, TrainedParts } from './experiments/trained-network.ts';
export { ControlTraining } from './experiments/control/control-training.ts';
export type { ControlRules } from './experiments/control/control-training.ts';
export { controlTask, exampleTask } from './experiments/task.ts';
export type { RunRules, Task } from './experiments/task.ts';
export { ExampleTraining } from './experiments/training.ts';
export type { Position, Training } from './experiments/training-contract.ts';
export type {
  EvaluationRecord,
  HeldOutScore,
  Metrics,
  MetricsRecord,
  ProbeRecord,
  ProgressRecord,
  RunDocument,
  Score,
} from './experiments/records.ts';
export { z } from 'zod';
