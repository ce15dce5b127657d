import { Charts } from '../parts/charts/charts.tsx';
import { Gallery } from '../parts/gallery.tsx';
import { Inspector } from '../parts/network/inspector.tsx';
import { Networks } from '../parts/networks.tsx';
import { Setup } from '../parts/setup/setup.tsx';
import { Transport } from '../parts/transport.tsx';
import { session } from '../state/lab.ts';
import { t } from '../state/preferences.ts';

/** The laboratory: the task, the rules side by side, their curves and the inside of their networks. */
export function LabView() {
  return (
    <div class="lab">
      <h1 class="sr-only">{t.value.page.title}</h1>
      <Setup />
      <Transport />
      {session.value && (
        <>
          <Networks />
          <Charts />
          <Gallery />
          <Inspector />
        </>
      )}
    </div>
  );
}
