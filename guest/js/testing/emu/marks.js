/**
 * Marks: places and conditions whose truth is gathered over all runs of a test.
 *
 * Invariant: `always` fails at once; the others only report, for one run cannot tell what others reach.
 */

/** @type {Map<string, {kind: string, name: string, hit: boolean}>} */
let marks = new Map();

function note(kind, name, hit) {
    const key = `${kind} ${name}`;
    const mark = marks.get(key) ?? { kind, name: String(name), hit: false };
    mark.hit ||= Boolean(hit);
    marks.set(key, mark);
}

/** A condition that must be true whenever it is met. */
export function always(name, condition) {
    note("always", name, condition);
    if (!condition) {
        throw new Error(`always: "${name}" is not true`);
    }
}

/** A condition that must be true in at least one run. */
export function sometimes(name, condition) {
    note("sometimes", name, condition);
}

/** A place that at least one run must come to. */
export function reachable(name) {
    note("reachable", name, true);
}

/** The marks of this run, in the order in which they were met. */
export function takeMarks() {
    const taken = [...marks.values()];
    marks = new Map();
    return taken;
}
