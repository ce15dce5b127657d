import { useEffect, useState } from 'preact/hooks';
import { fail } from '../../state/lab.ts';
import { view } from '../../state/navigation.ts';
import { t } from '../../state/preferences.ts';
import { openFiles, readDropped } from '../../state/sharing.ts';

/** Opens files that are dropped anywhere on the page. */
export function DropZone() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      if (!hasFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      view.value = 'lab';
      readDropped(event.dataTransfer).then(openFiles, fail);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return isOver ? (
    <div class="drop-zone" aria-hidden="true">
      <span>{t.value.share.drop}</span>
    </div>
  ) : null;
}
