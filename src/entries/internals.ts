/**
 * What benchmarks and tests use beyond the public entries, in Node. These names may change with any version.
 */
import { blasBackend } from '../backends/blas/index.ts';
import { provideBlas } from '../backends/open.ts';

export * from './browser-internals.ts';
export { openDataset, describeDatasets, folderSource } from '../runs/files/datasets.ts';
export { runSession } from '../runs/session.ts';
export type { Session, SessionListener, SessionOptions } from '../runs/session.ts';
export { planSearch } from '../search/plan.ts';
export type { SearchPlan, SearchRequest } from '../search/plan.ts';
export { runSearch } from '../search/search.ts';
export type { SearchListener, SearchOptions } from '../search/search.ts';
export type { SearchDocument } from '../search/document.ts';
export { planRuns } from '../runs/plan.ts';
export { openEnvironment } from '../runs/open-task.ts';
export { loadRule } from '../runs/files/rule-file.ts';
export { exportNetwork, loadNetwork } from '../runs/load-network.ts';
export type { LoadOptions } from '../runs/load-network.ts';
export { readWeights } from '../runs/files/weights-file.ts';
export { serializeWeights } from '../runs/exported-network.ts';
export type { WeightFormat, WeightsFile } from '../runs/exported-network.ts';

provideBlas(blasBackend);
