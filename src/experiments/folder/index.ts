export { RunFolder } from './run-folder.ts';
export type {
  BackendInUse,
  CreateOptions,
  LoadedCheckpoint,
  OpenOptions,
  StatusUpdate,
} from './run-folder.ts';
export type { Checkpoint, Origin } from './checkpoint.ts';
export { readRunFolder } from './documents.ts';
export type { RunFolderContents, RunFolderDocument } from './documents.ts';
export { describeEnvironment } from './environment.ts';
export type { Environment } from './environment.ts';
export { makeFolder, writeDocument } from './files.ts';
export { readTrainedRun, restoreLearner } from './loading.ts';
export type { TrainedRun } from './loading.ts';
export { differences, identityOf, settingsApart } from './identity.ts';
