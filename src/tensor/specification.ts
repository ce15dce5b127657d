/** The role of an argument in an operation: `in` is read, `out` is overwritten, `inout` is read and written. */
export type Role = 'out' | 'inout' | 'in' | 'stream' | 'value';

/** An operation as data. The audit, the cost meter and the tests of every backend are written over it. */
export interface OperationSpecification {
  /** Roles of the arguments, in their order. */
  readonly roles: readonly Role[];
  /**
   * Returns beta of an operation of the form out ← … + beta · out, where out is the first argument.
   * With 0 or undefined the old value of out is not read.
   */
  readonly beta?: (args: readonly unknown[]) => unknown;
  /** Returns the number of multiply–accumulates in matrix products. Elementwise work is not counted. */
  readonly multiplyAccumulates?: (args: readonly unknown[]) => number;
}

/** One specification for each operation of an interface. */
export type Specifications<Methods> = { readonly [Name in keyof Methods]: OperationSpecification };
