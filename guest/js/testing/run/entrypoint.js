/**
 * The entrypoint by which the world speaks to the tests.
 *
 * Invariant: every request is answered with JSON, also when the tests fail; only a bug of emu is a 500.
 */

import { WorkerEntrypoint } from "cloudflare:workers";
import { answerOutbound } from "../cloudflare/fetch-mock.js";
import { checkInvariants, checkSettled } from "../emu/invariants.js";
import { takeMarks } from "../emu/marks.js";
import { takeStrays } from "./rejections.js";
import { collectedFile, collectedTests, run } from "./runner.js";
import { errorsOf, modeOf, reportOf, resultOf, suiteErrors } from "./tasks.js";

function collect() {
    const file = collectedFile();
    // The place is one in the bundle; who has its source map knows the file.
    const tests = collectedTests(null).map(({ id, suite, test }) => ({
        id, name: test.name, suite, mode: modeOf(test), line: null, column: null, ...test.location,
    }));
    return { tests, errors: errorsOf(file) };
}

function stray(reason) {
    const { name, message, stack } = reportOf(reason);
    return { suite: [], name: name || "Error", message, stack };
}

async function runTests(asks) {
    const asked = collectedTests(asks.ids ?? null);
    const wanted = new Set(asked.filter(({ test }) => modeOf(test) === "run"));
    const { text, obsolete, inline } = await run(asks);
    return {
        results: asked.map((known) => ({ id: known.id, ...resultOf(known.test, wanted.has(known)) })),
        errors: [...suiteErrors(collectedFile()), ...takeStrays().map(stray)],
        snapshots: text,
        obsolete,
        inline,
        marks: takeMarks(),
    };
}

/** Whoever reads an answer reads Unicode: names and messages of tests may be none. */
function wellFormed(_key, value) {
    return typeof value === "string" ? value.toWellFormed() : value;
}

const REQUESTS = {
    collect,
    run: async (request) => runTests(await request.json()),
    invariants: checkInvariants,
    settled: checkSettled,
};

/** See the file's comment. */
export class TestEntrypoint extends WorkerEntrypoint {
    async fetch(request) {
        const name = new URL(request.url).host;
        if (name === "outbound") {
            return answerOutbound(request);
        }
        if (!Object.hasOwn(REQUESTS, name)) {
            return Response.json({ error: `the tests do not know the request \`${name}\`` }, { status: 404 });
        }
        return new Response(JSON.stringify(await REQUESTS[name](request), wellFormed));
    }
}
