import { useEffect, useRef, useState } from 'preact/hooks';
import { session } from '../../state/lab.ts';
import { t } from '../../state/preferences.ts';
import {
  copyCitation,
  copyCommand,
  copyLink,
  downloadFolder,
  openFiles,
  readFiles,
} from '../../state/sharing.ts';

/** A menu to copy, download and open. */
export function Share() {
  const words = t.value.share;
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!isOpen) return undefined;
    const close = (event: Event) => {
      if (
        event instanceof KeyboardEvent ? event.key === 'Escape' : !box.current?.contains(event.target as Node)
      ) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, [isOpen]);
  const action = (work: () => unknown) => () => {
    setOpen(false);
    work();
  };
  const actions = [
    [words.link, copyLink],
    [words.command, copyCommand],
    [words.citation, copyCitation],
    [words.folder, downloadFolder],
    [words.open, () => input.current?.click()],
  ] as const;
  return (
    <div class="share" ref={box}>
      <button type="button" class="icon" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {words.title}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={words.open}
        onChange={({ currentTarget }) => {
          void readFiles(currentTarget.files ?? []).then(openFiles);
          currentTarget.value = '';
        }}
      />
      {isOpen && (
        <div class="share-menu card">
          <ul>
            {actions.map(([name, work]) => (
              <li key={name}>
                <button type="button" onClick={action(work)}>
                  {name}
                </button>
              </li>
            ))}
          </ul>
          <p class="caption">{words.theCommandIs}</p>
          <pre tabIndex={0}>{session.value?.command}</pre>
        </div>
      )}
    </div>
  );
}
