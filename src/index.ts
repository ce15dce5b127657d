/**
 * Apical for Node.js: everything of the browser entry, the system's BLAS, and files.
 */
import { blasBackend } from './backends/blas/index.ts';
import { provideBlas } from './backends/open.ts';

export * from './browser.ts';
export { openDataset, describeDatasets, folderSource } from './experiments/datasets-node.ts';
export { runSession } from './experiments/session.ts';
export type { Session, SessionListener, SessionOptions } from './experiments/session.ts';
export { planSearch } from './experiments/search/plan.ts';
export type { SearchPlan, SearchRequest } from './experiments/search/plan.ts';
export { runSearch } from './experiments/search/search.ts';
export type { SearchListener, SearchOptions } from './experiments/search/search.ts';
export type { SearchDocument } from './experiments/search/document.ts';
export { planRuns } from './experiments/plan.ts';
export { openEnvironment } from './experiments/open-task.ts';
export { loadRule } from './experiments/rule-file.ts';
export { exportNetwork, loadNetwork } from './experiments/load-network.ts';
export type { LoadOptions } from './experiments/load-network.ts';
export { readWeights, serializeWeights } from './experiments/weights-file.ts';
export type { WeightFormat, WeightsFile } from './experiments/weights-file.ts';

provideBlas(blasBackend);
