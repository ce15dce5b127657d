/**
 * What the lab uses beyond the public entries, without Node modules. These names may change with any version.
 */
export { ApicalError } from '../errors.ts';
export * from '../random/index.ts';
export * from '../tensor/index.ts';
export { openBackend } from '../backends/open.ts';
export type { BackendName, BackendOptions } from '../backends/open.ts';
export * from '../network/index.ts';
export * from '../dynamics/index.ts';
export * from '../references/index.ts';
export * from '../learning/index.ts';
export * from '../rules/index.ts';
export * from '../analysis/index.ts';
export * from '../datasets/index.ts';
export * from '../environments/index.ts';
export { assign, parseSeeds, setAt } from '../config/assignments.ts';
export { configSchema, parseConfig, withRule } from '../config/config.ts';
export type { Config, ConfigInput, Control } from '../config/config.ts';
export { drive } from '../training/drive.ts';
export { Examples } from '../training/examples.ts';
export { PRESETS } from '../config/presets.ts';
export type { Preset } from '../config/preset.ts';
export { bibtexOf, citationOf } from '../runs/citations.ts';
export type { Source } from '../runs/citations.ts';
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
} from '../runs/folder/contents.ts';
export type {
  BackendInUse,
  Environment as RunEnvironment,
  RunFolderContents,
  RunFolderDocument,
} from '../runs/folder/contents.ts';
export {
  decodeCheckpoint,
  encodeCheckpoint,
  originWarnings,
  restoreTensors,
} from '../runs/folder/checkpoint.ts';
export type { Checkpoint, Origin } from '../runs/folder/checkpoint.ts';
export { differences, hashOfJson, identityOf } from '../config/identity.ts';
export { fingerprintOf } from '../training/fingerprint.ts';
export { auditStandard, exactFor, totalMacs } from '../analysis/audit/standard-audit.ts';
export { describeRun } from '../runs/run-document.ts';
export { checkOptions } from '../training/of-config/rule-options.ts';
export { PAPER, SCHEMES, seriesStyle } from '../reports/charts/theme.ts';
export type { SeriesStyle, Theme } from '../reports/charts/theme.ts';
export { isLogits, TrainedNetwork } from '../training/trained-network.ts';
export type { Answers, Inputs, TrainedParts } from '../training/trained-network.ts';
export { ControlTraining } from '../training/control/control-training.ts';
export type { ControlRules } from '../training/control/control-training.ts';
export { controlTask } from '../training/control/control-task.ts';
export { inTimeOf } from '../training/time/data-in-time.ts';
export { exampleTask } from '../training/task.ts';
export type { RunRules, Task } from '../training/task.ts';
export { ExampleTraining } from '../training/example-training.ts';
export type { Position, Training } from '../training/training.ts';
export type {
  EvaluationRecord,
  HeldOutScore,
  Metrics,
  MetricsRecord,
  ProbeRecord,
  ProgressRecord,
  RunDocument,
  Score,
} from '../training/records.ts';
export { z } from 'zod';
