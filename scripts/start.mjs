// `npm start`: sets everything up, then lets a network learn the MNIST digits by backpropagation and by feedback
// alignment, side by side. Words after `npm start --` go to `apical compare`.
import { build, checkNode, install, root } from './setup.mjs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

checkNode();
install();
build();

process.chdir(root);
const { main } = await import(pathToFileURL(path.join(root, 'dist/cli/main.js')).href);
const words = process.argv.slice(2);
const given = words.length > 0 ? words : ['digits', '--rules', 'backprop,feedback-alignment'];
console.error(
  [
    'A network of 784, 256, 128 and 10 units learns the MNIST digits twice, from the same weights and in the same',
    'order: by backpropagation, and by feedback alignment, whose errors come down through fixed random weights.',
    '',
  ].join('\n'),
);
process.exitCode = await main(['compare', ...given]);
if (process.exitCode === 0 && !given.includes('--json')) {
  console.log(
    [
      '',
      'Next:',
      '  npx apical rules feedback-alignment                           what it knows at each synapse, and what it costs',
      '  npx apical compare mnist --seeds 0..4                         a larger network, five seeds, intervals',
      '  npx apical run digits --rule feedback-alignment --set ruleOptions.scale=2 --set seed=1',
      '  npx apical claims                                             what was published, and what is reproduced here',
      '  npx apical help                                               everything else',
    ].join('\n'),
  );
}
