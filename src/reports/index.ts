/**
 * Reports of runs and comparisons. Loading this module loads the libraries that draw (about a third of a second),
 * so commands import it only when they write a report.
 */
export { renderComparisonReport } from './comparison-report.ts';
export { renderComparisonTable } from './comparison-table.ts';
export { renderRunReport, runTitle } from './run-report.ts';
export { writeFigures } from './write.ts';
export type {
  ComparisonReport,
  PairedRow,
  RunEnvironment,
  RunReport,
  SummaryRow,
} from '../runs/report-inputs.ts';
