import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from './markdown.ts';
import { ROOT } from './markdown.ts';

/**
 * Makes an empty folder to work in as a reader of the page does: the package is installed, `examples` is there, and so
 * is every file that a block of the page is named after.
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
