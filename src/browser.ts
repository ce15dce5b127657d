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
export { parseConfig } from './experiments/config.ts';
export type { Config, ConfigInput, Control } from './experiments/config.ts';
export { drive } from './experiments/drive.ts';
export { Examples } from './experiments/examples.ts';
export { PRESETS } from './experiments/presets.ts';
export type { Preset } from './experiments/presets.ts';
export { TrainedNetwork } from './experiments/trained-network.ts';
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
