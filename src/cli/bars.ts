import process from 'node:process';
import cliProgress from 'cli-progress';

/** Returns progress bars on stderr; `counter` appears between a bar and its state. */
export function progressBars(counter: string): cliProgress.MultiBar {
  return new cliProgress.MultiBar(
    {
      format: `{label} {bar} ${counter}  {state}`,
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
