// Prepares a clone for `npm start` and `npm test`: installs the dependencies of the lock file and builds kernels and
// library from the current sources. Steps that are up to date are skipped.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const stamps = path.join(root, 'node_modules/.cache/apical');

/** Exits with a message if Node is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`apical: Node ${process.versions.node} is too old. Install version 20.19 or later.`);
    process.exit(2);
  }
}

/** Installs dependencies if there are none or the lock file has changed. */
export function install() {
  const lock = digest(['package.json', 'package-lock.json']);
  once('install', lock, 'Installing dependencies', () => {
    const npm = process.env.npm_execpath;
    const [command, prefix] = npm ? [process.execPath, [npm]] : ['npm', []];
    // The stamp is inside node_modules, so it disappears when npm reinstalls.
    run(command, [...prefix, 'ci', '--no-audit', '--no-fund', '--loglevel=error']);
  });
}

/** Builds kernels, library and page if any source has changed. */
export function build() {
  const hash = digest([
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts',
    'src',
    'lab',
    'docs/bibliography.json',
  ]);
  once('build', hash, 'Building', () => {
    run(process.execPath, [path.join(root, 'scripts/build.mjs')]);
  });
}

/** Runs a program and exits if it fails. The program prints its own error, so no stack is needed. */
function run(command, args) {
  const shell = command === 'npm' && process.platform === 'win32';
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
  if (status !== 0) process.exit(status ?? 1);
}

/** Does `work` unless a stamp says that it was done for this hash. */
function once(name, hash, title, work) {
  const stamp = path.join(stamps, `${name}.stamp`);
  const output = path.join(root, name === 'build' ? 'dist' : 'node_modules');
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  const start = Date.now();
  process.stderr.write(`${title} … `);
  work();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, hash);
  process.stderr.write(`${title.toLowerCase()} took ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}

/** Hashes files and folders by name and content, without files that the build generates. */
function digest(entries) {
  const hash = createHash('sha256');
  const visit = (relative) => {
    const full = path.join(root, relative);
    if (!existsSync(full) || relative.endsWith('.generated.ts')) return;
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full).sort()) visit(path.join(relative, name));
    } else hash.update(relative).update('\0').update(readFileSync(full)).update('\0');
  };
  for (const entry of entries) visit(entry);
  return hash.digest('hex');
}
