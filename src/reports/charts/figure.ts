import type { Chart } from './chart.ts';

/** A figure: charts side by side with a common legend and caption. */
export interface Figure {
  /** Also the name of the file. */
  readonly id:
    | 'curves'
    | 'cost'
    | 'angles'
    | 'feedback'
    | 'readout'
    | 'energy'
    | 'updates'
    | 'inference'
    | 'theorem'
    | 'scatter'
    | 'signal-angles';
  readonly title: string;
  /** Content of the figure and how to read it. */
  readonly caption: string;
  readonly charts: readonly Chart[];
  readonly columns: number;
}
