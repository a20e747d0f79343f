/** What workers write to the console reaches the log as Node would write it. */

import assert from "node:assert/strict";
import { Console } from "node:console";
import { Writable } from "node:stream";
import { beforeEach, test } from "node:test";
import { format as expectedFormat } from "node:util";
import { loggedLines } from "./engine-host.js";
import { clock, operations } from "./fake-host.js";

const { console: ours } = await import("../console/console.js");
const { format } = await import("../console/format.js");

beforeEach(() => {
    operations.length = 0;
});

/** The lines that node's console writes for the same calls. */
function nodeLines(calls) {
    let text = "";
    const sink = new Writable({
        write(chunk, _, done) {
            text += chunk;
            done();
        },
    });
    calls(new Console({ stdout: sink, stderr: sink, colorMode: false }));
    return text;
}

function ourLines(calls) {
    calls(ours);
    return loggedLines()
        .map(([, line]) => `${line}\n`)
        .join("");
}

const cause = {};
cause.self = cause;
class Custom {
    toString() {
        return "custom text";
    }
}
const FORMATS = [
    [],
    [""],
    ["%"],
    ["%s"],
    ["%%"],
    ["%% %s", "a"],
    ["a %s b", "x"],
    ["%s", "a", "b", { c: 1 }],
    ["%s %s", "a"],
    ["%s", -0],
    ["%s", 5n],
    ["%s", null],
    ["%s", { a: { b: 1 } }],
    ["%s", [1, [2]]],
    ["%s", new Custom()],
    ["%s", Symbol("q")],
    ["%s", () => 1],
    ["%s", new Date(0)],
    ["%d", "42.5"],
    ["%d", 3n],
    ["%d", {}],
    ["%d", Symbol("q")],
    ["%i", "42.9px"],
    ["%i", 7n],
    ["%f", "1.5x"],
    ["%f", Symbol("q")],
    ["%j", { a: [1] }],
    ["%j", undefined],
    ["%j", cause],
    ["%O", { a: { b: { c: { d: 1 } } } }],
    ["%o", [1]],
    ["%c styled %c", "color: red", ""],
    ["%x", 1],
    ["%s%", "a"],
    ["100%", 1],
    ["%d%%", 5],
    [1, "two", { three: 3 }],
    ["a", "b"],
    [null, undefined],
    ["%s", "%s", "%d"],
    ["%s %o", "a"],
    [{ a: 1 }, "%s", "x"],
];

test("format", () => {
    for (const args of FORMATS) {
        assert.equal(format(...args), expectedFormat(...args), JSON.stringify(args.map(String)));
    }
});

const CALLS = {
    levels: (c) => (c.log("a"), c.info("b %s", 1), c.warn({ a: 1 }), c.error("e"), c.debug("d"), c.log()),
    groups: (c) => (
        c.group("g"),
        c.log("in\nside"),
        c.group(),
        c.log({ a: 1 }),
        c.groupEnd(),
        c.groupEnd(),
        c.groupEnd(),
        c.log("out")
    ),
    counts: (c) => (c.count(), c.count("x"), c.count(), c.countReset(), c.count()),
    tables: (c) => {
        c.table([
            { a: 1, bb: "x" },
            { a: 2, c: [1] },
        ]);
        c.table([1, [2, 3]]);
        c.table(new Map([["a", { x: 1 }]]));
        c.table(new Set([1]));
        c.table([{ a: 1, b: 2 }], ["b"]);
        c.table(5);
        c.table([]);
        c.table({ a: 1, b: { c: { d: { e: 1 } } } });
        c.table([{ 名: "漢" }]);
    },
    dir: (c) => (c.dir({ a: { b: { c: 1 } } }, { depth: 0 }), c.dir("s"), c.dirxml({ a: 1 }, 2)),
    assertions: (c) => (c.assert(true, "no"), c.assert(false, "text %s", 1), c.assert(false)),
};

for (const [name, calls] of Object.entries(CALLS)) {
    test(`console: ${name}`, () => {
        assert.equal(ourLines(calls), nodeLines(calls));
    });
}

test("levels are told to the host", () => {
    ours.debug(1);
    ours.log(1);
    ours.info(1);
    ours.warn(1);
    ours.error(1);
    assert.deepEqual(loggedLines(), [
        [0, "1"],
        [1, "1"],
        [2, "1"],
        [3, "1"],
        [4, "1"],
    ]);
});

test("times come from the host's clock", () => {
    ours.time("t");
    clock.nowMs += 1500;
    ours.timeLog("t", { at: 1 });
    clock.nowMs += 61_000;
    ours.timeEnd("t");
    ours.timeEnd("t");
    assert.deepEqual(
        loggedLines().map(([, line]) => line),
        ["t: 1.500s { at: 1 }", "t: 1:02.500 (m:ss.mmm)", "Warning: No such label 't' for console.timeEnd()"],
    );
});

test("a value that cannot be shown does not end the handler", () => {
    ours.log({
        get [Symbol.toStringTag]() {
            throw new Error("hostile");
        },
    });
    assert.deepEqual(loggedLines(), [[1, "[value that cannot be shown: Error: hostile]"]]);
});

test("a trace shows where it was made", () => {
    ours.trace("here %d", 1);
    assert.match(loggedLines()[0][1], /^Trace: here 1\n +at .*console\.test\.js/);
});
