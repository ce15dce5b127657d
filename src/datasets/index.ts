export { datasetEntry, datasetIds, datasets, generateDataset, loadDataset } from './catalogue.ts';
export type { DatasetEntry, DatasetId } from './catalogue.ts';
export { csvDataset } from './csv-dataset.ts';
export type { CsvDatasetOptions, NamedBytes } from './csv-dataset.ts';
export { describeData } from './dataset.ts';
export type {
  ByteSource,
  DataDescription,
  Dataset,
  Draws,
  Split,
  DataTask,
  TargetDescription,
  TimeAxis,
} from './dataset.ts';
export { picturesInTime } from './in-time.ts';
export type { PictureOrder } from './in-time.ts';
export { loadIdxDataset } from './idx-dataset.ts';
export type { IdxDescription, IdxPart } from './idx-dataset.ts';
export { npzDataset } from './npz-dataset.ts';
export type { DatasetOption, DatasetOptions } from './options.ts';
export { teacherExamples } from './synthetic.ts';
export type { LinearTeacher } from './synthetic.ts';
