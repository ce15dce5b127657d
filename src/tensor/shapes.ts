import type { Tensor } from './tensor.ts';

const shapesOf = (tensors: readonly Tensor[]): string =>
  tensors.map((tensor) => `(${tensor.shape.join(', ')})`).join(', ');

/**
 * Throws a RangeError that names the operation, the shapes it was given and the shapes it takes.
 * Such an error is a bug in a rule.
 */
export function mismatch(operation: string, expected: string, ...tensors: readonly Tensor[]): never {
  throw new RangeError(`${operation}: the shapes ${shapesOf(tensors)} do not match ${expected}.`);
}

/** Throws a RangeError that names the operation, the element type of an operand and the type it must have. */
export function requireType(operation: string, operand: string, tensor: Tensor, type: Tensor['type']): void {
  if (tensor.type !== type) {
    throw new RangeError(`${operation}: ${operand} must be of element type ${type}, not ${tensor.type}.`);
  }
}

/**
 * Throws a RangeError unless all operands have the same number of elements and the same element type. Nearly every
 * operation calls this: operands that match cost a few comparisons and no list.
 */
export function requireAlike(
  operation: string,
  first: Tensor,
  second: Tensor,
  third: Tensor = first,
  fourth: Tensor = first,
): void {
  if (!isAlike(first, second) || !isAlike(first, third) || !isAlike(first, fourth)) {
    refuse(operation, first, second, third, fourth);
  }
}

const isAlike = (a: Tensor, b: Tensor) => a.size === b.size && a.type === b.type;

function refuse(operation: string, ...operands: readonly Tensor[]): never {
  const [first] = operands;
  const given = operands.filter((operand, index) => index < 2 || operand !== first);
  if (given.some(({ size }) => size !== first?.size)) mismatch(operation, 'operands of one size', ...given);
  const types = given.map(({ type }) => type).join(', ');
  throw new RangeError(
    `${operation}: the element types ${types} differ. Use one type for all operands: other bits would be read as numbers.`,
  );
}
