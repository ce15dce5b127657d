/*
 * Reports of runs and comparisons. This module loads the drawing libraries, which takes about a third of a second, so
 * commands import it only when they write a report.
 */
export { renderComparisonReport } from './comparison-report.ts';
export { renderComparisonTable } from './comparison-table.ts';
export { renderRunReport, runTitle } from './run-report.ts';
export { writeFigures } from './write.ts';
