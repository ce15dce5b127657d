/** An exhibit in words: what is claimed, what to look at while it runs, and what follows. */
export interface ExhibitText {
  readonly title: string;
  /** The claim, in a sentence or two. */
  readonly statement: string;
  /** What to look at, one thing after the other. */
  readonly look: readonly string[];
  /** Why it is so, and where it ends. */
  readonly why: string;
}

/** By the ids of lab/exhibits. */
export const exhibits: Readonly<Record<string, ExhibitText>> = {
  'feedback-alignment': {
    title: 'Random feedback teaches',
    statement:
      'Backpropagation needs every error to travel back through the very weights that carried the activity forward, which no synapse can do. Send it back through fixed random weights instead, and the network learns nearly as well.',
    look: [
      'Both networks start from the same weights and see the same digits in the same order. Only the way back differs: dotted through the same synapses, dashed through others that never change.',
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
      'Put a layer of six units in the middle. Backpropagation hardly minds; feedback alignment loses the layers below, because six random numbers are too few to aim with.',
    look: [
      'Compare the training errors: feedback alignment falls behind as soon as the easy part is learned.',
      'The angle of the first projection stays farther from 0° than in a wide network: compare the first exhibit.',
      'Direct feedback reaches every layer from the output without passing the narrow place. See how much that helps, and how little.',
    ],
    why: 'What reaches the lower layers has passed a space of six dimensions that has to align with six others by learning alone. Feedback alignment needs width, or a way around.',
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
};
