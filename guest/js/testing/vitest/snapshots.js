/**
 * Snapshots of the test file: texts that come with a run and go back with its results.
 *
 * Invariant: reads and writes no file.
 */

import { equals, iterableEquality, subsetEquality } from "@vitest/expect";
import { getNames } from "@vitest/runner/utils";
import { SnapshotClient } from "@vitest/snapshot";
import { closeInline, forgetInlineOf, matchInline, openInline, placeOf } from "./inline-snapshots.js";

const client = new SnapshotClient({
    isEqual: (received, expected) => equals(received, expected, [iterableEquality, subsetEquality]),
});

/** What the state of inline snapshots is filed under. */
const INLINE = "inline";

let stored = null;
let writes = "none";

/** Whether this run has asked for a snapshot. */
let isUsed = false;

/** Whether states are there that no run has used, for a run that has no snapshot file and writes none. */
let isPrepared = false;

const environment = {
    getVersion: () => "1",
    getHeader: () => "// Vitest Snapshot v1, https://vitest.dev/guide/snapshot.html",
    resolvePath: async (file) => file,
    resolveRawPath: async (_file, rawFile) => rawFile,
    prepareDirectory: async () => {},
    readSnapshotFile: async (file) => (file === INLINE ? null : stored),
    async saveSnapshotFile(_file, text) {
        stored = text;
    },
    async removeSnapshotFile() {
        stored = "";
    },
};

/** A test's name in the snapshot file. */
function nameOf(test) {
    return getNames(test).slice(1).join(" > ");
}

function options(updateSnapshot) {
    return {
        updateSnapshot,
        snapshotEnvironment: environment,
        snapshotFormat: { printBasicPrototype: false, escapeString: false },
        expand: false,
    };
}

async function setUp(file, text, update) {
    stored = text;
    writes = update;
    client.clear();
    await client.setup(file, options(update));
    await client.setup(INLINE, options("none"));
}

/** Makes what most runs begin with, before the memory is frozen. */
export async function prepareSnapshots(file) {
    await setUp(file, null, "none");
    isPrepared = true;
}

/**
 * Before a run.
 *
 * @param {string} file The test file, as its tests know it.
 * @param {string | null} text What the snapshot file contains.
 * @param {{place: string, text: string}[]} inline Inline snapshots that its sources do not have yet.
 * @param {"all" | "new" | "none"} update Which snapshots are written.
 */
export async function openSnapshots(file, text, inline, update) {
    openInline(inline);
    if (!isPrepared || text !== null || update !== "none") {
        await setUp(file, text, update);
    }
    isPrepared = false;
    isUsed = false;
}

/** Before a try of a test: it takes no snapshots yet. */
export function forgetSnapshotsOf(test) {
    if (!isUsed) {
        return;
    }
    client.clearTest(test.file.filepath, test.id);
    client.clearTest(INLINE, test.id);
    forgetInlineOf(test.id);
}

/**
 * After a run.
 *
 * @param {string} file The test file, as its tests know it.
 * @param {Iterable<object>} leftOut Its tests that did not run: their snapshots stay. Not looked at where none are
 *     written.
 * @returns {Promise<{text: string | null, obsolete: string[], inline: {place: string, text: string}[]}>} The snapshot
 *     file's new contents, `null` if they are the old ones, empty if there is nothing left in it; the names of
 *     snapshots that no test asked for; and inline snapshots that are to be written.
 */
export async function closeSnapshots(file, leftOut) {
    if (writes === "none" || (!isUsed && stored === null)) {
        return { text: null, obsolete: [], inline: [] };
    }
    for (const test of leftOut) {
        client.skipTest(file, nameOf(test));
    }
    const before = stored;
    const { uncheckedKeys } = await client.finish(file);
    return { text: stored === before ? null : stored, obsolete: [...uncheckedKeys], inline: closeInline() };
}

let places = 0;

/** Inline snapshots must say where in the sources they are, each at another place, though nothing is written there. */
function nowhere() {
    places += 1;
    return { message: "", stack: `Error\n    at __INLINE_SNAPSHOT_OFFSET_0__ (file:///inline.js:${places}:1)` };
}

/**
 * Compares with a snapshot, or takes one.
 *
 * @param {object} test
 * @param {object} what As `SnapshotClient.match()` takes it; `error` is one from where an inline snapshot is.
 */
export function matchSnapshot(test, { error, ...what }) {
    isUsed = true;
    const match = (where) => client.match({ ...what, name: nameOf(test), testId: test.id, ...where });
    if (!what.isInline) {
        return match({ filepath: test.file.filepath });
    }
    const how = { update: writes, inSource: what.inlineSnapshot };
    const compare = (inlineSnapshot) => match({ filepath: INLINE, error: nowhere(), inlineSnapshot });
    return matchInline(placeOf(error), test.id, how, compare);
}
