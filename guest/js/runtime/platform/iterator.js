/**
 * `%IteratorPrototype%`, from which the platform's iterators inherit `Symbol.iterator` and the helpers.
 *
 * Invariant: one value.
 */

/** See the file's comment. */
export const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
