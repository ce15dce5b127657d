import { bibtexOf } from '../../src/entries/browser-internals.ts';
import { sourceOf } from '../parts/sources.tsx';
import type { NamedFile } from '../protocol.ts';
import { linkNow } from './navigation.ts';
import { ask, begin, catalogue, fail, notice, phase, plan, session } from './lab.ts';
import { t } from './preferences.ts';

/** Copies, downloads and dropped files. */

async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notice.value = t.value.share.copied(what);
  } catch {
    // Without access to the clipboard, the text is shown so that the user can copy it.
    prompt(what, text);
  }
}

export const copyLink = () => copy(linkNow(), t.value.share.theLink);
export const copyCommand = () => copy(session.value?.command ?? '', t.value.share.theCommand);

/** Returns the sources of the rules and of the task, as BibTeX. */
export function citation(): string {
  const rules = plan.value.lanes.map(({ rule }) => catalogue.value?.rules.find(({ id }) => id === rule));
  const keys = new Set([...rules.flatMap((rule) => rule?.cites ?? []), ...(session.value?.task.cites ?? [])]);
  return [...keys]
    .flatMap((key) => {
      const source = sourceOf(key);
      return source ? [bibtexOf(key, source)] : [];
    })
    .join('\n\n');
}

export const copyCitation = () => copy(citation(), t.value.share.theCitation);

/** Saves content as a file of the user. */
export function save(name: string, content: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  notice.value = t.value.share.saved(name);
}

export async function downloadFolder(): Promise<void> {
  try {
    const { name, bytes } = await ask('folder');
    save(name, bytes as Uint8Array<ArrayBuffer>, 'application/zip');
  } catch (thrown) {
    fail(thrown);
  }
}

/** Opens dropped or chosen files: run folders, their ZIP archive, or a data set. */
export async function openFiles(files: readonly NamedFile[]): Promise<void> {
  try {
    const opened = await ask('open', files);
    if (opened.kind === 'runs') {
      await begin(opened.plan);
      if (phase.value === 'ready')
        notice.value = [t.value.share.openedRuns(String(opened.count)), ...opened.warnings].join(' ');
      return;
    }
    const others = plan.value.set.filter((assignment) => !assignment.startsWith('task.'));
    await begin({ ...plan.value, set: [...others, `task.dataset=${opened.name}`] });
    if (phase.value === 'ready') notice.value = t.value.share.openedData(opened.title);
  } catch (thrown) {
    fail(thrown);
  }
}

/** Reads files for the engine. `webkitRelativePath` is the path within a chosen folder. */
export const readFiles = (files: Iterable<File>): Promise<NamedFile[]> =>
  Promise.all(
    [...files].map(async (file) => ({
      name: file.webkitRelativePath || file.name,
      bytes: new Uint8Array(await file.arrayBuffer()),
    })),
  );

/** Reads all dropped files, including those in folders. */
export async function readDropped({ items }: DataTransfer): Promise<NamedFile[]> {
  // All items at once, because the browser clears them after the first await.
  const found = [...items].map((item) => {
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry?.isDirectory) return readEntry(entry, '');
    return readFiles(file ? [file] : []);
  });
  return (await Promise.all(found)).flat();
}

async function readEntry(entry: FileSystemEntry, above: string): Promise<NamedFile[]> {
  const name = `${above}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ name, bytes: new Uint8Array(await file.arrayBuffer()) }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    // A reader returns up to a hundred entries at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map((child) => readEntry(child, `${name}/`)))).flat();
}
