/**
 * The language's own functions, which the engine makes when somebody looks at them for the first time.
 *
 * Invariant: changes nothing that a script can see; asks no getter.
 */

/** Objects that no name leads to: what iterates, and functions of other kinds. */
function nameless() {
    const generator = (function* () {})();
    const asyncGenerator = (async function* () {})();
    const iterators = [[], new Map(), new Set(), ""].map((iterated) => iterated[Symbol.iterator]());
    return [generator, asyncGenerator, async () => {}, "".matchAll(/a/g), ...iterators];
}

function related(object) {
    const found = [Object.getPrototypeOf(object)];
    for (const { value, get, set } of Object.values(Object.getOwnPropertyDescriptors(object))) {
        found.push(value, get, set);
    }
    return found;
}

/**
 * Makes all of them, before the memory is frozen: otherwise every isolate makes those that it uses, and writes into the
 * pages of the objects to which they belong.
 *
 * @param {typeof globalThis} global
 */
export function makeBuiltins(global) {
    const waiting = [global, ...nameless()];
    const seen = new Set();
    while (waiting.length > 0) {
        const object = waiting.pop();
        const isObject = typeof object === "function" || (typeof object === "object" && object !== null);
        if (isObject && !seen.has(object)) {
            seen.add(object);
            waiting.push(...related(object));
        }
    }
}
