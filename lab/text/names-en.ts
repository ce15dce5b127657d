/** What the library names, as the page says it in English, by its ids. A new rule, family or preset is a line here and in names-zh.ts. */
export const families: Readonly<Record<string, string>> = {
  'Exact gradient': 'Exact gradient',
  'Feedback pathways': 'Feedback pathways',
  'Credit from one scalar': 'Credit from one scalar',
  'Energy and equilibrium': 'Energy and equilibrium',
  'Error as a change in time': 'Error as a change in time',
  'Target propagation': 'Target propagation',
  'Dendrites and prediction errors': 'Dendrites and prediction errors',
};

export const presets: Readonly<Record<string, string>> = {
  digits: 'MNIST digits, 784-256-128-10',
  mnist: 'MNIST digits, 784-800-800-10, five epochs',
  'mnist-dropout': 'MNIST digits, 784-800-800-10 with dropout, max-norm and rising momentum',
  fashion: 'Fashion-MNIST clothes, 784-800-800-10, ten epochs',
  lenet: 'MNIST digits on LeNet-5, twenty epochs',
  'lenet-fashion': 'Fashion-MNIST clothes on LeNet-5, twenty epochs',
  equilibrium: 'MNIST digits by equilibrium propagation, 784-500-10, 25 epochs',
  'linear-teacher': 'A linear teacher, 30-20-10, one example at a time',
  'two-spirals': 'Two interleaved spirals in the plane',
  rings: 'Concentric rings in the plane',
  'cart-pole': 'A pole balanced on a cart by an actor and its critic',
  pendulum: 'A pendulum swung by a weak torque: an actor and its critic',
  bandit: 'Which of four arms pays best in each of eight contexts',
};

export const rules: Readonly<Record<string, { readonly title: string; readonly summary: string }>> = {
  backprop: {
    title: 'Backpropagation',
    summary: 'Sends the error down through the transposed forward weights: the exact gradient.',
  },
  'recurrent-backprop': {
    title: 'Recurrent backpropagation',
    summary:
      'The exact gradient at the fixed point of a network that settles: errors settle along the same couplings.',
  },
  'feedback-alignment': {
    title: 'Feedback alignment',
    summary:
      'Sends the error down through fixed random feedback weights; the forward weights align with them.',
  },
  'direct-feedback-alignment': {
    title: 'Direct feedback alignment',
    summary: 'Sends the error of the output straight to every hidden area through fixed random weights.',
  },
  'sign-symmetry': {
    title: 'Sign symmetry',
    summary:
      'Sends the error down through feedback weights that have the signs of the forward ones, not their sizes.',
  },
  'kolen-pollack': {
    title: 'Kolen–Pollack',
    summary:
      'Gives feedback weights the change and the decay of the forward ones, so that the two become alike.',
  },
  'weight-mirror': {
    title: 'Weight mirror',
    summary:
      'Lets areas fire noise between updates, from which feedback weights learn the transpose of the forward ones.',
  },
  'learned-feedback': {
    title: 'Learned feedback',
    summary:
      'Feedback alignment through top-down weights that slowly learn to reconstruct the activity below.',
  },
  'serial-weight-perturbation': {
    title: 'Serial weight perturbation',
    summary: 'Moves one synapse at a time and keeps, reverses or leaves the move by the change of the loss.',
  },
  'weight-perturbation': {
    title: 'Weight perturbation',
    summary: 'Jitters all synapses at once and reinforces the jitter by the change of the loss.',
  },
  'node-perturbation': {
    title: 'Node perturbation',
    summary: 'Jitters the input of every unit and reinforces the jitter by the change of the loss.',
  },
  'forward-gradient': {
    title: 'Forward gradient',
    summary: 'Follows a random direction by the exact derivative of the loss along it, carried forward.',
  },
  reinforce: {
    title: 'REINFORCE',
    summary: 'Stochastic units make what they drew likelier where the loss was lower than expected.',
  },
  'equilibrium-propagation': {
    title: 'Equilibrium propagation',
    summary:
      'Settles, is nudged towards the target, and changes synapses by the difference of two local products.',
  },
  recirculation: {
    title: 'Recirculation',
    summary:
      'Autoencoders whose synapses change by what activity changes as it comes round; the output reads the codes out.',
  },
  'two-pass': {
    title: 'Two top-down passes',
    summary:
      'Comes down twice, from the prediction and from the prediction moved towards the target, and learns from what changed.',
  },
  'difference-target-propagation': {
    title: 'Difference target propagation',
    summary: 'Sends targets instead of errors down, by learned inverses and what they fail to invert.',
  },
  'simplified-target-propagation': {
    title: 'Simplified target propagation',
    summary: 'Sends the label itself down by learned inverses: no gradient crosses any layer.',
  },
  'local-difference-reconstruction': {
    title: 'Local difference reconstruction',
    summary: 'Target propagation through feedback that learns to have the transposed Jacobian of the way up.',
  },
  'predictive-coding': {
    title: 'Predictive coding',
    summary:
      'Lets potentials settle between prediction from below and target, and reduces the errors that are left.',
  },
  'zero-divergence-inference': {
    title: 'Zero-divergence inference',
    summary:
      'Predictive coding whose synapses change just when the error arrives: backpropagation to the bit of rounding.',
  },
};
