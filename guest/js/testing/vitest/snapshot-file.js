/**
 * Reads the text of a snapshot file, which Vitest evaluates: `exports[`name`] = `value`;`, nothing else.
 *
 * Invariant: evaluates nothing.
 */

const ENTRY = /exports\[`((?:\\[^]|[^`\\])*)`\] = `((?:\\[^]|[^`\\])*)`;/g;

/** What a template literal means that escapes backticks, backslashes and `${`. */
function unescaped(text) {
    return text.replace(/\\([^])/g, "$1");
}

/**
 * @param {string} text The file.
 * @param {Record<string, string>} into Gets the snapshots, by name.
 */
export function readSnapshots(text, into) {
    for (const [, name, value] of text.matchAll(ENTRY)) {
        into[unescaped(name)] = unescaped(value);
    }
}
