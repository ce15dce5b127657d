import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from './markdown.ts';
import { ROOT } from './markdown.ts';

/**
 * Creates a folder like that of a reader of the page: the package is installed, and the folder holds `examples` and
 * every file that a block of the page names.
 */
export function openWorkplace({ blocks }: Page): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'apical-docs-'));
  cpSync(path.join(ROOT, 'examples'), path.join(folder, 'examples'), { recursive: true });
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(ROOT, path.join(folder, 'node_modules', 'apical'), 'junction');
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const { file, text } of blocks) {
    if (file === undefined || existsSync(path.join(ROOT, file))) continue;
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), `${text}\n`);
  }
  return folder;
}

export const closeWorkplace = (folder: string): void => rmSync(folder, { recursive: true, force: true });
