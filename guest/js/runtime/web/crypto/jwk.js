/**
 * JSON web keys (RFC 7517) as `exportKey()` gives them.
 *
 * Invariant: knows no family of algorithms.
 */

const MEMBERS = [
    "kty", "use", "key_ops", "alg", "ext", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "oth", "k",
    "pub", "priv",
];

/**
 * A key with these members; as on the platform, it has all the others too, as `undefined`, and in the same order.
 *
 * @param {Record<string, unknown>} members The members that are known.
 */
export function createJwk(members) {
    return Object.fromEntries(MEMBERS.map((name) => [name, members[name]]));
}
