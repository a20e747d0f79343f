/**
 * Inline snapshots: what those that have no text yet came to, by the place in the bundle at which they are taken. Who has
 * the source map writes them into the source.
 *
 * Invariant: one text for each place; what is written is what a calm run took.
 */

/** Texts by place, with the tests that took them: what later matches at the same place are compared with. */
let taken = new Map();

/** The places whose sources are to be changed. */
let written = new Set();

/**
 * Before a run.
 *
 * @param {{place: string, text: string}[]} known What an earlier run of this program took, and its sources do not say.
 */
export function openInline(known) {
    taken = new Map(known.map(({ place, text }) => [place, { text, testId: null }]));
    written = new Set();
}

/** Before a try of a test: it took none yet. */
export function forgetInlineOf(testId) {
    for (const [place, { testId: owner }] of taken) {
        if (owner === testId) {
            taken.delete(place);
            written.delete(place);
        }
    }
}

/** What a run took, in the order of its places. */
export function closeInline() {
    return [...written].sort().map((place) => ({ place, text: taken.get(place).text }));
}

/** The innermost place of a stack that is code of the test's. */
export function placeOf({ stack = "" }) {
    const frames = stack.split("\n").map((line) => /([^\s()]+:\d+:\d+)\)?$/.exec(line)?.[1]);
    return frames.find((frame) => frame !== undefined && !frame.includes("emu:")) ?? "";
}

/**
 * Compares with a snapshot, or takes one.
 *
 * @param {string} place
 * @param {string} testId
 * @param {{update: "all" | "new" | "none", inSource: string | undefined}} how Which snapshots are taken, and the text
 *     that the source has.
 * @param {(expected: string | undefined) => {pass: boolean, actual: string}} compare
 */
export function matchInline(place, testId, { update, inSource }, compare) {
    const known = taken.get(place);
    const result = compare(known?.text ?? inSource);
    if (known !== undefined) {
        return result.pass ? result : differs(place, result);
    }
    if (result.pass) {
        taken.set(place, { text: inSource, testId });
        return result;
    }
    const isTaken = update === "all" || (update === "new" && inSource === undefined);
    if (!isTaken || place === "") {
        return result;
    }
    taken.set(place, { text: result.actual, testId });
    written.add(place);
    return { ...result, pass: true };
}

/** One place cannot have two snapshots: it gets none. */
function differs(place, result) {
    const wasTaken = written.delete(place);
    const why = "different snapshots cannot be taken at the same place";
    return wasTaken ? { ...result, message: () => `${result.message()}: ${why}` } : result;
}
