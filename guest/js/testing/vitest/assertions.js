/**
 * How assertions of chai go on: each matcher gives an assertion with what is known of the one before.
 *
 * Invariant: an assertion looks as if chai had made it.
 */

/**
 * A new assertion with the flags of another one, which are copied at once: chai's own way sets each of them twice.
 *
 * @template T
 * @param {T} assertion
 * @param {new () => T} Assertion chai's class.
 * @param {(assertion: T) => T} proxify Puts chai's proxy around it, where there are proxies.
 * @returns {T}
 */
export function continued(assertion, Assertion, proxify) {
    const next = Object.create(Assertion.prototype);
    next.__flags = { ...assertion.__flags };
    return proxify(next);
}
