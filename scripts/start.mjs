// `npm start`: sets everything up, then trains a network on the MNIST digits with backpropagation and with feedback
// alignment, side by side. Arguments after `npm start --` are passed to `apical compare`.
import { build, checkNode, install, root } from './setup.mjs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

checkNode();
install();
build();

process.chdir(root);
const { main } = await import(pathToFileURL(path.join(root, 'dist/cli/main.js')).href);
const args = process.argv.slice(2);
const compareArgs = args.length > 0 ? args : ['digits', '--rules', 'backprop,feedback-alignment'];
console.error(
  [
    'A network of 784-256-128-10 units learns the MNIST digits twice, from the same weights and in the same order:',
    'with backpropagation, and with feedback alignment, which sends errors back through fixed random weights.',
    '',
  ].join('\n'),
);
process.exitCode = await main(['compare', ...compareArgs]);
if (process.exitCode === 0 && !compareArgs.includes('--json')) {
  console.log(
    [
      '',
      'Next:',
      '  npx apical rules feedback-alignment      what the rule uses at each synapse, and what it costs',
      '  npx apical compare mnist --seeds 0..4    a larger network and five seeds, with intervals',
      '  npx apical lab                           watch both rules in the browser',
      '  npx apical claims                        published claims and their verdicts here',
      '  npx apical help                          all commands',
    ].join('\n'),
  );
}
