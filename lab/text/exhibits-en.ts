/** The text of an exhibit: its claim, what to look at while it runs, and the conclusion. */
export interface ExhibitText {
  readonly title: string;
  /** The claim, in one or two sentences. */
  readonly statement: string;
  /** What to look at, in order. */
  readonly look: readonly string[];
  /** The explanation, and its limits. */
  readonly why: string;
}

/** By the ids of lab/exhibits. */
export const exhibits: Readonly<Record<string, ExhibitText>> = {
  'feedback-alignment': {
    title: 'Random feedback teaches',
    statement:
      'Backpropagation needs every error to travel back through the very weights that carried the activity forward, which no synapse can do. Send it back through fixed random weights instead, and the network learns nearly as well.',
    look: [
      'Both networks start from the same weights and see the same digits in the same order. Only the feedback path differs: dotted through the same synapses, dashed through others that never change.',
      'The training errors fall together.',
      'The dial over the first projection starts near 90°, a blind guess, and turns below 60° within a few dozen steps.',
    ],
    why: 'An update that makes less than 90° with the gradient still goes downhill. That the angle falls by itself is the surprise, and the next exhibit shows where it comes from.',
  },
  'why-it-works': {
    title: 'The forward weights come to agree',
    statement:
      'The feedback weights never change, yet the angle falls: it is the forward weights that turn, until the random feedback works as their transpose.',
    look: [
      'Each dot is a pair of units: across its forward weight, up the feedback weight between the same two.',
      'The forward weights start small and without relation to the feedback. As the network learns, the cloud stretches along the diagonal.',
      'The angle between feedback and transposed forward weights falls first; the angle of the update to the gradient follows it.',
    ],
    why: 'The update of the lower weights carries the feedback matrix into them; activity carries it up, and the update of the upper weights, which is a product of error and that activity, takes it on. With small first weights, what was learned outweighs what was there by chance.',
  },
  bottleneck: {
    title: 'A narrow place breaks it',
    statement:
      'Put a layer of six units in the middle. Backpropagation hardly minds; feedback alignment ends with two to three times its errors, because six random numbers are too few to aim with.',
    look: [
      'Compare the training errors: feedback alignment falls behind as soon as the easy part is learned.',
      'The angle of the first projection stays between 45° and 65°; in a wide network it comes to about 37°.',
      'Direct feedback reaches every layer from the output without passing the narrow place, and is no better: from other seeds it is even further behind.',
    ],
    why: 'What reaches the lower layers has passed a space of six dimensions that has to align with six others by learning alone. A way around for the error is not enough, because what it teaches has to come up through the same six units. Feedback alignment needs width.',
  },
  'disjoint-wiring': {
    title: 'Feedback of other wires',
    statement:
      'With half of all synapses missing, feedback can run beside the forward synapses, or between exactly those pairs of units that are not joined forward. Both teach.',
    look: [
      'All networks have the same half of the forward synapses.',
      'In the second the feedback joins the same pairs backward; in the third none of them.',
      'The errors of the two stay close, and so do the angles.',
    ],
    why: 'The teaching signal of a unit is a mixture of what the units above tell it. It is enough that the mixture as a whole comes to agree with theirs; no single pair of synapses has to be a pair.',
  },

  'exact-gradient': {
    title: 'What the exact gradient is worth',
    statement:
      'Backpropagation tells every hidden unit how the loss would change if its output were a little larger. Every other rule here is measured by that direction, and where a task asks for precision, being only roughly downhill costs time.',
    look: [
      'Two spirals are to be parted by a border that winds between them. Both networks start from the same weights and see the same points.',
      'The plane under each network shows what it answers everywhere: with the exact gradient the border soon follows the spirals, with random feedback it stays coarse.',
      'The angles: 0° for backpropagation at every projection, between 70° and 105° for feedback alignment below the last.',
    ],
    why: 'The error of a hidden unit is what the units above would change, through the weights by which it moves them. That needs each weight twice, in the forward and in the feedback path, and nobody knows how a brain would do that. These weights start large, so random feedback has little to align: on the digits, from small weights, it does far better.',
  },
  'one-scalar': {
    title: 'One number for all synapses',
    statement:
      'Tell the network only whether it did better or worse than before, one number for all synapses. If units jitter, it learns; if synapses jitter, it learns many times more slowly.',
    look: [
      'No error is sent down in the second and third networks: they compare the loss with noise and without it.',
      'The training errors: backpropagation first, then noise at the 74 units, far behind noise at the 50 890 weights and biases.',
      'The angles of noise at units wander between 74° and 92° at the first projection, those of noise at synapses stay within a degree of 90°.',
    ],
    why: 'A random direction among n has, squared, a share of 1/n of the gradient. Noise at a unit tries few directions, and the synapses know the rest: their share is the activity that they carry. More units make it slower all the same.',
  },
  equilibrium: {
    title: 'A nudge is enough',
    statement:
      'Let a network settle, nudge its outputs a little towards the target, and let it settle again. The difference of two local products, after and before, is the gradient: no error is computed anywhere.',
    look: [
      'The first network follows the exact gradient at its fixed point, by recurrent backpropagation; the second and third are nudged gently, once towards the target and once away. The third is given a tenth of the time: four steps, then three nudged ones.',
      'The angles of the second stay below 1°, and its training error lies on that of the exact gradient.',
      'The third starts near 3° and rises to 30° and more within 100 steps: as weights grow, settling takes longer, and it is not given longer.',
    ],
    why: 'Nudged by β the state moves by β times what the cost asks for, and the energy’s own derivative with respect to a weight is a product of two activities; so the change of that product, divided by β, tends to the gradient as β → 0. Nudging both ways cancels the error of order β.',
  },
  'change-in-time': {
    title: 'What changes is the error',
    statement:
      'One axon cannot send activity and error at once, but it can send activity twice. Make one top-down pass from the prediction, and another from the prediction moved a little towards the target: the change at a unit between the two is its error.',
    look: [
      'The second network, of two top-down passes, starts at about 90°. As the feedback path learns to reconstruct, the angle of the first projection falls below 60° and goes on falling.',
      'Its training error follows that of backpropagation, somewhat later.',
      'The third network, recirculation, learns from changes as well, but only to code what it sees; its angle returns to about 90°, and its error stops above the others.',
    ],
    why: 'Where the feedback path resembles the transposed forward path, moving the top moves every unit below by what it would take to lower the loss. That resemblance is itself learned from changes in time, by recirculation. What is left out: in a brain, something must tell the two passes apart.',
  },
  targets: {
    title: 'Targets instead of errors',
    statement:
      'Send no error down, but a target for every layer: the activity that it should have had. The feedback path consists of inverses, learned beside the forward weights.',
    look: [
      'In the second network only the highest hidden layer’s target comes from a gradient; in the third, none: the label itself is sent down.',
      'The inverses know nothing at first, and the angle of the first projection is near 90°. Within about thirty steps it falls to between 25° and 55°.',
      'All three errors fall together, the exact gradient’s a little ahead.',
    ],
    why: 'Inverses that fail to invert would spoil the target; so their own mistake, made on the real activity, is subtracted from it. The direction tends not to the gradient but to that of a Gauss–Newton step, so an angle of 40° is not simply an error.',
  },
  'prediction-errors': {
    title: 'Prediction errors become the gradient',
    statement:
      'Every area predicts the next, potentials settle between prediction and target, and synapses reduce the errors that are left. The less the network trusts its outputs, the nearer this comes to backpropagation; changed just when the error arrives, it is backpropagation.',
    look: [
      'All four networks start from the same weights. The second and third differ only in the variance that outputs are believed to have, 1 and 100.',
      'The angles: between 10° and 55° at variance 1, a few degrees at 100, 0° in the fourth network.',
      'The errors: the third lies next to the first, and the fourth upon it.',
    ],
    why: 'While potentials settle they move, and with them the predictions that errors are measured by. The larger the variance, the weaker the pull of the target and the smaller the movement; the difference is of order 1/variance. Zero-divergence inference takes each error in the one step in which it has arrived and nothing below has moved.',
  },
  'self-prediction': {
    title: 'Dendrites keep the error apart',
    statement:
      'Cells receive bottom-up input on one dendrite and top-down input on another. Interneurons predict the top-down input and cancel it; only what a target has changed is left, and that is the error. No phase and no signed error is needed.',
    look: [
      'Beside the hidden areas of the second and third network stand their interneurons, as many as there are cells above. Top-down weights stay as they were drawn: in the second network as the transposed forward ones, in the third at random.',
      'The angles: the second network starts near 0°, and its angle grows as the forward weights leave behind the transposes; in the third and fourth forward weights turn towards the top-down ones, and it falls from 90°.',
      'The fourth has no interneurons: it compares plateau potentials of two phases, without and with a teacher.',
    ],
    why: 'An interneuron learns from the one cell above that it corresponds to, so it follows every change there, and the apical dendrite stays silent until the target pulls. To first order in that pull, what is left there is the sum over the cells above of top-down weight times error, as backpropagation has it with the transposed weights.',
  },
};
