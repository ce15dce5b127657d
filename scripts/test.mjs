// `npm test`: sets everything up, then runs the tests. Arguments after `npm test --` are passed to vitest.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { build, checkNode, install, root } from './setup.mjs';

checkNode();
install();
build();

const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
