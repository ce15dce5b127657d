import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { packageFile } from '../files/package-root.ts';
import type { Environment } from './contents.ts';

let described: Environment | undefined;

/** Describes this machine and these sources. The result is cached. */
export function describeEnvironment(): Environment {
  described ??= {
    apical: (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version,
    node: process.versions.node,
    ...describeSources(),
    hardware: `${processorModel()} × ${os.cpus().length}, ${Math.round(os.totalmem() / 2 ** 30)} GB`,
    platform: `${process.platform} ${os.release()}`,
    processor: `${process.arch} ${processorModel()}`,
    date: new Date().toISOString(),
  };
  return described;
}

const processorModel = () => os.cpus()[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown processor';

/** Returns the commit, if the package is a repository itself; the commit of a surrounding repository means nothing. */
function describeSources(): { commit: string | null; dirty: boolean } {
  const none = { commit: null, dirty: false };
  if (!existsSync(packageFile('.git'))) return none;
  try {
    // A verdict of claims/results that was just written does not change what the next one is found with.
    const paths = ['--', '.', ':(exclude)claims/results'];
    const lines = execFileSync('git', ['status', '--porcelain=v2', '--branch', ...paths], {
      cwd: packageFile('.'),
      encoding: 'utf8',
      timeout: 2000,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' },
    }).split('\n');
    const commit = lines.map((line) => /^# branch\.oid ([0-9a-f]{40,})$/.exec(line)?.[1]).find(Boolean);
    return { commit: commit ?? null, dirty: lines.some((line) => line !== '' && !line.startsWith('#')) };
  } catch {
    return none; // Git is missing, or refuses to read the repository.
  }
}
