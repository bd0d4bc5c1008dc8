/**
 * Everything that can go wrong in operation. The union is closed: a new kind is a decision, not an accident.
 *
 * @example
 * const kind: VacateErrorKind = 'host';
 * const error = new VacateError(kind, 'no disk is left; add one and run again');
 * VacateError.is(error) && error.kind === kind; // true
 */
export type VacateErrorKind =
  | 'usage' // the caller asked for something that has no meaning
  | 'scenario' // a scenario file does not describe a machine
  | 'capture' // a capture directory cannot be read or contradicts itself
  | 'recording' // a recorded run cannot be read
  | 'plugin' // a page-type plugin breaks its contract
  | 'range' // a range lies outside memory, across a hole, or off its alignment
  | 'no-room' // the pages have nowhere to go
  | 'limit' // the machine outgrew a capacity that was fixed when it was built
  | 'host' // the machine under us failed
  | 'stopped'; // whoever drove a job wanted it to stop

const BRAND = Symbol.for('vacate/VacateError');

/**
 * An operating error: expected in the field, shown to the user as one sentence that says what to do.
 * Refusals are not errors (they are small integers), and bugs are assertions.
 *
 * @example
 * try {
 *   parseScenario('nodes: 1', 'mine.yaml');
 * } catch (error) {
 *   if (VacateError.is(error)) console.log(error.kind, error.message);
 * }
 */
export class VacateError extends Error {
  override readonly name = 'VacateError';
  readonly [BRAND] = true;

  constructor(
    readonly kind: VacateErrorKind,
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
  }

  /** True for an error of this class, also when two copies of the package are loaded. */
  static is(error: unknown): error is VacateError {
    return typeof error === 'object' && error !== null && BRAND in error;
  }
}
