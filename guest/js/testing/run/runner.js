/**
 * Drives `@vitest/runner`: it collects while the test file is evaluated in global scope, waits there until it is frozen
 * with the rest of the memory, and runs when the world asks for it.
 *
 * Invariant: a world runs its tests once; each run starts from the frozen memory.
 */

import { startTests } from "@vitest/runner";
import { getTests } from "@vitest/runner/utils";
import { forgetChecks, requireInvariants } from "../emu/invariants.js";
import { EXPECTS_ERRORS, hasSaid } from "../emu/said.js";
import { resetFetchMock } from "../cloudflare/fetch-mock.js";
import { inject, option, undoAsConfigured } from "../vitest/config.js";
import { beginExpecting, checkExpectations, provideExpect, trustSpelling } from "../vitest/expect.js";
import { restoreTimers } from "../vitest/fake-timers.js";
import { closeSnapshots, forgetSnapshotsOf, openSnapshots, prepareSnapshots } from "../vitest/snapshots.js";
import { config, runPart } from "./config.js";
import { isolateTests, popStorage, pushStorage } from "./isolation.js";
import { options, TEST_FILE } from "./options.js";
import { beginWithoutRejections, requireNoRejections, takeRejections, watchRejections } from "./rejections.js";
import { allTests } from "./tasks.js";

function signal() {
    let send;
    const promise = new Promise((resolve) => {
        send = resolve;
    });
    return { promise, send };
}

const evaluated = signal();
const collected = signal();
const asked = signal();
let finished;
let isOpen = false;
let hasBegun = false;

/** The test file, when it is collected, and its tests by their ids. */
let file;
let tests;

/** One after the other: what runs at once is for the world to decide, not for the runner. */
function inSequence(task) {
    task.concurrent = false;
    task.tasks?.forEach(inSequence);
}

/**
 * Takes tests that were not asked for out of the tree, so that a run costs nothing for each of them: it reads and
 * writes only what is around those that it was asked for. Says whether none was taken out that would have run.
 */
function select(ids) {
    if (ids?.some((id) => !tests.has(id))) {
        throw new Error("the run asks for a test that the file does not have");
    }
    if (ids === null || areAll(ids)) {
        return true;
    }
    const kept = new Map([[file, new Set()]]);
    for (const id of ids) {
        keep(kept, file, id.split(".").map(Number));
    }
    for (const [suite, indices] of kept) {
        suite.tasks = [...indices].sort((one, other) => one - other).map((index) => suite.tasks[index]);
    }
    return false;
}

/** Whether these are all the tests that would run. It looks no further than to the first that is not among them. */
function areAll(ids) {
    const wanted = new Set(ids);
    for (const { id, test } of tests.values()) {
        if (isRun(test) && !wanted.has(id)) {
            return false;
        }
    }
    return true;
}

/** Notes which tasks of the suites around a test lead to it. */
function keep(kept, suite, [index, ...rest]) {
    if (!kept.has(suite)) {
        kept.set(suite, new Set());
    }
    kept.get(suite).add(index);
    if (rest.length > 0) {
        keep(kept, suite.tasks[index], rest);
    }
}

function isRun({ mode }) {
    return mode === "run" || mode === "queued";
}

/** The tests of the file that a run of these does not run. */
function* leftOut(ids) {
    const wanted = ids === null ? tests : new Set(ids);
    for (const { id, test } of tests.values()) {
        if (!wanted.has(id) || test.mode === "skip") {
            yield test;
        }
    }
}

/**
 * A suite none of whose tests runs runs no hooks either. One that never had a test is a mistake, which runs of all
 * tests tell.
 */
function skipEmptySuites(suite, isWhole) {
    for (const task of suite.tasks) {
        if (task.type === "suite") {
            skipEmptySuites(task, isWhole);
        }
    }
    if (isRun(suite)) {
        const isTold = isWhole && suite.tasks.length === 0;
        const isEmpty = !isTold && suite.tasks.every(({ mode }) => mode === "skip" || mode === "todo");
        suite.mode = isEmpty ? "skip" : suite.mode;
    }
}

/** Suites that pushed storage. */
const pushed = new Set();

/** What the runner asks of the one who drives it. */
const driver = {
    config,
    importFile() {
        isOpen = true;
        return evaluated.promise;
    },
    onCollected([collectedFile]) {
        file = collectedFile;
        file.name = option("file") ?? file.name;
        tests = new Map(allTests(file).map((known) => [known.id, known]));
        inSequence(file);
        collected.send();
    },
    onBeforeRunFiles: () => asked.promise,
    async onBeforeRunSuite(suite) {
        if (suite !== file && suite.mode !== "skip" && suite.mode !== "todo") {
            pushed.add(suite);
            await pushStorage();
        }
    },
    async onAfterRunSuite(suite) {
        if (pushed.delete(suite)) {
            await popStorage();
        }
    },
    async onBeforeTryTask(test, { retry, repeats }) {
        if (retry === 0 && repeats === 0) {
            beginWithoutRejections();
        }
        // What an earlier try left is over with it.
        takeRejections();
        undoAsConfigured();
        forgetSnapshotsOf(test);
        beginExpecting(test);
        await pushStorage();
    },
    onAfterTryTask: checkExpectations,
    async onTaskFinished(test) {
        await requireNoRejections(hasSaid(test, EXPECTS_ERRORS));
        await requireInvariants();
    },
    async onAfterRetryTask() {
        forgetChecks();
        await popStorage();
    },
    extendTaskContext: provideExpect,
    injectValue: inject,
    // Nobody shows what tests note of themselves; that they do is no mistake.
    onTestAnnotate: async (_test, annotation) => annotation,
    onTestArtifactRecord: async (_test, artifact) => artifact,
};

/** Opens the collector. Before the test file is evaluated, and at once: nobody waits for a module beside it. */
export function begin() {
    watchRejections();
    finished = startTests([TEST_FILE], driver);
    if (!isOpen) {
        throw new Error("the runner did not begin to collect");
    }
}

/** Closes the collector. To be awaited after the test file was evaluated. */
export async function end() {
    evaluated.send();
    await collected.promise;
    await prepareSnapshots(TEST_FILE);
}

/** The file's task, when it was collected. */
export function collectedFile() {
    return file;
}

/**
 * The tests of the file with these ids, as `allTests()` has them; all of them if there are none.
 *
 * @param {string[] | null} ids
 */
export function collectedTests(ids) {
    return ids === null ? [...tests.values()] : ids.flatMap((id) => tests.get(id) ?? []);
}

/**
 * Runs tests.
 *
 * @param {import("./options.js").RunOptions} asks
 * @returns {Promise<{text: string | null, obsolete: string[], inline: object[]}>} The snapshots; what tests came to is in their tasks.
 */
export async function run(asks) {
    if (hasBegun) {
        throw new Error("a world runs its tests once: start another one from the image");
    }
    hasBegun = true;
    Object.assign(options, asks);
    if (options.shaken) {
        trustSpelling();
    }
    const isWhole = select(options.ids);
    skipEmptySuites(file, isWhole);
    if (!isWhole) {
        runPart();
    }
    isolateTests(getTests(file).filter(isRun).length);
    await openSnapshots(TEST_FILE, options.snapshots, options.inline, options.update);
    asked.send();
    await finished;
    restoreTimers();
    resetFetchMock();
    return closeSnapshots(file.filepath, leftOut(options.ids));
}
