import type { Setting } from '../dynamics/index.ts';
import { ApicalError } from '../errors.ts';
import type { Area } from '../network/area.ts';
import type { Network } from '../network/network.ts';
import { valuesOf } from '../network/parts.ts';
import type { Compute } from '../tensor/compute.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Inputs that a phase presents instead of the batch's: of the input area, or by input area. */
export type Presented = Tensor | Readonly<Record<string, Tensor>>;

/**
 * Returns the function that gives the activity of an input area for examples (rows, values): the example itself, or the
 * part that the area receives. `valuesOf` returns the numbers of these values, (units) i32; undefined for all.
 *
 * The function throws `network.part` if an area has other units than the example has values, or receives values that an
 * example lacks.
 */
export function inputsOf(
  compute: Compute,
  inputs: Tensor,
  valuesOf: (area: Area) => ValuesOfArea | undefined,
): Setting['inputOf'] {
  let known: Map<Area, Tensor> | undefined;
  return (area) => {
    const values = valuesOf(area);
    if (!values) return inputs;
    let activity = known?.get(area);
    if (activity) return activity;
    if (values.last >= inputs.columns) {
      throw new ApicalError(
        'network.part',
        `Area "${area.id}" receives value ${values.last} of an example (counted from 0), but an example has ${inputs.columns} values. Change the "part" of the area.`,
        { area: area.id, value: values.last, values: inputs.columns },
      );
    }
    activity = compute.temporary([inputs.rows, area.units]);
    compute.gatherColumns(activity, inputs, values.numbers);
    (known ??= new Map()).set(area, activity);
    return activity;
  };
}

/** The values of an example that an input area receives. */
export interface ValuesOfArea {
  /** (units) i32. */
  readonly numbers: Tensor;
  /** The largest of them. */
  readonly last: number;
}

/**
 * Returns the function that gives the activity of an input area in a phase that presents inputs of its own. Throws
 * `dynamics.inputs` if their areas or shapes are not those of the network and the batch.
 */
export function presentedInputs(
  phase: string,
  network: Network,
  presented: Presented,
  rows: number,
  ofBatch: Setting['inputOf'],
): Setting['inputOf'] {
  const byArea = new Map(
    isTensor(presented) ? [[network.input.id, presented] as const] : Object.entries(presented),
  );
  for (const [id, given] of byArea) {
    const area = network.inputs.find((input) => input.id === id);
    if (!area) {
      const ids = network.inputs.map((input) => `"${input.id}"`).join(', ');
      throw new ApicalError(
        'dynamics.inputs',
        `Phase "${phase}" presents inputs to "${id}", which is no input area. The input areas are ${ids}.`,
        { phase, area: id },
      );
    }
    if (given.rows === rows && given.columns === area.units) continue;
    throw new ApicalError(
      'dynamics.inputs',
      `Phase "${phase}" presents inputs of shape (${given.shape.join(', ')}), but area "${id}" has (${rows}, ${area.units}). Give one row per example and one column per unit of the input area.`,
      { phase, shape: given.shape, expected: [rows, area.units] },
    );
  }
  return (area) => byArea.get(area.id) ?? ofBatch(area);
}

/** Returns whether inputs are one tensor, for the one input area. */
export const isTensor = (inputs: Presented): inputs is Tensor => 'heap' in inputs && 'offset' in inputs;

/** Returns the input areas that receive a part of the example, with the numbers of its values. */
export const partsOf = ({ specification, inputs }: Network): readonly { area: Area; numbers: Int32Array }[] =>
  inputs.flatMap((area) => {
    const part = specification.areas.find(({ id }) => id === area.id)?.part;
    return part ? [{ area, numbers: valuesOf(area.shape, part) }] : [];
  });

/** Returns the shape of one example: that of the specification, or of the input area. */
export const exampleShapeOf = ({ specification, input }: Network): readonly number[] =>
  specification.exampleShape ?? input.shape;
