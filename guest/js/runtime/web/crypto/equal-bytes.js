/**
 * Comparison of bytes that takes as long for equal as for different ones.
 *
 * Invariant: no branch depends on the bytes.
 */

/**
 * @param {Uint8Array} left Bytes.
 * @param {Uint8Array} right Bytes.
 * @returns {boolean} False also when the lengths differ.
 */
export function equalBytes(left, right) {
    if (left.length !== right.length) {
        return false;
    }
    let difference = 0;
    for (let i = 0; i < left.length; i += 1) {
        difference |= left[i] ^ right[i];
    }
    return difference === 0;
}
