import process from 'node:process';
import cliProgress from 'cli-progress';

/** Bars that move on stderr, one below the other; `middle` stands between a bar and its state. */
export function progressBars(middle: string): cliProgress.MultiBar {
  return new cliProgress.MultiBar(
    {
      format: `{label} {bar} ${middle}  {state}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: false,
      stream: process.stderr,
      forceRedraw: true,
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
}
