/**
 * Apical for Node.js: everything of the browser entry, the system's BLAS, and files.
 */
import { blasBackend } from '../backends/blas/index.ts';
import { provideBlas } from '../backends/open.ts';

export * from './browser.ts';
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
export { readWeights, serializeWeights } from '../runs/files/weights-file.ts';
export type { WeightFormat, WeightsFile } from '../runs/files/weights-file.ts';

provideBlas(blasBackend);
